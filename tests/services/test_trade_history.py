"""Pages of trades that are over, whatever is looked for."""

import msgspec
import pytest

from tests.api.world import LONG, START_NS, running
from tests.services.test_trades import closed, ids
from tradebot.api.shapes import encoded
from tradebot.core.guard.trades import Reason
from tradebot.core.inputs import InstrumentsLoaded
from tradebot.errors import InputError
from tradebot.services import trade_history as module
from tradebot.services.trade_history import Chosen, number_of
from tradebot.services.trade_json import closed_trade


@pytest.fixture
async def world():
    async with running() as made:
        yield made


async def test_a_rare_reason_is_not_looked_for_without_end(world, monkeypatch):
    monkeypatch.setattr(module, "PAGE_MAX", 2)
    monkeypatch.setattr(module, "SCANNED_MAX", 4)
    await closed(world, 5)
    rare = Chosen(reason=Reason.STOP)
    page, cursor = await world.trades.history(chosen=rare, limit=1)
    assert (ids(page), cursor) == ([], "2")
    page, cursor = await world.trades.history(chosen=rare, limit=1, cursor="2")
    assert (ids(page), cursor) == ([], None)


async def test_no_page_is_larger_than_a_thousand(world):
    await world.trades.create(LONG)
    for limit in (0, -1, 1_001):
        with pytest.raises(InputError, match="limit"):
            await world.trades.history(limit=limit)


def test_a_cursor_is_a_trade_number():
    assert number_of(None) is None
    assert number_of("17") == 17


class Reads:
    """The numbers of the trades that were read from the database, read by read."""

    def __init__(self, store, monkeypatch):
        self.made = []
        self._history = store.history
        monkeypatch.setattr(store, "history", self.history)

    async def history(self, **asked):
        saved = await self._history(**asked)
        self.made.append([each.trade.number for each in saved])
        return saved


@pytest.fixture
def reads(world, monkeypatch):
    return Reads(world.store, monkeypatch)


async def page(world, **asked):
    rows, cursor = await world.trades.history(**asked)
    return [bytes(row) for row in rows], cursor


async def test_an_answer_from_what_is_kept_is_the_same_byte_for_byte(world, reads):
    await closed(world, 5)
    made = await page(world)
    assert await page(world) == made
    assert reads.made == [[5, 4, 3, 2, 1]]
    over = [saved.trade for saved in await world.store.history(limit=9)]
    assert made == ([encoded(closed_trade(world.book, trade)) for trade in over], None)
    assert await page(world, limit=2, cursor="4") == (made[0][2:4], "2")


async def test_only_what_is_not_kept_is_read(world, reads, monkeypatch):
    monkeypatch.setattr(module, "READ_AT_ONCE", 2)
    await closed(world, 7)
    await page(world, limit=2, cursor="6")
    assert reads.made == [[5, 4]]
    rows, _ = await world.trades.history()
    assert reads.made == [[5, 4], [7, 6], [3, 2], [1]]
    assert ids(rows) == ["T7", "T6", "T5", "T4", "T3", "T2", "T1"]


async def test_no_more_is_read_than_a_page_needs(world, reads, monkeypatch):
    monkeypatch.setattr(module, "READ_AT_ONCE", 2)
    await closed(world, 5)
    await page(world, chosen=Chosen(reason=Reason.MANUAL), limit=1)
    assert reads.made == [[5, 4]]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (Chosen(strategy="odd"), "T3 T1"),
        (Chosen(reason=Reason.MANUAL), "T4 T3 T2 T1"),
        (Chosen(reason=Reason.STOP), ""),
        (Chosen(from_ns=START_NS + 1_000_000_000, to_ns=START_NS + 3_000_000_000), "T3 T2"),
        (Chosen(from_ns=START_NS + 2_000_000_000, strategy="even"), "T4"),
    ],
)
async def test_what_is_kept_is_chosen_from_as_what_is_read_is(world, reads, chosen, found):
    await closed(world, 4)
    read = await page(world, chosen=chosen)
    await page(world)
    reads.made.clear()
    assert await page(world, chosen=chosen) == read
    assert " ".join(ids(map(msgspec.Raw, read[0]))) == found
    assert reads.made == []


async def test_a_multiplier_that_has_changed_is_in_the_next_answer(world):
    await closed(world, 1)
    (before,), _ = await page(world)
    (known,) = world.book.instruments.values()
    other = msgspec.structs.replace(known, multiplier=known.multiplier * 3)
    await world.loop.command(InstrumentsLoaded(instruments=(other,)))
    (after,), _ = await page(world)
    pnl = [msgspec.json.decode(row)["realized_pnl"] for row in (before, after)]
    assert pnl == [-90, -270]


async def test_a_trade_that_ends_while_a_page_is_read_pushes_none_out_of_it(world, monkeypatch):
    await closed(world, 5)
    history_keys = world.store.history_keys

    async def before_it_ended(**asked):
        return [key for key in await history_keys(**asked) if key.trade_id != "T4"]

    monkeypatch.setattr(world.store, "history_keys", before_it_ended)
    rows, _ = await world.trades.history(limit=9)
    assert ids(rows) == ["T5", "T3", "T2", "T1"]
