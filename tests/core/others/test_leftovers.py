"""What others have resting where our exit has left nothing, whenever it is heard of."""

from decimal import Decimal

import msgspec
import pytest

from tests.core.exit_stories import leaving
from tests.core.persons_orders import cancels, guarding, left, target, told
from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.events import OrderRests, TradeClosed
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import Acked, BookReply, HaltTrading, OrderSide
from tradebot.core.leaving.halt import Form
from tradebot.core.others import leftovers


def heard(story, order_id="P1", *, ago="30s", **words):
    """Let the broker tell late of a stop to sell ten, which was placed a while ago."""
    story >> row(story, order_id, ago=ago, **words)
    return story


def row(story, order_id="P1", state="open", *, ago="30s", **words):
    fields = {"trigger": Decimal(790), "quantity": Decimal(10)} | words
    report = story.report(None, state, order_id=order_id)
    at_ns = story.now_ns - int(ago.removesuffix("s")) * 10**9
    return msgspec.structs.replace(report, at_ns=at_ns, **fields)


def named(story):
    return [rests.order_id for rests in story.events(OrderRests)]


# What is known when the trade is over.


def test_what_was_placed_while_the_exit_was_under_way_is_cancelled_once_nothing_is_left():
    story = left(told(guarding() >> 795))
    assert cancels(story) == ["P1"]
    told(story, state="cancelled") >> "1m"
    assert cancels(story) == ["P1"]


def test_what_is_to_be_left_alone_is_named_there():
    story = left(told(guarding("leave") >> 795))
    assert (cancels(story), [e.net for e in story.events(OrderRests)]) == ([], [0])


def test_what_rests_where_somebody_else_has_left_is_named_and_not_touched():
    story = target(guarding())
    told(story, "P2") >> "1s"
    story.fill(None, "10", order_id="P2")
    story >> 795
    assert story.flat(40).events(TradeClosed)[0].status is Status.CLOSED_EXTERNAL
    assert (cancels(story), story.events(OrderRests)[-1].net) == ([], 0)


def test_where_no_execution_was_ever_seen_there_is_nothing_to_remember():
    story = told(Playbook(a_trade(stop="5pts"), broker=False) >> 795)
    assert story.flat(40).trade().status is Status.CLOSED_EXTERNAL
    assert (named(story)[-1], story.book.positions.get(KEY)) == ("P1", None)


def test_an_order_of_one_that_is_being_cancelled_already_is_not_asked_for_twice():
    story = target(guarding()) >> 795
    assert cancels(story) == ["P1"]
    left_early = story.reply("T1-x1", Acked("B-T1-x1"))
    left_early >> "16s"
    asked = len(cancels(story))
    story.reply("T1-x1", Acked("B-T1-x1")).fill("T1-x1", "10")
    assert story.trade().status is Status.CLOSED
    assert len(cancels(story)) == asked
    assert story >> "40s"
    assert len(cancels(story)) > asked


def test_what_rests_where_something_is_left_stays():
    story = left(told(guarding(quantity=20) >> 795))
    assert cancels(story) == []


# What is heard of only then.


def test_a_stop_that_is_heard_of_once_its_position_is_left_is_cancelled():
    story = heard(left(guarding() >> 795) >> "5s") >> "1s"
    assert (cancels(story), named(story)) == (["P1"], [])
    assert heard(story, state="cancelled") >> "1m"
    assert cancels(story) == ["P1"]


def test_it_is_asked_for_a_bounded_number_of_times_there_too_and_then_named():
    story = heard(left(guarding() >> 795) >> "5s") >> "20m"
    assert 5 < len(cancels(story)) <= 10
    assert named(story) == ["P1"]


def test_a_row_of_an_order_book_that_follows_the_one_that_ended_the_trade_is_cancelled_at_once():
    story = leaving()
    story.reply("T1-x1", Acked("B-T1-x1")).fill("T1-x1", "10")
    entered = story.create(a_trade(trade_id="T2", order_id="E2", stop="5pts"))
    entered.fill(None, "10", side="BUY", order_id="E2") >> "1s" >> 795
    story.reply("T2-x1", Acked("B-T2-x1")).fill("T2-x1", "10")
    assert story.trade("T2").status is Status.TRIGGERED  # its entry may bring more
    rows = (
        row(story, "E2", "complete", side=OrderSide.BUY, filled=Decimal(10), trigger=None),
        row(story, "P1", ago="1s"),
    )
    story.process(BookReply(orders=rows, at_ns=story.now_ns))
    assert (story.trade("T2").status, cancels(story)) == (Status.CLOSED, ["P1"])


