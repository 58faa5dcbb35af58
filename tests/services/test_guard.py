"""The wired services: recovery is the only start, and a life ends with nothing unsaved."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest

from tests.playbook import KEY, SBIN
from tests.services.fakes import FakeClock, Said
from tests.services.guard import a_creation, a_fill
from tests.services.unkind_store import turns
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import (
    Acked,
    Execution,
    ExitTrade,
    FeedState,
    NetPosition,
    OrderReport,
    OrderSide,
    OrderState,
    QueryReply,
)
from tradebot.core.market.instruments import Instrument
from tradebot.core.policy import Policy
from tradebot.core.words.trade_requests import TradeDefaults
from tradebot.ports import Quote, Unlisted
from tradebot.services import describing
from tradebot.services.guard import Earlier, Guard
from tradebot.stores.memory import MemoryJournal, MemoryStore
from tradebot.stores.restore import restore


class KindBroker:
    """Fills every order before it answers."""

    def __init__(self) -> None:
        self.done: list[Execution] = []
        self.remembered: list[Execution] = []

    async def open(self, inbox) -> None:
        self.inbox = inbox
        self.known_at_open = list(self.remembered)

    async def close(self) -> None:
        return

    def remember(self, executions):
        self.remembered.extend(executions)

    async def instruments(self):
        return (SBIN,)

    async def executions(self):
        return tuple(self.done)

    async def place(self, order):
        bought = a_fill(a_creation(symbol=KEY.symbol, account=KEY.account))
        self.done.append(
            msgspec.structs.replace(
                bought,
                execution_id=f"of {order.client_order_id}",
                order_id=f"B-{order.client_order_id}",
                client_order_id=order.client_order_id,
                key=order.key,
                side=order.side,
                quantity=order.quantity,
            )
        )
        self.inbox.put(self.done[-1])
        return Acked(self.done[-1].order_id)

    async def cancel(self, order):
        return

    async def query(self, client_order_id):
        return QueryReply(client_order_id=client_order_id, report=None, answered=True, at_ns=1)

    async def report(self, order_id):
        return None

    async def order_book(self):
        return [
            OrderReport(
                order_id=fill.order_id,
                client_order_id=fill.client_order_id,
                key=fill.key,
                side=fill.side,
                quantity=fill.quantity,
                filled=fill.quantity,
                state=OrderState.COMPLETE,
                at_ns=fill.at_ns,
            )
            for fill in self.done
        ]

    async def net(self, key):
        return sum((fill.side.sign * fill.quantity for fill in self.done), Decimal(0))

    async def positions(self):
        nets = {fill.key: await self.net(fill.key) for fill in self.done}
        return [NetPosition(key=key, net=net) for key, net in nets.items()]

    async def quote(self, instrument):
        return Quote(ltp=800.0, at_ns=1)


class QuietFeed:
    """Connects, and has no ticks."""

    def __init__(self, heard: int) -> None:
        self.heard = heard
        self.wanted: set[str] = set()

    async def run(self, inbox) -> None:
        self.inbox = inbox
        inbox.put(FeedState(up=True, at_ns=1))

    def subscribe(self, instrument) -> None:
        self.wanted.add(instrument)

    def unsubscribe(self, instrument) -> None:
        self.wanted.discard(instrument)


class Lives:
    """The same files and broker, and one guard after the other over them."""

    def __init__(self) -> None:
        self.store, self.journal, self.broker = MemoryStore(), MemoryJournal(), KindBroker()
        self.said = Said()
        self.feeds: list[QuietFeed] = []
        self.listed: dict[str, Instrument] = {}
        self.shelf: list[Instrument] = []
        self.is_shelved = asyncio.Event()

    async def describe(self, name: str) -> Instrument | Unlisted | None:
        return self.listed.get(name)

    def load(self) -> list[Instrument]:
        return self.shelf

    async def keep(self, instruments: Sequence[Instrument]) -> None:
        self.shelf = list(instruments)
        self.is_shelved.set()

    async def start(self, *, behind: bool = False) -> Guard:
        recovered = self.journal.recover(epoch=self.store.epoch, after=self.store.frame)
        restored = await restore(self.store, recovered)
        guard = Guard(
            Policy(),
            store=self.store,
            journal=self.journal,
            broker=self.broker,
            clock=FakeClock(),
            say=self.said,
            defaults=TradeDefaults(account=KEY.account, strategy="s", product="MIS"),
            every_s=0.1,
            covered=self.journal.covered,
            tell=lambda event: self.said(type(event).__name__),
            catalogue=self,
            described=self,
        )
        earlier = Earlier(
            snapshot=restored.snapshot,
            behind=[r for _, records in recovered.frames for r in records] if behind else (),
            why="no room" if behind else None,
        )
        await guard.recover(earlier, self._feed)
        guard.start()
        return guard

    def kill(self) -> None:
        self.store, self.journal = self.store.killed(), self.journal.killed()

    def _feed(self, heard: int) -> QuietFeed:
        self.feeds.append(QuietFeed(heard))
        return self.feeds[-1]


@pytest.fixture
def lives():
    return Lives()


async def guarded(lives: Lives, guard: Guard) -> None:
    creation = a_creation(symbol=KEY.symbol, account=KEY.account)
    lives.broker.done.append(a_fill(creation))
    guard.loop.put(lives.broker.done[-1])
    await guard.loop.command(creation)


async def test_a_trade_that_a_life_left_is_closed_and_saved_by_the_next(lives):
    first = await lives.start()
    await guarded(lives, first)
    await first.stop()
    lives.kill()
    guard = await lives.start()
    assert guard.engine.book.net(guard.engine.book.trades["T1"].key) == 100
    assert lives.feeds[-1].wanted == {guard.engine.book.trades["T1"].instrument}
    await guard.loop.command(ExitTrade(trade_id="T1", at_ns=2))
    while "T1" in guard.engine.book.trades:  # noqa: ASYNC110 - the book has no event
        await asyncio.sleep(0)
    await guard.stop()
    saved = await lives.store.trade("T1")
    assert saved is not None
    assert saved.trade.status is Status.CLOSED
    assert [fill.side for fill in lives.broker.done] == [OrderSide.BUY, OrderSide.SELL]
    assert lives.feeds[-1].wanted == set()


async def test_a_broker_is_told_what_an_earlier_life_was_told_before_anything_is_read(lives):
    first = await lives.start()
    assert lives.broker.known_at_open == []
    await guarded(lives, first)
    await first.stop()
    lives.kill()
    guard = await lives.start()
    assert lives.broker.known_at_open == lives.broker.done
    await guard.stop()


@pytest.mark.parametrize("who", ["the feed", "the broker"])
async def test_a_list_without_what_was_told_past_it_is_no_list(lives, who):
    guard = await lives.start()
    await turns()
    assert await guard.executor.hear_executions()
    source = lives.feeds[-1] if who == "the feed" else lives.broker
    source.inbox.put(a_fill(a_creation(symbol=KEY.symbol, account=KEY.account)))
    assert not await guard.executor.hear_executions()
    await guard.stop()


async def test_what_the_database_refused_at_the_start_is_said_and_saved_later(lives):
    first = await lives.start()
    await guarded(lives, first)
    lives.kill()  # the first is gone in the middle of its life
    first.supervisor.on_failure = lambda _why: None
    guard = await lives.start(behind=True)
    assert "store.behind" in lives.said.events
    await guard.stop()
    assert guard.persister.waiting == 0
    await first.supervisor.stop_all()


async def test_a_last_commit_that_is_refused_is_said(lives):
    guard = await lives.start()
    await guarded(lives, guard)
    await lives.store.close()
    await guard.stop()
    assert "store.unflushed" in lives.said.events


async def test_a_life_begins_with_what_the_instruments_are_on_which_something_is_held(lives):
    first = await lives.start()
    await guarded(lives, first)
    await first.stop()
    lives.kill()
    lives.listed["NSE:SBIN"] = SBIN
    lives.said.lines.clear()
    guard = await lives.start()
    (trade,) = guard.engine.book.trades.values()
    assert guard.engine.book.instruments[trade.instrument] == SBIN
    assert guard.engine.book.lines[trade.instrument].grid == SBIN.tick_size
    assert "instruments.undescribed" not in lives.said.events
    await guard.stop()


async def test_a_life_begins_with_what_the_one_before_was_told_and_nobody_is_asked(
    lives, monkeypatch
):
    monkeypatch.setattr(describing, "KEEP_EVERY_S", 0)
    lives.broker.instruments = _none
    lives.listed["NSE:SBIN"] = FINE
    first = await lives.start()
    await first.trades.create(HELD)
    await lives.is_shelved.wait()
    lives.kill()
    first.supervisor.on_failure = lambda _why: None
    lives.listed.clear()
    guard = await lives.start()
    assert guard.engine.book.instruments["NSE:SBIN"] == FINE
    assert "instruments.undescribed" not in lives.said.events
    await guard.stop()
    await first.supervisor.stop_all()


PLACE = {"exchange": "NSE", "symbol": "SBIN"}
HELD = PLACE | {"side": "LONG", "quantity": 10, "entry_price": 800, "stop": "1%"}
FINE = msgspec.structs.replace(SBIN, freeze_quantity=Decimal(1800))


async def _none():
    return ()
