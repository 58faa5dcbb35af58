"""What people at the desk were told holds.

Halts, in whatever life (I16), comparisons (I17), and verdicts (I18).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.sim.requests import LAG_NS_MAX
from tradebot.core.book import Book
from tradebot.core.events import Event, TradeCreated
from tradebot.core.guard.trades import Status
from tradebot.core.intents import CancelOrder, Intent, PlaceOrder
from tradebot.core.leaving.halt import Form
from tradebot.core.market.instruments import NetKey
from tradebot.core.records import Snapshot
from tradebot.core.words.fields import Json
from tradebot.services.comparison import ANSWERS_S_MAX

if TYPE_CHECKING:
    from tests.sim.world import World

ANSWERS_NS_MAX = round(ANSWERS_S_MAX * 1e9)  # somebody else may have asked a little before


class Words:
    """What somebody said and was answered, and what must be so since."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._is_sure = True  # the last word was answered
        self._form: Form | None = None  # in force, where that is sure
        self._done: set[str] = set()  # trades of which somebody said that a request has filled

    # Halts.

    def are_unsure(self) -> None:
        """Note that somebody speaks of the halt: until the answer it may be either."""
        self._is_sure = False

    def are_in_force(self, form: Form | None) -> None:
        """Note what somebody was told is in force, and on a disk."""
        self._is_sure, self._form = True, form

    def life_began(self, snapshot: Snapshot) -> None:
        """Look whether a new life is halted as the one before it was."""
        if self._form is not None and self._is_sure:
            self._world.seen["a start under a halt"] += 1
        if self._is_sure and snapshot.halt.form is not self._form:
            found = snapshot.halt.form
            self._world.promises.broken(f"I16 {self._form} was halted, a start finds {found}")

    def after(self, out: Sequence[Event | Intent]) -> None:
        """Look at what was decided under a halt."""
        if self._form is None or not self._is_sure:
            return
        for thing in out:
            if isinstance(thing, TradeCreated):
                self._world.promises.broken(f"I16 {thing.trade_id} was taken under a halt")
            elif isinstance(thing, PlaceOrder | CancelOrder) and self._form is Form.EVERYTHING:
                name = thing.client_order_id
                self._world.promises.broken(f"I16 {name} is sent, and everything is halted")

    def look(self, book: Book) -> None:
        """Look whether all has been left that was to be left."""
        if self._form is not Form.FLATTEN or not self._is_sure:
            return
        for trade in book.trades.values():
            if trade.status is Status.ACTIVE and book.unassigned(trade) > 0:
                self._world.promises.broken(f"I16 {trade.trade_id} is kept, and all is to be left")

    # Verdicts.

    def is_done(self, trade_id: str) -> None:
        """Note that somebody says of a trade's request that it is done.

        Its executions may be told of later, or never: what has left is not counted exactly.
        """
        self._done.add(trade_id)

    def was_done(self, trade_id: str, counted: Decimal) -> None:
        """Look whether of a trade that goes on something is counted as gone, as was said."""
        if not counted:
            self._world.promises.broken(f"I18 a request of {trade_id} is done, and nothing is gone")

    def is_counted(self, trade_id: str) -> bool:
        """Whether what has left a trade is all that executions of ours tell of it."""
        return trade_id not in self._done

    # Comparisons.

    def compared(self, told: Json, asked_ns: int) -> None:
        """Look whether an answer is what the broker has said, and means what it says."""
        rows: Any = told["positions"]
        for row in rows:
            key = NetKey(row["account"], row["exchange"], row["symbol"], row["product"])
            broker = row["broker"]
            if broker is not None and not self._was_held(key, Decimal(str(broker)), asked_ns):
                self._world.promises.broken(f"I17 {key.symbol}: {broker} was told, and never held")
            result = "not answered" if broker is None else "agreed"
            if broker is not None and broker != row["ours"]:
                result = "differs"
            if row["result"] != result:
                self._world.promises.broken(f"I17 {key.symbol}: {row}")
        if told["agreed"] != all(row["result"] == "agreed" for row in rows):
            self._world.promises.broken(f"I17 {told}")

    def _was_held(self, key: NetKey, net: Decimal, asked_ns: int) -> bool:
        """Whether the broker could have said a net: one of the last seconds, or flat."""
        exchange = self._world.exchange
        since_ns = asked_ns - LAG_NS_MAX - ANSWERS_NS_MAX
        lately = {held for at_ns, held in exchange.net_changes.get(key, ()) if at_ns >= since_ns}
        lately |= {Decimal(0), exchange.net(key, exchange.now_ns() - since_ns)}
        return net in lately
