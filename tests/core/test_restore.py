"""A restart goes on where the last life stood, to the tick."""

import msgspec
import pytest

from tests.core.found_stories import FoundStory
from tests.playbook import Playbook, a_trade
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import Acked, Refused, Unknown
from tradebot.core.intents import QueryOrder, ReadBook, ReadOrder, ReadPosition
from tradebot.core.leaving.halt import Form, Halt
from tradebot.core.policy import ExitPolicy, Policy


@pytest.mark.parametrize("side", ["LONG", "SHORT"])
@pytest.mark.parametrize(
    "words",
    [
        {"trail": "5pts"},
        {"trail": "1%"},
        {"trail": "5pts", "step": "2pts"},
        {"trail": "5pts", "activation": "3pts"},
        {"trail": "5pts", "activation": "1pts", "step": "0.5%"},
        {"trail": "5pts", "breakeven": "2pts"},
        {"trail": "5pts", "target": [("1pts", "3"), ("20pts", None)]},
    ],
)
def test_the_best_price_of_every_kind_of_trail_survives_a_kill_at_any_tick(side, words):
    sign = 1 if side == "LONG" else -1
    story = Playbook(a_trade(side=side, **words))
    for gain in (0.5, 1.1, 2.3, 3.0, 4.45, 6.1, 5.0, 8.7, 8.6, 9.95):
        assert story >> 800 + sign * gain
        alive = story.trade()
        assert story.restarted().trade() == alive
    assert alive.marks.best_price == 800 + sign * 9.95


def test_what_a_backup_holds_open_is_left_where_everything_was_to_be_left():
    story = Playbook(a_trade(stop="5pts"))
    story.store.halt = Halt(form=Form.FLATTEN, why="news", at_ns=1, version=1)
    assert story.restarted() << "halt"
    assert story >> "5s"
    assert story.trade().status is Status.CLOSED


def test_highs_of_before_a_restart_never_lift_a_trade_that_came_later():
    story = Playbook(a_trade(trail="5pts")) >> 806 >> 807
    story.restarted().create(a_trade(trail="5pts", entry="803"))
    assert story.trade("T2").marks.best_price == 803
    assert story >> 806.5
    alive = story.trade("T1"), story.trade("T2")
    assert [trade.marks.best_price for trade in alive] == [807, 806.5]
    story.restarted()
    assert (story.trade("T1"), story.trade("T2")) == alive


def test_highs_lift_no_trade_that_was_not_judged():
    story = Playbook(
        a_trade(trail="5pts"),
        a_trade(trail="5pts", stop="@850", past_stop="ask"),
        a_trade(trail="5pts", target=[("1pts", None)]),
        broker=False,
    )
    assert story >> 801 >> 806 << "target @ 801"
    assert story.trade("T2").unguarded
    before = [story.trade(name) for name in ("T1", "T2", "T3")]
    story.restarted()
    assert [story.trade(name) for name in ("T1", "T2", "T3")] == before


def test_numbers_go_on_where_they_were():
    story = Playbook(a_trade(stop="5pts")) >> 801
    story.engine.hear(story.tick(801))
    heard, told = story.book.heard_seq, story.book.lines_told
    story >> "1s"
    story.restarted()
    assert (story.book.heard_seq, story.book.lines_told, story.book.trades_made) == (heard, told, 1)
    assert story.create(a_trade()).book.trades["T2"].number == 2


def test_a_book_that_is_empty_restores_to_an_empty_one():
    story = Playbook().restarted()
    assert (story.book.trades, story.wanted, story.book.heard_seq) == ({}, [], 0)


def test_a_book_is_restored_once_and_before_anything_else():
    story = Playbook(a_trade())
    with pytest.raises(AssertionError):
        story.engine.restore(story.store.snapshot(), 0)


def leaving(*answers):
    """A trade of ten that is known to the broker, at its stop, after these answers."""
    story = Playbook(broker=False).fill(None, "10", side="BUY", order_id="E")
    story.create(a_trade(stop="5pts")) >> 795
    for answer in answers:
        story.reply("T1-x1", answer)
    return story


