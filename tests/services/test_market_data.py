"""Prices come from the feed; a second opinion always comes to an answer."""

import asyncio

import pytest

from tests.services.fakes import FakeClock, ListInbox, Said
from tests.services.unkind_store import turns
from tradebot.core.inputs import QuoteReply, Tick
from tradebot.core.intents import AskQuote, Subscribe, Unsubscribe
from tradebot.ports import Quote
from tradebot.services.market_data import MarketData
from tradebot.services.supervisor import Supervisor

SBIN = "NSE:SBIN"
TICK = Tick(SBIN, 800.0, 1, 1)


class FakeFeed:
    """Delivers one tick, then ends."""

    def __init__(self) -> None:
        self.wanted: list[str] = []

    async def run(self, inbox) -> None:
        inbox.tick(TICK)

    def subscribe(self, instrument: str) -> None:
        self.wanted.append(f"+{instrument}")

    def unsubscribe(self, instrument: str) -> None:
        self.wanted.append(f"-{instrument}")


class FakeBroker:
    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def quote(self, _instrument: str):
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, asyncio.Event):
            await self.answer.wait()
        return self.answer


class World:
    def __init__(self, answer: object = None, **limits: float) -> None:
        self.said, self.inbox, self.feed = Said(), ListInbox(), FakeFeed()
        self.supervisor = Supervisor(self.said)
        self.market = MarketData(
            self.feed,
            FakeBroker(answer),  # type: ignore[arg-type] # the one call that is made
            self.inbox,
            supervisor=self.supervisor,
            clock=FakeClock(50),
            say=self.said,
            **limits,
        )


def test_what_the_engine_wants_is_asked_of_the_feed():
    world = World()
    world.market.subscribe(Subscribe(SBIN))
    world.market.unsubscribe(Unsubscribe(SBIN))
    assert world.feed.wanted == [f"+{SBIN}", f"-{SBIN}"]


async def test_a_feed_that_ends_leaves_the_daemon_running():
    world = World()
    told = list[str]()
    world.supervisor.on_failure = told.append
    world.supervisor.start("market data", world.market.run())
    await turns()
    assert world.inbox.items == [TICK]
    assert world.said.events == ["feed.ended"]
    assert told == []
    await world.supervisor.stop_all()


@pytest.mark.parametrize(
    ("answer", "ltp", "at_ns", "close"),
    [(Quote(ltp=801.5, at_ns=40, prev_close=800.0), 801.5, 40, 800.0), (None, None, 50, None)],
)
async def test_a_quote_comes_back_with_its_own_time_and_ours(answer, ltp, at_ns, close):
    world = World(answer)
    world.market.ask_quote(AskQuote(SBIN, "a jump"))
    await turns()
    reply = QuoteReply(instrument=SBIN, ltp=ltp, at_ns=at_ns, received_ns=50, prev_close=close)
    assert world.inbox.items == [reply]


@pytest.mark.parametrize("answer", [ConnectionError("reset"), asyncio.Event()])
async def test_a_source_that_fails_or_never_answers_is_an_answer_without_a_price(answer):
    world = World(answer, answer_s_max=0.0)
    world.market.ask_quote(AskQuote(SBIN, "a jump"))
    await world.supervisor.finish_errands(within_s=5)
    reply = QuoteReply(instrument=SBIN, ltp=None, at_ns=50, received_ns=50)
    assert world.inbox.items == [reply]
    assert world.said.events == ["task.failed"]
