"""What people and programs do with trades: create, look at, leave, ask why."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec

from tradebot.core.book import Book
from tradebot.core.events import ExitDecided, ExitSent, TradeRefused
from tradebot.core.guard.trades import Status, Trade, TradeRequest
from tradebot.core.inputs import CreateTrade, ExitTrade, UpdateTrade
from tradebot.core.market.instruments import Kind, instrument_id, kind_of
from tradebot.core.records import Told
from tradebot.core.words.fields import Json
from tradebot.core.words.trade_requests import TradeDefaults, parse_trade
from tradebot.errors import NotFoundError, RefusedError, StoreError
from tradebot.ports import Clock, Store
from tradebot.services.describing import Learn, nothing_to_learn
from tradebot.services.doubts import doubts_of
from tradebot.services.instrument_list import instrument_json, instruments_page
from tradebot.services.loop import EngineLoop, Outputs
from tradebot.services.once import FIELD, is_made_of, is_remembered, names_of_key
from tradebot.services.outlook import outlook
from tradebot.services.persister import Persister
from tradebot.services.stories import sentence
from tradebot.services.trade_edits import StaleVersionError, parse_edit
from tradebot.services.trade_history import PAGE_MAX, Chosen, History, check_limit, number_of
from tradebot.services.trade_json import (
    ActiveTrades,
    active_trade,
    closed_trade,
    event_json,
    number,
)

FLUSH_S_MAX = 5.0  # a database that hangs is a database that refuses
DURABLE_S_MAX = 1.0  # how long an answer waits for it; the journal on its disk is enough
NAME_S_MAX = 1.0  # how long a new trade may wait for the database before it is guarded
ALL = Chosen()

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
        learn: Learn = nothing_to_learn,
    ) -> None:
        """Take what the use cases need.

        Args:
            sync: brings the journal to the disk, for when the database refuses; raises
                StoreError where it cannot, or where a turn's records are missing in it.
            defaults: for what a new trade leaves out; may be replaced at any time.
            learn: finds out what an instrument is; raises RefusedError where it is none.
        """
        self.defaults = defaults
        self._loop = loop
        self._persister = persister
        self._store = store
        self._sync = sync
        self._clock = clock
        self._learn = learn
        self._history = History(store)
        self._editing = asyncio.Lock()
        self._naming: set[str] = set()  # ids that a request in progress is about to use

    async def create(self, obj: object, *, once: str | None = None) -> Json:
        """Guard the trade that this JSON describes; it is on disk before this returns.

        Args:
            obj: the decoded JSON.
            once: under this key the trade is made once a day: again, it is answered as it is.

        Raises:
            InputError: a key is wrong.
            RefusedError: the engine cannot guard it as things stand.
            StoreError: it is guarded from memory, but no disk took it.
        """
        request = parse_trade(obj, defaults=self.defaults, kind=self._kind)
        self._check_account(request)
        if once is not None:
            wanted, made = await self._made_once(request, once)
            if made is not None:
                await self._guarded_on_disk(made.trade_id)
                return await self.shown(made.trade_id)
            request = msgspec.structs.replace(request, trade_id=wanted)
        await self._learn(instrument_id(request.exchange, request.symbol))
        name = await self._name(request.trade_id)
        try:
            named = msgspec.structs.replace(request, trade_id=name)
            created = CreateTrade(request=named, at_ns=self._clock.now_ns())
            outputs = await self._loop.command(created)
        finally:
            self._naming.discard(name)
        _raise_if_refused(outputs)
        await self._guarded_on_disk(name)
        return await self.shown(name)

    async def update(self, obj: object, *, versions: Collection[int] | None = None) -> Json:
        """Change some of a trade's rules; they are on disk before this returns.

        Args:
            obj: the decoded JSON: trade_id, and the rules to replace; null takes one away.
            versions: the trade must be at one of these; None: at whichever it is.

        Raises:
            InputError: a key is wrong.
            NotFoundError: there is no such trade.
            StaleVersionError: it is at another version.
            RefusedError: it is over, or is being left.
            StoreError: the rules are in force, but no disk took them.
        """
        edit = parse_edit(obj)
        async with self._editing:  # two edits at once would each keep what the other replaces
            trade = self._book.trades.get(edit.trade_id)
            if trade is None:
                raise await self.why_not_open(edit.trade_id)
            if versions is not None and trade.version not in versions:
                raise StaleVersionError(trade, versions)
            rules = edit.applied_to(trade)
            change = UpdateTrade(trade_id=edit.trade_id, rules=rules, at_ns=self._clock.now_ns())
            _raise_if_refused(await self._loop.command(change))
        try:
            await self.durable()
        except StoreError as error:
            message = f"trade {edit.trade_id} has its new rules, but only in memory: {error}"
            raise StoreError(message) from error
        return await self.shown(edit.trade_id)

    def active(
        self, strategy: str | None = None, *, limit: int = PAGE_MAX, cursor: str | None = None
    ) -> tuple[Iterator[Json], str | None]:
        """Return the trades that are not over, oldest first, and the cursor of what follows.

        Each trade is told as it stands when its turn comes; one that ended is left out.

        Raises:
            InputError: limit or cursor is wrong.
        """
        check_limit(limit)
        after = number_of(cursor) or 0
        chosen = [
            trade
            for trade in self._book.trades.values()
            if strategy in (None, trade.strategy) and trade.number > after
        ]
        chosen.sort(key=lambda trade: trade.number)
        page = chosen[:limit]
        return self._active(page), str(page[-1].number) if len(chosen) > limit else None

    async def exit(self, trade_id: str) -> Json:
        """Leave a trade now; one that is being left already stays as it is.

        Raises:
            NotFoundError: there is no such trade.
            RefusedError: it is over, or has nothing to leave yet.
        """
        if trade_id not in self._book.trades:
            raise await self.why_not_open(trade_id)
        outputs = await self._loop.command(ExitTrade(trade_id=trade_id, at_ns=self._clock.now_ns()))
        _raise_if_refused(outputs)
        with contextlib.suppress(StoreError):  # it is being left whatever the disks say
            await self.durable()
        return {
            "trade_id": trade_id,
            "status": Status.TRIGGERED.value,
            "quantity": number(sum((d.quantity for d in _all(ExitDecided, outputs)), Decimal(0))),
            "orders": [sent.client_order_id for sent in _all(ExitSent, outputs)],
        }

    async def history(
        self, *, limit: int = PAGE_MAX, cursor: str | None = None, chosen: Chosen = ALL
    ) -> tuple[Iterator[msgspec.Raw], str | None]:
        """Return trades that are over as JSON, newest first, and the cursor of what follows.

        A page may hold fewer than ``limit`` trades and still have a cursor.

        Raises:
            InputError: limit or cursor is wrong.
            StoreError: the database cannot be read.
        """
        with contextlib.suppress(StoreError):  # old trades can be read from a full disk too
            await self._settled()
        return await self._history.page(self._book, chosen, limit=limit, cursor=cursor)

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

    def instruments(
        self, *, limit: int = PAGE_MAX, cursor: str | None = None
    ) -> tuple[Iterator[Json], str | None]:
        """Return what can be traded, by its id, and the cursor of what follows."""
        known, now_ns = self._book.instruments, self._clock.now_ns()
        names, cursor = instruments_page(self._book, limit=limit, cursor=cursor)
        return (instrument_json(self._book, known[name], now_ns) for name in names), cursor

    def doubts(self) -> list[str]:
        """Return why the guard is degraded though it works; none is the good answer."""
        return doubts_of(self._book, self._persister)

    @property
    def _book(self) -> Book:
        return self._loop.engine.book

    def _kind(self, exchange: str, symbol: str) -> Kind:
        known = self._book.instruments.get(instrument_id(exchange, symbol))
        return known.kind if known else kind_of(symbol)

    def _check_account(self, request: TradeRequest) -> None:
        """Refuse what this daemon has no broker for."""
        ours = self.defaults.account
        if ours is not None and request.account != ours:
            message = f"account {request.account} is not guarded here: this daemon guards {ours}"
            raise RefusedError("account", message)

    def _active(self, page: Iterable[Trade]) -> Iterator[Json]:
        page_of = ActiveTrades(self._book)
        for trade in page:
            now = self._book.trades.get(trade.trade_id)
            if now is not None:
                yield page_of.told(now, self._clock.now_ns())

    async def _made_once(self, request: TradeRequest, once: str) -> tuple[str, Trade | None]:
        """Return the id of the trade of a key, and the trade where it is made already.

        Raises:
            RefusedError: the key has led to another trade.
        """
        wanted = request.trade_id
        for name in (wanted,) if wanted is not None else names_of_key(once):
            made = await self._known(name)
            if made is None:
                return name, None
            if is_remembered(made, self._clock.now_ns()):
                if is_made_of(made, request):
                    return name, made
                raise RefusedError(FIELD, f"this {FIELD} has led to trade {name}, a different one")
        raise RefusedError("trade_id", f"trade {wanted} exists already")

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
            used = await self._known(name) is not None
        finally:
            if used:
                self._naming.discard(name)
        return not used

    async def _known(self, name: str) -> Trade | None:
        """Return the trade of an id, as far as can be told in a moment.

        To guard matters more than a name that was hardly used before.
        """
        trade = self._book.trades.get(name)
        if trade is not None:
            return trade
        try:
            async with asyncio.timeout(NAME_S_MAX):
                if self._persister.waiting and self._persister.failing_since_frame is None:
                    await self._persister.flush()
                saved = await self._store.trade(name)
        except (StoreError, TimeoutError):
            return None
        return saved.trade if saved else None

    async def why_not_open(self, trade_id: str) -> NotFoundError | RefusedError:
        """Return why nothing can be done with a trade that is not open."""
        over = await self._saved(trade_id)
        if over is None:
            return _unknown(trade_id)
        return RefusedError("trade_id", f"trade {trade_id} is over: {over.status.value}")

    async def _guarded_on_disk(self, trade_id: str) -> None:
        try:
            await self.durable()
        except StoreError as error:
            message = f"trade {trade_id} is guarded, but only from memory: {error}"
            raise StoreError(message) from error

    async def shown(self, trade_id: str) -> Json:
        """Return a trade that was just created or edited: it may be over already."""
        trade = self._book.trades.get(trade_id)
        if trade is not None:
            return active_trade(self._book, trade, self._clock.now_ns())
        over = self._persister.trade(trade_id)  # a database that hangs cannot be asked
        if over is None or not over.status.is_over:
            over = await self._saved(trade_id)
        return closed_trade(self._book, over) if over else {"trade_id": trade_id}

    async def _saved(self, trade_id: str) -> Trade | None:
        """Return a trade as the database knows it once it knows everything."""
        await self._settled()
        saved = await _in_time(self._store.trade(trade_id), FLUSH_S_MAX)
        return saved.trade if saved else None

    async def _settled(self) -> None:
        """Wait until what the engine has changed so far can be read from the database."""
        if self._persister.waiting:
            await _in_time(self._persister.flush(), FLUSH_S_MAX)

    async def durable(self) -> None:
        """Wait until what the engine has changed so far survives a power cut.

        Raises:
            StoreError: neither database nor journal could be brought to it.
        """
        try:
            await _in_time(self._persister.flush(), DURABLE_S_MAX)
        except StoreError:
            self._sync()


async def _in_time(awaitable: Awaitable[_T], within_s: float) -> _T:
    try:
        async with asyncio.timeout(within_s):
            return await awaitable
    except TimeoutError:
        raise StoreError(f"the database does not answer within {within_s:g} s") from None


def _raise_if_refused(outputs: Outputs) -> None:
    refused = next(_all(TradeRefused, outputs), None)
    if refused is not None:
        raise RefusedError(refused.field, refused.why)


def _all(kind: type[_T], outputs: Iterable[object]) -> Iterator[_T]:
    return (output for output in outputs if isinstance(output, kind))


def _unknown(trade_id: str) -> NotFoundError:
    return NotFoundError(f"there is no trade {trade_id}")
