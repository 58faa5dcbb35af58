"""One turn after the other: urgent things first, the journal before the world, ticks in bounds."""

import asyncio
from decimal import Decimal

import pytest

from tests.services.guard import SECOND_NS, TRAIL, Guard, a_creation, a_fill, a_tick
from tests.stores.samples import an_execution
from tradebot.core.events import ExitDecided, TradeCreated
from tradebot.core.guard.trades import Rules
from tradebot.core.inputs import Timer, UpdateTrade
from tradebot.core.intents import PlaceOrder, Subscribe
from tradebot.core.records import ExecutionSaved, ExitSaved, Heard, Told, TradeSaved
from tradebot.core.words.levels import Level, Unit
from tradebot.errors import StoreError
from tradebot.services import loop as loop_module
from tradebot.stores.snapshot import Tables


def heard(guard) -> list[int]:
    return [record.seq for record in guard.journal.records if isinstance(record, Heard)]


# Order.


def test_what_is_urgent_comes_before_ticks_that_came_earlier():
    guard = Guard()
    guard.loop.tick(a_tick(780, "T1", seq=1))
    guard.loop.put(a_fill(a_creation("T1")))
    guard.loop.put(a_creation("T1"))
    guard.loop.turn()
    assert [order.client_order_id for order in guard.orders] == ["T1-x1"]


def test_ticks_are_judged_one_by_one_in_their_order():
    guard = Guard()
    guard.create("T1", rules=TRAIL)
    for seq, ltp in enumerate((801, 806, 799, 796.05, 796, 795), 1):
        guard.loop.tick(a_tick(ltp, "T1", seq))
    guard.loop.turn()
    decided = [o for outs, _ in guard.delivered for o in outs if isinstance(o, ExitDecided)]
    assert [(d.ltp, d.best_price, d.seq) for d in decided] == [(796, 806, 5)]
    assert guard.loop.waiting == 1
    guard.loop.turn()
    assert guard.loop.ticks_judged == 6


def test_a_turn_takes_no_more_ticks_than_its_share():
    guard = Guard()
    for seq in range(loop_module.TURN_TICKS + 1):
        guard.loop.tick(a_tick(800, seq=seq))
    guard.loop.turn()
    assert guard.loop.waiting == 1


# The journal before the world.


def test_an_order_is_delivered_after_its_decision_is_appended_and_synced():
    guard = Guard()
    guard.create("T1")
    guard.calls.clear()
    guard.loop.tick(a_tick(795, "T1", 1))
    guard.loop.turn()
    assert guard.calls == ["append", "sync", "keep", "deliver"]
    states = [r.exit.state for r in guard.journal.frames[-1] if isinstance(r, ExitSaved)]
    assert states == ["SENDING"]
    assert guard.delivered[-1][1]


def test_many_orders_of_one_turn_share_one_sync():
    guard = Guard()
    for number in range(1, 31):
        guard.create(f"T{number}", symbol="SBIN", product=f"P{number}")
    guard.calls.clear()
    guard.loop.tick(a_tick(780, "SBIN", 1))
    guard.loop.turn()
    assert len(guard.orders) == 30
    assert guard.calls == ["append", "sync", "keep", "deliver"]


def test_a_turn_without_an_order_does_not_wait_for_the_disk():
    guard = Guard()
    guard.create("T1")
    assert guard.calls == ["append", "keep", "deliver"]
    assert {Subscribe, TradeCreated} <= {type(o) for o in guard.delivered[0][0]}


async def test_a_command_is_answered_after_its_frame_and_with_its_own_outputs():
    guard = Guard()
    first = guard.loop.command(a_creation("T1"))
    second = guard.loop.command(a_creation("T2"))
    answered_before = list[bool]()
    guard.journal.on_append = lambda: answered_before.append(first.done() or second.done())
    guard.loop.turn()
    assert answered_before == [False]
    assert [o.trade_id for o in await first if isinstance(o, TradeCreated)] == ["T1"]
    assert [o.trade_id for o in await second if isinstance(o, TradeCreated)] == ["T2"]


async def test_a_command_whose_asker_has_gone_is_carried_out():
    guard = Guard()
    guard.loop.command(a_creation("T1")).cancel()
    guard.loop.turn()
    assert set(guard.book.trades) == {"T1"}


def test_the_database_is_given_each_turn_with_its_frame():
    guard = Guard()
    guard.create("T1")
    guard.create("T2")
    assert [frame for _, frame in guard.kept] == [1, 2]
    assert [records for records, _ in guard.kept] == guard.journal.frames


# How far the ticks have come.


