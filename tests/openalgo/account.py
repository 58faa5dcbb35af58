"""The account on the server: its broker, its sandbox, and what its operator has set."""

import itertools
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from tests.openalgo.books import Books
from tests.openalgo.catalogue import Catalogue
from tests.openalgo.exchange import Exchange, Order
from tests.openalgo.faults import Fault, Switchboard
from tests.openalgo.pace import Time
from tests.openalgo.plugins import PLUGINS, SANDBOX, Plugin

LIVE_IDS = 261120000000001
SANDBOX_IDS = 26112000001


class Reply(NamedTuple):
    """An answer over HTTP; a body of text is sent as it is."""

    status: int
    body: dict[str, object] | str


def error(status: int, message: object) -> Reply:
    return Reply(status, {"status": "error", "message": message})


def success(**fields: object) -> Reply:
    return Reply(200, {"status": "success", **fields})


class Account:
    """Everything that the REST surface and the websocket share."""

    def __init__(self, time: Time, seed: int, plugin: str, api_key: str) -> None:
        self.time = time
        self.rng = Random(seed)
        self.faults = Switchboard(time.now_s, self.rng)
        self.catalogue = Catalogue()
        self.prices = {one.full_name: one.price for one in self.catalogue.listed()}
        self.prev_closes: dict[str, float] = {}  # as a quote has them; else it repeats the LTP
        self.api_key = api_key
        self.broker: Plugin = PLUGINS[plugin]
        self.session_expired = False
        self.analyzer = False  # the whole server's; anybody at its page can flip it
        self.semi_auto = False  # orders wait for a person's yes
        self.rate_limits = True
        self.orders_per_s = 10  # and endpoint and address, as the server's settings have it
        self.others_per_s = 50
        self.broker_per_s: int | None = None  # calls that the broker itself allows; None: any
        self.broker_per_min: int | None = None
        self.bans = False  # of addresses with too many bad keys or wrong paths
        self.pending: dict[int, Callable[[], Reply]] = {}
        self.pending_serial = itertools.count(1)
        self.live, self.live_books = self._market(LIVE_IDS, sandbox=False)
        self.sandbox, self.sandbox_books = self._market(SANDBOX_IDS, sandbox=True)
        self.on_order: Callable[[Order, str], None] = lambda _order, _mode: None
        self.live.on_order = lambda order: self.on_order(order, "live")
        self.sandbox.on_order = lambda order: self.on_order(order, "analyze")

    @property
    def plugin(self) -> Plugin:
        """The rules that orders meet now."""
        return SANDBOX if self.analyzer else self.broker

    @property
    def exchange(self) -> Exchange:
        """Where orders go now."""
        return self.sandbox if self.analyzer else self.live

    @property
    def books(self) -> Books:
        return self.sandbox_books if self.analyzer else self.live_books

    def price_moved(self, name: str, price: float) -> None:
        self.prices[name] = price
        self.live.price_moved(name, price)
        self.sandbox.price_moved(name, price)

    def quoted(self, name: str) -> float | None:
        """Return the LTP as a quote has it; None: there is none to be had."""
        if name not in self.prices or self.faults.hit(Fault.QUOTE_FAILS, symbol=name):
            return None
        if self.faults.hit(Fault.QUOTE_ZERO, symbol=name):
            return 0.0
        stands = self.faults.hit(Fault.QUOTE_STANDS, symbol=name)
        if not stands:
            return self.prices[name]
        return stands.number(stands.stood.setdefault(name, self.prices[name]))

    def _market(self, ids_from: int, *, sandbox: bool) -> tuple[Exchange, Books]:
        exchange = Exchange(self.time, self.faults, self.catalogue, self.prices, ids_from=ids_from)
        return exchange, Books(exchange, self.faults, self.time, sandbox=sandbox)
