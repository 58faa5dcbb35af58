"""A request that comes twice is done once."""

import asyncio
import itertools
from decimal import Decimal

import msgspec
import pytest

from tests.api.world import Clock
from tests.services.test_trade_edits import TRADE
from tradebot.core.guard.trades import Side, TradeRequest
from tradebot.errors import BrokerError, InputError, RefusedError
from tradebot.services import once as module
from tradebot.services.once import REMEMBERED_NS, Once, is_made_of, is_remembered, names_of_key


class Asked:
    """A request that counts how often it is done."""

    def __init__(self, *errors):
        self.errors = list(errors)
        self.done = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self):
        self.done += 1
        number = self.done
        await self.go_on.wait()
        if self.errors:
            raise self.errors.pop(0)
        return number


@pytest.fixture
def clock():
    return Clock()


async def test_the_second_hears_what_the_first_heard(clock):
    once, asked = Once[int](clock), Asked()
    assert await once.answer("a", b"{}", asked) == (1, False)
    assert await once.answer("a", b"{}", asked) == (1, True)
    assert await once.answer("b", b"{}", asked) == (2, False)


async def test_the_second_waits_for_the_first(clock):
    once, asked = Once[int](clock), Asked()
    asked.go_on.clear()
    answers = [asyncio.create_task(once.answer("a", b"{}", asked)) for _ in range(5)]
    await asyncio.sleep(0)
    asked.go_on.set()
    assert await asyncio.gather(*answers) == [(1, False), *[(1, True)] * 4]


async def test_a_key_stands_for_one_body(clock):
    once, asked = Once[int](clock), Asked()
    await once.answer("a", b"1", asked)
    with pytest.raises(RefusedError, match="was used with another body"):
        await once.answer("a", b"2", asked)


async def test_what_was_refused_may_be_tried_again(clock):
    once, asked = Once[int](clock), Asked(InputError("stop", "no"))
    asked.go_on.clear()
    answers = [asyncio.create_task(once.answer("a", b"{}", asked)) for _ in range(3)]
    await asyncio.sleep(0)
    asked.go_on.set()
    first, *others = await asyncio.gather(*answers, return_exceptions=True)
    assert isinstance(first, InputError)
    assert others == [(2, False), (2, True)]


async def test_what_the_broker_left_in_doubt_is_not_tried_again(clock):
    once, asked = Once[int](clock), Asked(BrokerError("no answer"))
    for _ in range(3):
        with pytest.raises(BrokerError, match="no answer"):
            await once.answer("a", b"{}", asked)
    assert asked.done == 1


async def test_a_request_that_is_given_up_holds_up_nobody(clock):
    once, asked = Once[int](clock), Asked()
    asked.go_on.clear()
    first, second = (asyncio.create_task(once.answer("a", b"{}", asked)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    asked.go_on.set()
    assert await second == (2, False)


async def test_a_key_is_remembered_for_a_day(clock):
    once, asked = Once[int](clock), Asked()
    await once.answer("a", b"{}", asked)
    clock.at_ns += REMEMBERED_NS - 1
    assert await once.answer("a", b"{}", asked) == (1, True)
    clock.at_ns += 1
    assert await once.answer("a", b"{}", asked) == (2, False)


async def test_of_too_many_keys_the_oldest_are_forgotten_but_none_in_progress(clock, monkeypatch):
    monkeypatch.setattr(module, "KEYS_MAX", 2)
    once, asked = Once[int](clock), Asked()
    for key in "abc":
        await once.answer(key, b"{}", asked)
    assert await once.answer("c", b"{}", asked) == (3, True)
    assert await once.answer("a", b"{}", asked) == (4, False)
    slow = Asked()
    slow.go_on.clear()
    others = Once[int](clock)
    waits = [asyncio.create_task(others.answer(key, b"{}", slow)) for key in "abca"]
    await asyncio.sleep(0)
    slow.go_on.set()
    assert [number for number, _ in await asyncio.gather(*waits)] == [1, 2, 3, 1]


def test_a_key_names_a_trade_each_day():
    first, second, third = itertools.islice(names_of_key("a"), 3)
    assert len(first) == 13
    assert (second, third) == (f"{first}-2", f"{first}-3")
    assert next(names_of_key("\ud800")) != first


def test_a_trade_is_remembered_for_a_day():
    assert is_remembered(TRADE, REMEMBERED_NS - 1)
    assert not is_remembered(TRADE, REMEMBERED_NS)


REQUEST = TradeRequest(
    account="main",
    exchange="NSE",
    symbol="SBIN",
    product="MIS",
    side=Side.LONG,
    quantity=Decimal(10),
    entry_price=Decimal(800),
)
MADE = msgspec.structs.replace(TRADE, filled=Decimal(10), entry_notional=Decimal(8_000))


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, True),
        ({"symbol": "TCS"}, False),
        ({"strategy": "swing"}, False),
        ({"side": Side.SHORT}, False),
        ({"quantity": Decimal(9)}, False),
        ({"entry_price": Decimal(801)}, False),
        ({"tag": "x"}, False),
        ({"order_id": "B1", "entry_price": None}, False),
    ],
)
def test_a_trade_is_made_of_a_request_that_says_the_same(changes, answer):
    assert is_made_of(MADE, msgspec.structs.replace(REQUEST, **changes)) is answer


def test_a_trade_of_an_order_is_made_of_a_request_that_names_it():
    order = {"order_id": "B1", "quantity": None}
    request = msgspec.structs.replace(REQUEST, entry_price=None, **order)
    assert is_made_of(msgspec.structs.replace(MADE, **order), request)