def test_quiet_ticks_write_nothing_until_a_timer_comes():
    guard = Guard()
    guard.create("T1")
    for seq in range(1, 2_001):
        guard.loop.tick(a_tick(800, "T1", seq))
    while guard.loop.waiting:
        guard.loop.turn()
    assert guard.frames == 1
    guard.loop.put(Timer(3 * SECOND_NS))
    guard.loop.turn()
    assert heard(guard) == [0, 2_000]
    guard.loop.put(Timer(4 * SECOND_NS))
    guard.loop.turn()
    assert guard.frames == 2


def test_a_change_is_never_journaled_without_how_far_the_ticks_had_come():
    guard = Guard()
    guard.create("T1")
    for seq, ltp in ((1, 800), (2, 799), (3, 795)):
        guard.loop.tick(a_tick(ltp, "T1", seq))
    guard.loop.turn()
    assert heard(guard) == [0, 3]


def test_each_timer_that_was_taken_is_a_pulse():
    guard = Guard()
    for _ in range(3):
        guard.loop.put(Timer(SECOND_NS))
    guard.loop.turn()
    assert guard.pulses == 3


def test_the_last_turns_of_a_life_write_all_that_is_left():
    guard = Guard()
    guard.create("T1")
    for seq in range(1, 1_000):
        guard.loop.tick(a_tick(800, "T1", seq))
    guard.loop.put(a_creation("T2"))
    guard.loop.finish()
    assert guard.loop.waiting == 0
    assert heard(guard)[-1] == 999
    assert set(guard.book.trades) == {"T1", "T2"}


# A journal that refuses.


def test_a_journal_that_refuses_makes_orders_unsafe_and_is_told_once():
    guard = Guard()
    guard.create("T1", "T2")
    guard.journal.refuses = {"append"}
    for name in ("T1", "T2"):
        guard.loop.tick(a_tick(780, name, 1))
        guard.loop.turn()
    assert [is_safe for _, is_safe in guard.delivered[1:]] == [False, False]
    assert guard.said.lines == [
        ("journal.failed", "critical", {"error": "the disk refuses to append"})
    ]
    guard.journal.refuses = set()
    guard.loop.put(Timer(SECOND_NS))
    guard.loop.turn()
    guard.create("T3")
    assert guard.said.events == ["journal.failed", "journal.back"]
    guard.journal.refuses = {"append"}
    guard.create("T4")
    assert guard.said.events == ["journal.failed", "journal.back", "journal.failed"]


def test_a_disk_that_refuses_only_the_sync_makes_orders_unsafe():
    guard = Guard()
    guard.create("T1")
    guard.journal.refuses = {"sync"}
    guard.loop.tick(a_tick(780, "T1", 1))
    guard.loop.turn()
    assert guard.delivered[-1][1] is False
    guard.create("T2")
    guard.loop.put(Timer(SECOND_NS))
    guard.loop.turn()
    assert guard.said.events == ["journal.failed"], "an append says nothing of the disk"
    guard.journal.refuses = set()
    guard.loop.put(Timer(SECOND_NS))
    guard.loop.turn()
    assert guard.said.events == ["journal.failed", "journal.back"]


def test_what_the_journal_refused_is_in_the_next_frame_that_it_takes():
    guard = Guard()
    guard.create("T1", "T2")
    guard.journal.refuses = {"append"}
    guard.loop.put(an_execution("e1").execution)
    guard.loop.turn()
    guard.create("T3")
    guard.journal.refuses = set()
    guard.loop.tick(a_tick(795, "T1", 1))  # an order: it is tried again for it
    guard.loop.turn()
    assert guard.delivered[-1][1] is True
    last = guard.journal.frames[-1]
    assert [r.execution.execution_id for r in last if isinstance(r, ExecutionSaved)] == [
        "e1",
        "entry of T3",
    ]
    assert [r.trade.trade_id for r in last if isinstance(r, TradeSaved)] == ["T3", "T1"]
    tables = Tables()
    for record in guard.journal.records:
        tables.apply(record)
    assert {name: s.trade for name, s in tables.trades.items()} == guard.book.trades


def test_what_the_journal_refused_waits_with_its_newest_state_only():
    guard = Guard()
    guard.journal.refuses = {"append"}
    guard.create("T1")
    guard.loop.tick(a_tick(795, "T1", 1))
    guard.loop.turn()
    guard.journal.refuses = set()
    guard.loop.put(Timer(SECOND_NS))
    guard.loop.turn()
    trades = [r.trade for r in guard.journal.records if isinstance(r, TradeSaved)]
    assert trades == [guard.book.trades["T1"]]
    told = [r.number for r in guard.journal.records if isinstance(r, Told)]
    assert told == list(range(1, guard.book.lines_told + 1))