def test_to_be_left_alone_it_is_named_then_too():
    story = heard(left(guarding("leave") >> 795) >> "5s") >> "1m"
    assert (cancels(story), named(story)) == ([], ["P1"])


def test_under_a_halt_it_is_named():
    story = left(guarding() >> 795)
    story.process(HaltTrading(form=Form.EVERYTHING, why="stop", at_ns=story.now_ns))
    assert (cancels(heard(story) >> "30s"), named(story)) == ([], ["P1"])


def test_where_somebody_else_has_left_it_is_named_and_not_touched():
    story = guarding()
    story.fill(None, "10", order_id="P2")
    story >> 795
    assert story.flat(40).trade().status is Status.CLOSED_EXTERNAL
    assert heard(story, ago="50s") >> "1m"
    assert (cancels(story), named(story)) == ([], ["P1"])


def test_what_was_placed_after_the_position_was_left_is_somebodys_new_plan():
    story = heard(left(guarding() >> 795) >> "5s", ago="4s") >> "1m"
    assert (cancels(story), named(story)) == ([], [])


def test_what_would_have_left_nothing_of_ours_stays():
    story = heard(left(guarding() >> 795) >> "5s", side=OrderSide.BUY) >> "1m"
    assert (cancels(story), named(story)) == ([], [])


def test_what_is_on_its_way_to_its_fill_is_not_called_back():
    story = heard(left(guarding() >> 795) >> "2s", trigger=None) >> "4s"
    assert cancels(story) == []
    assert set(cancels(story >> "2s")) == {"P1"}


def test_what_is_over_is_nobodys_news():
    story = heard(left(guarding() >> 795) >> "2s", state="complete", filled=Decimal(10)) >> "5s"
    assert (cancels(story), named(story)) == ([], [])


def test_an_order_that_nobody_remembers_any_more_is_passed_over():
    story = heard(left(guarding() >> 795) >> "2s", trigger=None)
    story.book.orders.keep(lambda _order: False)
    leftovers.wake(story.book, story.now_ns)
    assert cancels(story) == []


def test_once_something_is_held_again_it_may_guard_that():
    story = left(guarding() >> 795)
    story.fill(None, "10", side="BUY", order_id="E2")
    assert heard(story) >> "1m"
    assert (cancels(story), named(story)) == ([], [])


def test_a_new_trade_there_has_a_use_for_it():
    story = left(guarding() >> 795)
    story.create(a_trade(stop="50pts"))
    assert heard(story) >> "10s"
    assert (cancels(story), [rests.order_id for rests in story.events(OrderRests)]) == ([], ["P1"])


# A process that ends before it has heard of it.


@pytest.mark.parametrize("persons", ["ask", "cancel_first", "leave"])
def test_after_a_start_a_person_is_told_of_what_an_earlier_life_did_not_hear_of(persons):
    story = left(guarding(persons) >> 795).restarted()
    assert heard(story >> "2s") >> "1m"
    assert (cancels(story), named(story)) == ([], ["P1"])
    assert [rests.net for rests in story.events(OrderRests)] == [0]


def test_a_cancel_that_died_with_its_process_is_a_persons_to_repeat():
    story = left(told(guarding() >> 795))
    assert cancels(story) == ["P1"]
    assert heard(story.restarted()) >> "1m"
    assert (cancels(story), named(story)) == (["P1"], ["P1"])


def test_it_is_told_again_after_each_start():
    story = heard(left(guarding() >> 795).restarted()) >> "2s"
    assert named(heard(story.restarted()) >> "2s") == ["P1", "P1"]


def test_where_a_broker_does_not_say_when_it_was_placed_it_is_told_of_after_a_start():
    story = left(guarding() >> 795).restarted()
    assert heard(story >> "4m", ago="0s") >> "1m"
    assert named(story) == ["P1"]


def test_what_is_placed_in_a_later_life_is_somebodys_new_plan():
    story = left(guarding() >> 795).restarted()
    assert heard(story >> "6m", ago="0s") >> "1m"
    assert named(story) == []


def test_what_executes_while_nobody_looks_ends_what_was_remembered():
    story = left(guarding() >> 795).restarted()
    story.fill(None, "10", side="BUY", order_id="E2")
    assert heard(story) >> "1m"
    assert named(story) == []


def test_a_clock_that_was_set_back_meanwhile_makes_no_exit_of_an_earlier_life_ours():
    story = left(guarding() >> 795)
    story.now_ns -= 3_600 * 10**9
    assert heard(story.restarted()) >> "1m"
    assert (cancels(story), named(story)) == ([], ["P1"])
