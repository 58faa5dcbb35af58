"""A halt holds until a person releases it, across restarts, and loses no decision."""

import pytest

from tests.playbook import Playbook, a_trade
from tradebot.core.events import (
    ExitDecided,
    Halted,
    HaltRefused,
    NothingIsSent,
    Released,
    TradeClosed,
    TradeRefused,
)
from tradebot.core.guard.trades import Reason, Status
from tradebot.core.inputs import (
    Acked,
    ExitTrade,
    HaltTrading,
    Refused,
    Release,
    UpdateTrade,
)
from tradebot.core.leaving.halt import Form
from tradebot.core.market.instruments import Instrument

TCS = Instrument(exchange="NSE", symbol="TCS")


def halted(story, form, why="margin call"):
    story.process(HaltTrading(form=Form(form), why=why, at_ns=story.now_ns))
    return story


def released(story, why="all is well"):
    story.process(Release(why=why, at_ns=story.now_ns))
    return story


@pytest.mark.parametrize("form", Form)
def test_no_form_takes_a_new_trade_and_says_why(form):
    story = halted(Playbook(), form)
    story.create(a_trade(stop="1%"))
    (refused,) = story.events(TradeRefused)
    assert refused.field == "halt"
    assert refused.why == f"no new trade is taken: a person halted ({form}): margin call"
    assert not story.book.trades
    released(story).create(a_trade(stop="1%"))
    assert list(story.book.trades) == ["T1"]


def test_exits_go_on_while_entries_are_halted():
    story = halted(Playbook(a_trade(stop="5pts")), "entries")
    assert story >> 801 >> 795 << "stop @ 795"
    assert story >> "1s"
    assert story.trade().status is Status.CLOSED


def test_flatten_leaves_every_trade_and_takes_no_more():
    story = Playbook(a_trade(stop="5pts"), a_trade(target="9pts"), a_trade())
    halted(story >> 801, "flatten")
    assert story << ["halt", "halt", "halt"]
    assert story >> "5s"
    assert [event.reason for event in story.events(TradeClosed)] == [Reason.HALT] * 3


def test_flatten_leaves_shorts_before_longs_and_the_largest_first():
    small, large = a_trade(quantity="1"), a_trade(quantity="20")
    short = a_trade(side="SHORT", quantity="2", symbol="TCS")
    without_a_price = a_trade(entry="900", quantity="20", symbol="INFY")
    story = Playbook(small, large, short, without_a_price, instruments=[TCS]) >> 801
    halted(story, "flatten")
    decided = [event.trade_id for event in story.events(ExitDecided)]
    assert decided == ["T3", "T4", "T2", "T1"]


def test_flatten_waits_for_what_is_being_left_already():
    story = Playbook(a_trade(stop="5pts"), broker=False)
    story.fill(None, "10", side="BUY")
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    halted(story, "flatten")
    assert story << "manual"
    assert story.orders == ["T1-x1 SELL 10"]


@pytest.mark.parametrize(
    ("form", "status"),
    [("entries", Status.ACTIVE), ("flatten", Status.TRIGGERED), ("everything", Status.ACTIVE)],
)
def test_what_enters_during_a_halt_is_guarded_or_left(form, status):
    story = Playbook(a_trade(order_id="E1", stop="5pts"), broker=False)
    halted(story, form)
    story.fill(None, "4", side="BUY", order_id="E1")
    assert story.trade().status is status
    assert story.trade().filled == 4
    if form == "flatten":
        assert story << "halt"
        story.fill(None, "3", side="BUY", order_id="E1")
        assert story << "halt for 3"


def test_everything_sends_nothing_and_keeps_each_decision():
    story = halted(Playbook(a_trade(stop="5pts"), a_trade(stop="6pts")), "everything")
    assert story >> 801 >> 794 << ["stop @ 795", "stop @ 794"]
    assert story >> "10s"
    assert story.orders == []
    assert story.trade("T1").status is Status.TRIGGERED
    released(story)
    assert story >> "5s"
    assert story.orders == ["T1-x1 SELL 10", "T2-x1 SELL 10"]
    assert {event.status for event in story.events(TradeClosed)} == {Status.CLOSED}


def test_what_was_on_its_way_when_everything_was_halted_is_heard_out():
    story = Playbook(a_trade(stop="5pts"), broker=False)
    story.fill(None, "10", side="BUY")
    assert story >> 795 << "stop @ 795"
    halted(story, "everything").reply("T1-x1", Refused("margin"))
    assert story >> "2m"
    assert story.orders == ["T1-x1 SELL 10"]
    story.read("10")
    assert story.orders == ["T1-x1 SELL 10"]
    released(story)
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_an_exit_by_hand_waits_for_the_release_too():
    story = halted(Playbook(a_trade(stop="5pts")), "everything")
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    assert story >> "1s" << "manual"
    assert story.orders == []
    released(story)
    assert story >> "1s"
    assert story.orders == ["T1-x1 SELL 10"]


