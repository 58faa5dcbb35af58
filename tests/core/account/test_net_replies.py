"""What the broker says that it holds, in time, too late, wrongly or not at all."""

import pytest

from tests.core.exit_stories import leaving, state_of, unheld
from tests.core.found_stories import FoundStory
from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.events import BookDiffers, TradeStuck
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import (
    NoAction,
    Refused,
)
from tradebot.core.intents import ReadPosition
from tradebot.core.leaving.exit import State
from tradebot.core.policy import Policy


def test_a_position_that_was_there_before_us_is_read_and_then_left():
    story = unheld().read("10")
    assert story.events(BookDiffers)[0].broker == 10
    assert story.orders == ["T1-x1 SELL 10"]


@pytest.mark.parametrize("between", [None, "10"])
def test_a_single_flat_read_closes_nothing_however_often_others_failed(between):
    """NT 3715: a failed read is not flat."""
    story = (unheld().read(None) >> "1s").read("0") >> "2s"
    story.read(between)
    assert story.trade().status is Status.TRIGGERED
    assert len(story.orders) == (1 if between else 0)


def test_refusals_before_it_do_not_make_one_flat_read_enough():
    story = leaving()
    for attempt, pause in ((1, "1s"), (2, "2s"), (3, "5s")):
        story.reply(f"T1-x{attempt}", Refused("no holdings"))
        assert story.read("10" if attempt < 3 else "0") >> pause
    assert story.trade().status is Status.TRIGGERED
    assert len(story.orders) == 3
    story.reply("T1-x4", Refused("no holdings")).read("0")
    assert story.trade().status is Status.TRIGGERED


def test_a_claim_that_there_is_nothing_to_do_is_believed_when_the_net_agrees():
    story = leaving().reply("T1-x1", NoAction("flat already"))
    assert story.flat(20).trade().status is Status.TRIGGERED
    assert story.flat(20).trade().status is Status.CLOSED_EXTERNAL
    assert story.events(BookDiffers)[-1].broker == 0


def test_a_claim_that_the_net_denies_is_not_answered_with_orders_without_end():
    """A broker that says so for ever would be sent as many orders as it can answer."""
    story = leaving()
    for second in range(60):
        name = story.orders[-1].split()[0]
        if state_of(story) is State.SENDING:
            story.reply(name, NoAction("flat already")).read("10")
        story >> "1s"
        assert len(story.orders) <= 2 + second
    assert len(story.orders) == 6  # after 1, 2, 5, 10 and 30 seconds
    why = "the broker says that there is nothing to leave, and holds it all the same"
    assert [stuck.why for stuck in story.events(TradeStuck)] == [why, why]


def test_a_net_from_before_an_execution_is_out_of_date():
    story = unheld()
    story.fill(None, "10", side="BUY", order_id="E")  # the missing entry arrives
    story.read("3")
    assert story.book.net(story.trade().key) == 10
    assert (story >> "1s").read("10").orders == ["T1-x1 SELL 10"]


@pytest.mark.parametrize(("net", "questions"), [("10", 1), ("3", 2)])
def test_one_that_what_came_with_it_does_not_explain_is_asked_for_again_at_once(net, questions):
    story = unheld()
    story.fill(None, "10", side="BUY", order_id="E").read(net)
    assert len(story.wants(ReadPosition)) == questions


def test_flat_reads_are_two_in_a_row_with_nothing_between():
    story = unheld().read("0") >> "1s"
    story.fill(None, "4", side="BUY", order_id="E").read("4")  # from before or after the fill?
    story = (story >> "2s").read("0")
    assert story.trade().status is Status.TRIGGERED


def test_what_an_earlier_life_read_is_old():
    story = unheld().read("0").restarted() >> "1s"
    assert story.read("0").trade().status is Status.TRIGGERED


def test_a_net_that_nobody_asked_for_is_not_taken():
    story = unheld().read("0")
    story >> story.net("0") >> story.net("0")
    assert story.trade().status is Status.TRIGGERED


def test_a_net_is_not_compared_while_an_order_of_ours_may_fill():
    story = leaving(20, a_trade(stop="5pts"), a_trade(stop="9pts"))
    story.reply("T1-x1", Refused("margin")) >> 791  # a read is on its way
    story >> story.net("0")
    assert story.book.net(story.trade().key) == 20
    assert story.events(BookDiffers) == []


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever():
    story = unheld() >> "29s"
    assert len(story.wants(ReadPosition)) == 1
    assert len((story >> "60s").wants(ReadPosition)) == 3


