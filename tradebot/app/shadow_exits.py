"""What a shadow has left, as the API tells it: beside the account's own way."""

from collections.abc import Iterable
from decimal import Decimal

from tradebot.brokers.shadow.departures import Outcome
from tradebot.core.book import Book
from tradebot.core.guard.trades import Side
from tradebot.core.inputs import OrderSide
from tradebot.core.money import exact
from tradebot.core.words.fields import Json
from tradebot.services.trade_json import iso, multiplier, number, price

TOLD_MAX = 1_000  # of the newest
_LEFT = {OrderSide.SELL: Side.LONG, OrderSide.BUY: Side.SHORT}


def shadow_exits(book: Book, found: Iterable[tuple[Outcome, float | None]]) -> Json:
    """Return the outcomes, each with the price now, newest first; and what all were worth."""
    newest = sorted(found, key=lambda each: each[0].at_ns, reverse=True)
    total = sum((_saved(book, *each) or Decimal(0) for each in newest), Decimal(0))
    told = [_told(book, outcome, ltp) for outcome, ltp in newest[:TOLD_MAX]]
    return {"exits": told, "saved": number(total)}


def _told(book: Book, outcome: Outcome, ltp: float | None) -> Json:
    key = outcome.key
    return {
        "trade_id": outcome.trade_id,
        "account": key.account,
        "exchange": key.exchange,
        "symbol": key.symbol,
        "product": key.product,
        "side": _LEFT[outcome.side].value,
        "quantity": number(outcome.quantity),
        "exit_price": number(outcome.price),
        "at": iso(outcome.at_ns),
        "ltp": price(ltp),
        "open": number(outcome.open),
        "left": number(outcome.left),
        "left_price": number(outcome.left_price),
        "saved": number(_saved(book, outcome, ltp)),
    }


def _saved(book: Book, outcome: Outcome, ltp: float | None) -> Decimal | None:
    saved = outcome.saved(None if ltp is None else exact(ltp))
    return None if saved is None else saved * multiplier(book, outcome.key.instrument)