def test_rules_may_be_changed_while_everything_is_halted():
    story = halted(Playbook(a_trade(stop="5pts")), "everything")
    rules = a_trade(stop="9pts").rules
    story.process(UpdateTrade(trade_id="T1", rules=rules, at_ns=story.now_ns))
    assert story >> 795 << None
    assert story >> 791 << "stop @ 791"


def test_that_nothing_is_sent_is_said_at_once_and_every_minute():
    story = halted(Playbook(a_trade(stop="5pts")), "everything")
    assert story >> 795 << "stop @ 795"
    assert story >> "2m"
    said = story.events(NothingIsSent)
    assert [(event.halted_s, event.exits_waiting, event.why) for event in said] == [
        (0, 0, "margin call"),
        (60, 1, "margin call"),
        (120, 1, "margin call"),
    ]
    released(story)
    assert story >> "5m"
    assert len(story.events(NothingIsSent)) == 3


@pytest.mark.parametrize("form", ["entries", "flatten"])
def test_the_other_forms_are_not_repeated(form):
    story = halted(Playbook(), form)
    assert story >> "5m"
    assert story.events(NothingIsSent) == []


def test_a_halt_survives_the_death_of_the_daemon():
    story = halted(Playbook(a_trade(stop="5pts")), "everything")
    assert story >> 795 << "stop @ 795"
    story.restarted()
    assert (story.book.halt.form, story.book.halt.why) == (Form.EVERYTHING, "margin call")
    assert story >> "20s"
    assert story.orders == []
    assert len(story.events(NothingIsSent)) == 2  # said again by the new life
    released(story).restarted()
    assert (story.book.halt.form, story.book.halt.version) == (None, 2)
    assert story >> "20s"
    assert story.orders == ["T1-x1 SELL 10"]


def test_what_a_restored_store_still_holds_open_is_left_after_a_flatten():
    story = Playbook(a_trade(stop="5pts"))
    before = story.store.snapshot()  # a backup from before the halt
    halted(story, "flatten")
    assert story << "halt"
    story.store.trades.clear()
    story.store.exits.clear()
    story.store.trades.update({saved.trade.trade_id: saved for saved in before.trades})
    story.restarted()
    assert story << "halt"


def test_a_stronger_form_replaces_a_milder_one():
    story = halted(Playbook(a_trade(stop="5pts")), "entries", "lunch")
    halted(story, "everything", "the broker is mad")
    assert [(event.form, event.why) for event in story.events(Halted)] == [
        (Form.ENTRIES, "lunch"),
        (Form.EVERYTHING, "the broker is mad"),
    ]
    assert story.book.halt.version == 2


def test_a_milder_form_is_refused_because_it_would_release():
    story = halted(Playbook(a_trade(stop="5pts")), "everything")
    halted(story, "flatten")
    (refused,) = story.events(HaltRefused)
    assert refused.why == "the halt in force (everything) is the stronger one: release it first"
    assert story.book.halt.form is Form.EVERYTHING
    assert story << None


def test_the_same_form_again_changes_nothing():
    story = halted(Playbook(), "entries", "first")
    assert halted(story, "entries", "second").book.halt.why == "first"
    assert len(story.events(Halted)) == 1


def test_a_release_without_a_halt_is_refused():
    story = released(Playbook())
    assert [event.why for event in story.events(HaltRefused)] == ["nothing is halted"]
    assert story.book.halt.version == 0


def test_a_release_says_what_it_ends():
    story = released(halted(Playbook(), "flatten"))
    assert [(event.was, event.why) for event in story.events(Released)] == [
        (Form.FLATTEN, "all is well")
    ]


@pytest.mark.parametrize("form", ["entries", "flatten"])
def test_a_release_of_a_milder_form_sends_nothing_new(form):
    story = halted(Playbook(), form)
    released(story)
    assert story.orders == []


def test_a_trade_that_is_answered_while_everything_is_halted_closes():
    story = Playbook(a_trade(stop="5pts"), broker=False)
    story.fill(None, "10", side="BUY")
    assert story >> 795 << "stop @ 795"
    halted(story, "everything").reply("T1-x1", Acked("B1"))
    story.fill("T1-x1", "10", "795")
    assert story.trade().status is Status.CLOSED


def test_a_trade_that_another_ones_leaving_let_send_is_left_as_it_stands_then():
    """No order name is used twice: each trade is taken from the book when its turn comes."""
    target = a_trade(trade_id="T2", target=[("5pts", "4")], stop="50pts")
    story = Playbook(broker=False).fill(None, "20", side="BUY", order_id="E1")
    story.create(a_trade(stop="50pts")).create(target) >> 805
    story.reply("T2-x1", Refused("margin"))
    story.now_ns += 2_000_000_000  # its pause is over, and no timer has said so yet
    story.process(HaltTrading(form=Form.FLATTEN, why="enough", at_ns=story.now_ns))
    names = [order.split()[0] for order in story.orders]
    assert len(names) == len(set(names))
