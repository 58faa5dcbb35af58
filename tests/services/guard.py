"""An engine behind its queue, with a journal and a database side that keep what they are told."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from tests.services.fakes import Said
from tradebot.core.engine import Engine
from tradebot.core.guard.trades import Rules, Side, TradeRequest, Trail
from tradebot.core.inputs import CreateTrade, Execution, OrderSide, Tick
from tradebot.core.intents import PlaceOrder
from tradebot.core.market.instruments import NetKey
from tradebot.core.policy import Policy
from tradebot.core.records import Record
from tradebot.core.words.levels import Level, Unit
from tradebot.errors import StoreError
from tradebot.services.loop import EngineLoop, Outputs

SECOND_NS = 1_000_000_000
STOP = Rules(stop=Level(Unit.PRICE, Decimal(795)))
TRAIL = Rules(trail=Trail(by=Level(Unit.POINTS, Decimal(10))))


class RecordingJournal:
    """A journal that is a list of frames, notes each call, and refuses when told to."""

    def __init__(self, calls: list[str] | None = None) -> None:
        self.calls = [] if calls is None else calls
        self.frames: list[list[Record]] = []
        self.refuses: set[str] = set()  # "append", "sync"
        self.on_append: Callable[[], None] = lambda: None

    def append(self, records: Sequence[Record]) -> int:
        self._called("append")
        self.on_append()
        self.frames.append(list(records))
        return len(self.frames)

    def sync(self) -> None:
        self._called("sync")

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.refuses:
            raise StoreError(f"the disk refuses to {name}")

    @property
    def records(self) -> list[Record]:
        return [record for frame in self.frames for record in frame]


class Guard:
    """An ``EngineLoop`` with everything around it."""

    def __init__(self, journal: object = None, **limits) -> None:
        self.calls: list[str] = []
        self.said = Said()
        self.journal = RecordingJournal(self.calls)
        self.delivered: list[tuple[Outputs, bool]] = []
        self.kept: list[tuple[list[Record], int]] = []
        self.pulses = 0
        self.loop = EngineLoop(
            Engine(Policy()),
            journal or self.journal,  # type: ignore[arg-type] # any journal
            say=self.said,
            deliver=self._deliver,
            keep=self._keep,
            pulse=self._pulse,
            **limits,
        )

    @property
    def book(self):
        return self.loop.engine.book

    @property
    def orders(self) -> list[PlaceOrder]:
        return [o for outputs, _ in self.delivered for o in outputs if isinstance(o, PlaceOrder)]

    @property
    def frames(self) -> int:
        return len(self.journal.frames)

    def create(self, *ids: str, rules: Rules = STOP, **fields) -> None:
        """Guard trades whose positions are held, in a turn of their own."""
        for trade_id in ids:
            creation = a_creation(trade_id, rules=rules, **fields)
            self.loop.put(a_fill(creation))
            self.loop.put(creation)
        self.loop.turn()

    def _deliver(self, outputs: Outputs, *, is_safe: bool) -> None:
        self.calls.append("deliver")
        self.delivered.append((tuple(outputs), is_safe))

    def _keep(self, records: list[Record], frame: int) -> None:
        self.calls.append("keep")
        self.kept.append((records, frame))

    def _pulse(self) -> None:
        self.pulses += 1


def a_creation(trade_id: str | None = "T1", rules: Rules = STOP, **fields) -> CreateTrade:
    request = TradeRequest(
        trade_id=trade_id,
        rules=rules,
        **{
            "account": "PAPER-1",
            "exchange": "NSE",
            "symbol": trade_id or "SBIN",
            "product": "MIS",
            "side": Side.LONG,
            "quantity": Decimal(100),
            "entry_price": Decimal(800),
            **fields,
        },
    )
    return CreateTrade(request=request, at_ns=SECOND_NS)


def a_fill(creation: CreateTrade) -> Execution:
    """Return the purchase that a trade is to guard."""
    request = creation.request
    assert request.quantity is not None
    assert request.entry_price is not None
    return Execution(
        execution_id=f"entry of {request.trade_id}",
        order_id="somebody's",
        client_order_id=None,
        key=NetKey(request.account, request.exchange, request.symbol, request.product),
        side=OrderSide.BUY,
        quantity=request.quantity,
        price=request.entry_price,
        at_ns=SECOND_NS,
    )


def a_tick(ltp: float, symbol: str = "SBIN", seq: int = 0, **fields) -> Tick:
    at_ns = fields.pop("at_ns", 2 * SECOND_NS + seq)
    return Tick(
        instrument=f"NSE:{symbol}", ltp=ltp, at_ns=at_ns, received_ns=at_ns, seq=seq, **fields
    )