def test_one_empty_net_closes_all_trades_that_wait_for_it_with_all_their_exits():
    targets = [("5pts", "3"), ("6pts", None)]
    story = Playbook(a_trade(target=targets), a_trade(target="5pts"), broker=False) >> 805 >> 806
    story.flat(25)
    assert {story.trade(name).status for name in ("T1", "T2")} == {Status.CLOSED_EXTERNAL}
    assert story.book.lines["NSE:SBIN"].guarded == set()


def test_a_trade_with_a_stop_ends_when_its_target_finds_nothing_left():
    story = Playbook(a_trade(stop="5pts", target=[("5pts", "3")]), broker=False) >> 805
    assert story.flat(25).trade().status is Status.CLOSED_EXTERNAL
    story >> 790 << ["target @ 805 for 3"]


# Trades that nobody is leaving.


def compared():
    """Return a story whose position somebody else has left, compared every half minute."""
    policy = Policy(reconcile_every_ns=30_000_000_000)
    story = Playbook(policy=policy, broker=False).fill(None, "10", side="BUY", order_id="E1")
    story.create(a_trade(stop="5pts"))
    return story.fill(None, "10", side="SELL", order_id="B1")


def test_a_trade_whose_position_is_flat_by_both_books_for_a_while_is_closed():
    """LN 5839: the broker's liquidation was ignored."""
    story = compared().reads("0")
    assert story.trade().status is Status.ACTIVE
    assert story.reads("0").trade().status is Status.CLOSED_EXTERNAL
    assert story.orders == []
    story.book.reads[KEY] = story.now_ns, story.book.position_version(KEY)
    story.process(story.net("0"))
    assert story.book.flat_since == {}


def test_a_trade_that_is_younger_than_the_flat_position_waits_for_its_fill():
    story = compared().reads("0")
    story.create(a_trade(trade_id="T2", stop="5pts"))
    story.reads("0")
    assert story.trade("T2").status is Status.ACTIVE


def test_a_position_that_moved_between_two_looks_begins_to_be_flat_anew():
    story = compared().reads("0")
    story.fill(None, "3", side="BUY", order_id="B2").fill(None, "3", order_id="B3")
    assert story.reads("0").trade().status is Status.ACTIVE
    assert story.reads("0").trade().status is Status.CLOSED_EXTERNAL


def test_a_position_that_is_held_again_is_not_flat():
    story = compared().reads("0").fill(None, "10", side="BUY", order_id="B2")
    story.reads("10", "10")
    assert story.trade().status is Status.ACTIVE
    assert story.book.flat_since == {}


def test_a_trade_that_is_not_entered_yet_waits_for_its_entry():
    policy = Policy(reconcile_every_ns=30_000_000_000)
    story = Playbook(policy=policy, broker=False).create(a_trade(order_id="E1", stop="5pts"))
    story.reads("0", "0", "0")
    assert story.trade().status is Status.PENDING


def test_a_trade_whose_other_side_is_held_is_over_and_what_is_held_is_found():
    story = FoundStory(a_trade(stop="50pts"), reconcile="5s").holds("10") >> "30s"
    story.bought("-25", "801", net="-15", average="801") >> "15s"
    assert story.trade().status is Status.ACTIVE
    story = story >> "20s"
    assert story.trade().status is Status.CLOSED_EXTERNAL
    assert (story >> "20s").stages == ["SBIN -15 new waiting"]
    assert not story.orders


def test_where_both_sides_may_be_open_a_net_closes_neither():
    policy = Policy(reconcile_every_ns=5 * 10**9, opposite_allowed=True)
    story = Playbook(policy=policy, broker=False).fill(None, "10", side="BUY", order_id="E1")
    story.create(a_trade(stop="50pts")).create(a_trade(side="SHORT", quantity="3", stop="50pts"))
    story.reads(*["10"] * 8)
    assert {story.trade(name).status for name in ("T1", "T2")} == {Status.ACTIVE}


def test_what_is_held_on_the_other_side_waits_for_no_comparison():
    story = FoundStory(reconcile="300s").bought("10", net="10", average="800")
    story.create(a_trade(stop="50pts"))
    assert story >> "30s"
    story.bought("-25", "801", net="-15", average="801") >> "25s"
    assert story.trade().status is Status.CLOSED_EXTERNAL
    assert (story >> "10s").stages == ["SBIN -15 new waiting"]