@pytest.mark.parametrize("answers", [[], [Unknown("timeout")]])
def test_what_was_on_the_wire_is_in_doubt_and_is_asked_for_at_once(answers):
    story = leaving(*answers).restarted()
    assert story.wants(QueryOrder)[-1].client_order_id == "T1-x1"
    assert story >> "10s"
    assert story.orders == ["T1-x1 SELL 10"]
    story >> story.query_reply("T1-x1") >> "1s"
    assert story.orders == ["T1-x1 SELL 10"]  # what is held is read after it, and not before
    story >> story.net("10") >> "1s"
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_what_works_is_asked_for_with_the_first_timer():
    story = leaving(Acked("B1")).restarted()
    assert story.wants(QueryOrder) == []
    assert len((story >> "1s").wants(QueryOrder)) == 1
    story.fill("T1-x1", "10")
    assert story.trade().status is Status.CLOSED


def test_what_waits_goes_on_waiting():
    story = leaving(Refused("margin")).restarted()
    story >> story.net("10")
    assert story.orders == ["T1-x1 SELL 10"]
    assert (story >> "1s").orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_a_net_that_was_being_read_is_read_again():
    story = Playbook(a_trade(stop="5pts"), broker=False) >> 795
    assert len(story.wants(ReadPosition)) == 1
    assert len(story.restarted().wants(ReadPosition)) == 2


def test_an_execution_of_an_earlier_life_counts_once():
    story = leaving()
    story.fill("T1-x1", "4", execution_id="X1").restarted().fill("T1-x1", "4", execution_id="X1")
    assert story.trade().exited == 4


def test_others_orders_are_known_to_trades_that_are_bound_to_them_later():
    story = Playbook(broker=False).fill(None, "4", side="BUY", order_id="E1").restarted()
    assert story.create(a_trade(order_id="E1")).trade().filled == 4


def test_an_entry_is_settled_by_what_its_trade_has_however_old_its_executions_are():
    story = Playbook(broker=False).create(a_trade(order_id="E1", stop="5pts"))
    story.fill(None, "4", side="BUY", order_id="E1")
    story.store.executions.clear()  # the store remembers two days
    story.restarted() >> 795
    story.fill("T1-x1", "4")
    assert story.trade().status is Status.TRIGGERED
    story >> story.report(None, "complete", filled="4", order_id="E1")
    assert story.trade().status is Status.CLOSED


def test_a_pending_trade_waits_for_its_entry_and_asks_for_it():
    story = Playbook(a_trade(order_id="E1", stop="5pts"), broker=False).restarted() >> "1s"
    assert len(story.wants(ReadOrder)) == 2
    assert story.fill(None, "4", side="BUY", order_id="E1").trade().status is Status.ACTIVE


def test_time_exits_survive():
    assert (Playbook(a_trade(after="10s")) >> "9s").restarted() >> "1s" << "time"


@pytest.mark.parametrize("is_old", [False, True])
def test_a_time_of_day_survives_also_of_a_version_that_kept_no_other_clock(is_old):
    story = Playbook(a_trade(at="15:10"))
    due_ns = story.trade().deadline_ns
    saved = story.store.trades["T1"]
    if is_old:
        trade = msgspec.structs.replace(saved.trade, clock_time_ns=None)
        story.store.trades["T1"] = msgspec.structs.replace(saved, trade=trade)
    trade = story.restarted().trade()
    assert (trade.deadline_ns, trade.clock_time_ns) == (due_ns, due_ns)


def test_who_waits_for_a_first_price_waits_again():
    story = Playbook(a_trade(stop="5pts", past_stop="from_here")).restarted()
    assert story >> 790 << None
    assert story >> 785 << "stop @ 785"


def test_where_only_the_order_book_tells_of_requests_it_is_read_before_anything_is_sent():
    policy = Policy(exits=ExitPolicy(tagged=False))
    story = Playbook(policy=policy, broker=False).fill(None, "10", side="BUY", order_id="B1")
    story.create(a_trade(stop="5pts")).restarted()
    assert story.wants(ReadBook) == [ReadBook("A1")]


def test_pauses_after_a_start_are_counted_from_the_start():
    story = Playbook(a_trade(stop="5pts")) >> 801
    restarted = story.restarted()
    assert restarted.book.now_ns == story.now_ns


def test_what_was_found_goes_on_being_known():
    story = FoundStory().holds("10") >> "20s"
    before = story.book.findings
    assert story.restarted().book.findings == before


def test_after_a_clock_was_set_back_a_position_was_left_no_later_than_the_start():
    story = Playbook(a_trade(stop="5pts")) >> 795 >> "5s"
    assert story.trade().status is Status.CLOSED
    story.now_ns -= 3_600 * 10**9
    (position,) = story.restarted().book.positions.values()
    assert position.left is not None
    assert position.left.at_ns == story.now_ns
