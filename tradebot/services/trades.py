"""What people and programs do with trades: create, look at, leave, ask why."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from tradebot.core.book import Book
from tradebot.core.events import ExitDecided, ExitSent, TradeCreated, TradeRefused
from tradebot.core.exits import State
from tradebot.core.fields import Json
from tradebot.core.inputs import CreateTrade, ExitTrade
from tradebot.core.instruments import Kind, instrument_id, kind_of
from tradebot.core.records import Told
from tradebot.core.trade_requests import TradeDefaults, parse_trade
from tradebot.core.trades import Reason, Status, Trade
from tradebot.errors import InputError, NotFoundError, RefusedError, StoreError
from tradebot.ports import Clock, Store
from tradebot.services.loop import EngineLoop, Outputs
from tradebot.services.outlook import outlook
from tradebot.services.persister import Persister
from tradebot.services.stories import sentence
from tradebot.services.trade_json import (
    active_trade,
    closed_trade,
    event_json,
    iso,
    ltp_age_ms,
    number,
    price,
)

FLUSH_S_MAX = 5.0  # a database that hangs is a database that refuses
NAME_S_MAX = 1.0  # how long a new trade may wait for the database before it is guarded
PAGE_MAX = 1_000
# Trades that one request looks through for a reason; the cursor goes on from there.
SCANNED_MAX = 5_000

_CURSOR_LENGTH_MAX = 18
_T = TypeVar("_T")


class Trades:
    """The use cases of trades. Reads look at the engine's book between two of its turns."""

    def __init__(
        self,
        loop: EngineLoop,
        persister: Persister,
        store: Store,
        *,
        sync: Callable[[], None],
        clock: Clock,
        defaults: TradeDefaults,
    ) -> None:
        """Take what the use cases need.

        Args:
            sync: brings the journal to the disk, for when the database refuses; raises
                StoreError where it cannot, or where a turn's records are missing in it.
            defaults: for what a new trade leaves out; may be replaced at any time.
        """
        self.defaults = defaults
        self._loop = loop
        self._persister = persister
        self._store = store
        self._sync = sync
        self._clock = clock
        self._naming: set[str] = set()  # ids that a request in progress is about to use

    async def create(self, obj: object) -> Json:
        """Guard the trade that this JSON describes; it is on disk before this returns.

        Raises:
            InputError: a key is wrong.
            RefusedError: the engine cannot guard it as things stand.
            StoreError: it is guarded from memory, but no disk took it.
        """
        request = parse_trade(obj, defaults=self.defaults, kind=self._kind)
        name = await self._name(request.trade_id)
        try:
            named = msgspec.structs.replace(request, trade_id=name)
            created = CreateTrade(request=named, at_ns=self._clock.now_ns())
            outputs = await self._loop.command(created)
        finally:
            self._naming.discard(name)
        _raise_if_refused(outputs)
        trade_id = next(_all(TradeCreated, outputs)).trade_id
        try:
            await self._durable()
        except StoreError as error:
            message = f"trade {trade_id} is guarded, but only from memory: {error}"
            raise StoreError(message) from error
        return await self._trade(trade_id)

    def active(self, strategy: str | None = None) -> list[Json]:
        """Return the trades that are not over, oldest first."""
        now_ns = self._clock.now_ns()
        trades = self._book.trades.values()
        chosen = [trade for trade in trades if strategy in (None, trade.strategy)]
        chosen.sort(key=lambda trade: trade.number)
        return [active_trade(self._book, trade, now_ns) for trade in chosen]

    async def exit(self, trade_id: str) -> Json:
        """Leave a trade now; one that is being left already stays as it is.

        Raises:
            NotFoundError: there is no such trade.
            RefusedError: it is over, or has nothing to leave yet.
        """
        if trade_id not in self._book.trades:
            over = await self._saved(trade_id)
            if over is None:
                raise _unknown(trade_id)
            raise RefusedError("trade_id", f"trade {trade_id} is over: {over.status.value}")
        outputs = await self._loop.command(ExitTrade(trade_id=trade_id, at_ns=self._clock.now_ns()))
        _raise_if_refused(outputs)
        with contextlib.suppress(StoreError):  # it is being left whatever the disks say
            await self._durable()
        return {
            "trade_id": trade_id,
            "status": Status.TRIGGERED.value,
            "quantity": number(sum((d.quantity for d in _all(ExitDecided, outputs)), Decimal(0))),
            "orders": [sent.client_order_id for sent in _all(ExitSent, outputs)],
        }

    async def history(
        self,
        *,
        limit: int = 100,
        cursor: str | None = None,
        strategy: str | None = None,
        reason: Reason | None = None,
    ) -> tuple[list[Json], str | None]:
        """Return trades that are over, newest first, and the cursor of what follows.

        With a ``reason`` a page may hold fewer than ``limit`` trades and still have a
        cursor: no request looks through the whole history.

        Raises:
            InputError: limit or cursor is wrong.
            StoreError: the database cannot be read.
        """
        if not 1 <= limit <= PAGE_MAX:
            raise InputError("limit", f"limit = {limit}: must be 1 to {PAGE_MAX}")
        before = _number_of(cursor)
        with contextlib.suppress(StoreError):  # old trades can be read from a full disk too
            await self._settled()
        found: list[Trade] = []
        scanned = 0
        while len(found) < limit and scanned < SCANNED_MAX:
            asked = limit if reason is None else PAGE_MAX
            page = await self._store.history(limit=asked, before=before, strategy=strategy)
            for saved in page:
                scanned += 1
                before = saved.trade.number
                if reason is None or saved.trade.reason is reason:
                    found.append(saved.trade)
                    if len(found) == limit:
                        break
            else:
                if len(page) < asked:
                    before = None
                    break
        cursor = None if before is None else str(before)
        return [closed_trade(self._book, trade) for trade in found], cursor

    async def story(self, trade_id: str) -> Json:
        """Return how a trade came to where it is, line by line, and what may come next.

        While the database refuses, an open trade is told about without its past:
        ``complete`` is then false.

        Raises:
            NotFoundError: there is no such trade.
            StoreError: the database cannot be read.
        """
        lines: Sequence[Told] = ()
        complete = True
        open_ = trade_id in self._book.trades
        try:
            await self._settled()
            over = None if open_ else await self._saved(trade_id)
            lines = await self._store.story(trade_id)
        except StoreError:
            if not open_:
                raise
            complete, over = False, None
        # It may have been left while the database was read.
        trade = self._book.trades.get(trade_id)
        if trade is None and over is None:
            over = await self._saved(trade_id)
            if over is None:
                raise _unknown(trade_id)
        now_ns = self._clock.now_ns()
        if trade is not None:
            about = active_trade(self._book, trade, now_ns)
            coming = outlook(self._book, trade, now_ns)
        else:
            assert over is not None, f"trade {trade_id} is neither open nor over"
            about, coming = closed_trade(self._book, over), []
        told = [event_json(told.event) | {"text": sentence(told.event)} for told in lines]
        return {"trade": about, "lines": told, "outlook": coming, "complete": complete}

    def instruments(self) -> list[Json]:
        """Return what can be traded, with the last price where there is one."""
        now_ns = self._clock.now_ns()
        found: list[Json] = []
        for name, instrument in sorted(self._book.instruments.items()):
            line = self._book.lines.get(name)
            found.append(
                {
                    "exchange": instrument.exchange,
                    "symbol": instrument.symbol,
                    "kind": instrument.kind.value,
                    "tick_size": number(instrument.tick_size),
                    "lot_size": number(instrument.lot_size),
                    "multiplier": number(instrument.multiplier),
                    "freeze_quantity": number(instrument.freeze_quantity),
                    "ltp": price(line.ltp) if line else None,
                    "ltp_age_ms": ltp_age_ms(line, now_ns) if line else None,
                    "ltp_at": iso(line.gate.at_ns) if line and line.ltp is not None else None,
                    "trades": len(line.guarded) if line else 0,
                }
            )
        return found

    def doubts(self) -> list[str]:
        """Return why the guard is degraded though it works; none is the good answer."""
        book = self._book
        doubts = [
            f"exit {exit_.number} of trade {exit_.trade_id} waits for the broker's word on "
            f"{exit_.client_order_id}"
            for lane in book.lanes.values()
            for exit_ in lane
            if exit_.state is State.UNKNOWN
        ]
        doubts += [
            f"trade {trade.trade_id} is stuck: its exit is refused again and again"
            for trade in book.trades.values()
            if trade.stuck
        ]
        doubts += [
            f"{name} has no fit price: its {len(line.guarded)} trades are blind"
            for name, line in book.lines.items()
            if line.guarded and line.blind_since_ns is not None
        ]
        if self._persister.failing_since_frame is not None:
            doubts.append(f"the database refuses: {self._persister.waiting} rows wait for it")
        return doubts

    @property
    def _book(self) -> Book:
        return self._loop.engine.book

    def _kind(self, exchange: str, symbol: str) -> Kind:
        known = self._book.instruments.get(instrument_id(exchange, symbol))
        return known.kind if known else kind_of(symbol)

    async def _name(self, wanted: str | None) -> str:
        """Return the id for a new trade, kept from others until the caller lets it go.

        An id names one trade for ever: the record of an earlier one would swallow it.

        Raises:
            RefusedError: the wanted id is in use, or was.
        """
        if wanted is not None:
            if await self._reserved(wanted):
                return wanted
            raise RefusedError("trade_id", f"trade {wanted} exists already")
        count = self._book.trades_made + 1
        while not await self._reserved(f"T{count}"):
            count += 1
        return f"T{count}"

    async def _reserved(self, name: str) -> bool:
        """Keep an id for a new trade; False where it names one already."""
        if name in self._naming or name in self._book.trades:
            return False
        self._naming.add(name)
        used = True  # until we know better: a request that is given up lets its id go
        try:
            async with asyncio.timeout(NAME_S_MAX):
                if self._persister.waiting and self._persister.failing_since_frame is None:
                    await self._persister.flush()
                used = await self._store.trade(name) is not None
        except (StoreError, TimeoutError):
            used = False  # to guard matters more than a name that was hardly used before
        finally:
            if used:
                self._naming.discard(name)
        return not used

    async def _trade(self, trade_id: str) -> Json:
        """Return a trade that was just created: it may be over already."""
        trade = self._book.trades.get(trade_id)
        if trade is not None:
            return active_trade(self._book, trade, self._clock.now_ns())
        saved = await self._saved(trade_id)
        return closed_trade(self._book, saved) if saved else {"trade_id": trade_id}

    async def _saved(self, trade_id: str) -> Trade | None:
        """Return a trade as the database knows it once it knows everything."""
        await self._settled()
        saved = await self._in_time(self._store.trade(trade_id))
        return saved.trade if saved else None

    async def _settled(self) -> None:
        """Wait until what the engine has changed so far can be read from the database."""
        if self._persister.waiting:
            await self._in_time(self._persister.flush())

    async def _durable(self) -> None:
        """Wait until what the engine has changed so far survives a power cut.

        Raises:
            StoreError: neither database nor journal could be brought to it.
        """
        try:
            await self._in_time(self._persister.flush())
        except StoreError:
            self._sync()

    async def _in_time(self, awaitable: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout(FLUSH_S_MAX):
                return await awaitable
        except TimeoutError:
            raise StoreError(f"the database does not answer within {FLUSH_S_MAX:g} s") from None


def _raise_if_refused(outputs: Outputs) -> None:
    refused = next(_all(TradeRefused, outputs), None)
    if refused is not None:
        raise RefusedError(refused.field, refused.why)


def _all(kind: type[_T], outputs: Iterable[object]) -> Iterator[_T]:
    return (output for output in outputs if isinstance(output, kind))


def _unknown(trade_id: str) -> NotFoundError:
    return NotFoundError(f"there is no trade {trade_id}")


def _number_of(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _CURSOR_LENGTH_MAX):
        raise InputError("cursor", "cursor must be the `next` of an earlier answer")
    return int(cursor)
