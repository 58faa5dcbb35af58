"""The scripted broker on time that moves by hand: positions fold, and looks back are true."""

import heapq
import itertools
from decimal import Decimal
from random import Random

import pytest

from tests.openalgo.books import Books
from tests.openalgo.catalogue import Catalogue
from tests.openalgo.exchange import By, Exchange, Key, Ticket
from tests.openalgo.faults import Fault, Switchboard

SBIN = Key("NSE", "SBIN", "MIS")


class HandTime:
    """Nothing happens until a test lets time pass."""

    def __init__(self):
        self.s = 0.0
        self._calls = []
        self._serial = itertools.count()

    def now_s(self):
        return self.s

    def wall_ns(self):
        return 1_800_000_000_000_000_000 + round(self.s * 1e9)

    def after(self, seconds, what):
        heapq.heappush(self._calls, (self.s + seconds, next(self._serial), what))

    def advance(self, seconds):
        until = self.s + seconds
        while self._calls and self._calls[0][0] <= until:
            self.s, _, what = heapq.heappop(self._calls)
            what()
        self.s = until


class Broker:
    def __init__(self):
        self.time = HandTime()
        self.faults = Switchboard(self.time.now_s, Random(1))
        catalogue = Catalogue()
        prices = {one.full_name: one.price for one in catalogue.listed()}
        self.exchange = Exchange(self.time, self.faults, catalogue, prices, ids_from=1)
        self.books = Books(self.exchange, self.faults, self.time)

    def trade(self, text):
        """Trade ``+10@800``, in units and at a price."""
        units, price = text.split("@")
        self.exchange.price_moved(SBIN.name, float(price))
        side = "BUY" if units[0] == "+" else "SELL"
        ticket = Ticket(key=SBIN, action=side, quantity=Decimal(units[1:]))
        order = self.exchange.place(ticket, by=By.CLIENT, via="a test")
        self.time.advance(1.0)
        return order


@pytest.fixture
def broker():
    return Broker()


@pytest.mark.parametrize(
    ("script", "quantity", "average", "realized"),
    [
        ("+10@800 +10@810", 20, 805, 0),
        ("+10@800 -4@810", 6, 800, 40),
        ("+10@800 -10@790", 0, 0, -100),
        ("+10@800 -15@810", -5, 810, 100),
        ("-10@800 +4@790", -6, 800, 40),
        ("-10@800 +15@790 -5@800", 0, 0, 150),
    ],
)
def test_a_position_is_the_fold_of_its_fills(script, quantity, average, realized, broker):
    for trade in script.split():
        broker.trade(trade)
    net = broker.exchange.net_as_of(SBIN, broker.time.s)
    assert (net.quantity, net.average, net.realized) == (quantity, average, realized)


def test_a_lag_shows_what_was_then_and_passes(broker):
    broker.faults.turn_on(Fault.BOOK_LAGS, value=3.0)
    broker.trade("+10@800")  # a second ago
    assert broker.books.positions() == broker.books.orders()["orders"] == []
    broker.time.advance(2.5)
    assert broker.books.positions()[0]["quantity"] == 10
    broker.trade("-10@800")
    assert broker.books.positions()[0]["quantity"] == 10
    assert broker.books.quantity("placesmartorder", SBIN) == 10


def test_a_price_that_moves_fills_only_its_own_instrument(broker):
    ticket = Ticket(key=SBIN, action="BUY", quantity=Decimal(1), pricetype="LIMIT", price=700.0)
    order = broker.exchange.place(ticket, by=By.PERSON, via="a test")
    broker.time.advance(1)
    broker.exchange.price_moved("NSE:INFY", 1.0)
    assert order.filled == 0
    broker.exchange.price_moved(SBIN.name, 699.0)
    assert (order.filled, order.average) == (1, 699.0)


def test_an_order_above_what_is_missing_is_a_broken_promise(broker):
    order = broker.trade("+10@800")
    with pytest.raises(AssertionError, match="complete"):
        broker.exchange.fill(order.order_id)
