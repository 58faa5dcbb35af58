"""What a shadow stands between, by its types."""

import inspect

from tradebot.brokers.openalgo.reader import OpenAlgoReader
from tradebot.brokers.paper.broker import PaperBroker
from tradebot.brokers.paper.prices import LastPrices
from tradebot.brokers.shadow.sides import Exchange, Prices, Reads
from tradebot.ports import Broker


def methods(kind):
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if name[0] != "_"}


def test_the_account_of_a_shadow_can_be_read_and_not_ordered():
    assert methods(Broker) - methods(Reads) == {"place", "cancel", "query"}
    assert methods(Reads) <= methods(OpenAlgoReader)


def test_the_paper_exchange_is_what_a_shadow_fills_at():
    assert methods(Exchange) <= methods(PaperBroker)
    assert methods(Prices) <= methods(LastPrices)