def test_while_the_journal_refuses_it_is_tried_for_orders_and_timers_alone():
    guard = Guard()
    guard.create("T1")
    guard.journal.refuses = {"append"}
    guard.create("T2")
    guard.calls.clear()
    for number in range(10):
        guard.create(f"N{number}")
    assert "append" not in guard.calls
    guard.loop.put(Timer(SECOND_NS))
    guard.loop.turn()
    assert guard.calls.count("append") == 1
    guard.loop.tick(a_tick(780, "T1", 1))
    guard.loop.turn()
    assert guard.calls.count("append") == 2


def test_the_database_is_given_what_the_journal_refused_under_the_last_frame_it_took():
    guard = Guard()
    guard.create("T1")
    guard.journal.refuses = {"append"}
    guard.create("T2")
    assert [frame for _, frame in guard.kept] == [1, 1]


def test_bringing_the_journal_to_the_disk_brings_what_it_had_refused():
    guard = Guard()
    guard.journal.refuses = {"append"}
    guard.create("T1")
    with pytest.raises(StoreError, match="append"):
        guard.loop.sync()
    guard.journal.refuses = set()
    guard.loop.sync()
    assert [r.trade.trade_id for r in guard.journal.records if isinstance(r, TradeSaved)] == ["T1"]
    assert guard.calls[-1] == "sync"
    guard.loop.sync()
    assert guard.frames == 1
    guard.journal.refuses = {"sync"}
    with pytest.raises(StoreError, match="sync"):
        guard.loop.sync()


# A turn that breaks.


async def test_after_a_turn_that_broke_nothing_half_done_becomes_durable():
    guard = Guard()
    guard.create("T1")
    before = list(guard.journal.frames)
    guard.loop.engine.process = _breaking(guard.loop.engine)  # type: ignore[method-assign]
    asked = guard.loop.command(a_creation("T2"))
    guard.loop.put(Timer(SECOND_NS))
    behind = guard.loop.command(a_creation("T3"))
    with pytest.raises(AssertionError, match="of our own"):
        guard.loop.turn()
    guard.loop.finish()
    assert guard.journal.frames == before
    assert asked.cancelled()
    assert behind.cancelled()
    assert guard.loop.command(a_creation("T4")).cancelled()
    with pytest.raises(AssertionError):
        guard.loop.turn()


def _breaking(engine):
    process = engine.process

    def broken(item):
        if type(item) is Timer:
            raise AssertionError("a promise of our own")
        return process(item)

    return broken


# Tasks around it.


async def test_the_loop_takes_what_comes_and_lets_others_run_between_turns():
    guard = Guard()
    task = asyncio.create_task(guard.loop.run())
    answer = await guard.loop.command(a_creation("T1"))
    assert [o.trade_id for o in answer if isinstance(o, TradeCreated)] == ["T1"]
    for seq in range(2_000):
        guard.loop.tick(a_tick(800, "T1", seq))
    others = 0
    while guard.loop.waiting:
        others += 1
        await asyncio.sleep(0)
    assert others >= 2_000 // loop_module.TURN_TICKS
    task.cancel()


async def test_a_fast_source_waits_for_room_and_goes_on():
    guard = Guard()
    await guard.loop.room()
    for seq in range(loop_module.ROOM + 1):
        guard.loop.tick(a_tick(800, seq=seq))
    waiting = asyncio.create_task(guard.loop.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    guard.loop.turn()
    await waiting


async def test_ticks_that_outnumber_the_engine_are_thinned_and_the_extreme_still_decides():
    guard = Guard()
    guard.create("T1")
    for seq in range(1, loop_module.TICKS_MAX + 2):
        guard.loop.tick(a_tick(795 if seq == 30_000 else 800, "T1", seq))
    assert guard.loop.waiting == 3
    guard.loop.finish()
    assert [order.client_order_id for order in guard.orders] == ["T1-x1"]
    assert isinstance(guard.orders[0], PlaceOrder)


async def test_edits_without_end_leave_a_bounded_index_in_idle_moments():
    guard = Guard()
    guard.loop.command(a_creation("T1", rules=TRAIL))
    guard.loop.command(a_creation("T2", symbol="T1"))  # its nearer stop hides what is dead below
    running = asyncio.create_task(guard.loop.run())
    far = Rules(stop=Level(Unit.PRICE, Decimal(1)))  # its entries are never reached
    for number in range(300):
        edit = UpdateTrade(trade_id="T1", rules=far, at_ns=number)
        await guard.loop.command(edit)
    assert entries(guard) > 300
    guard.loop.put(Timer(SECOND_NS))
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()
    assert entries(guard) == 2


def entries(guard) -> int:
    """Return how many entries the index's heap of stops holds, dead ones too."""
    (line,) = guard.loop.engine.book.lines.values()
    return sum(len(triggers._stops) for triggers in line.sides.values())
