"""The account is read: what no trade guards is found in two readings, and never in one."""

import msgspec

from tests.core.found_stories import FoundStory, adopt, refusals
from tests.playbook import KEY, SBIN, Playbook, a_trade
from tradebot.core.adoption.found_events import (
    PositionAdopted,
    PositionGone,
    PositionIgnored,
)
from tradebot.core.checkpoint import Checkpoint, checkpoint, engine_of, joined, pieces
from tradebot.core.guard.trades import PastStop, Status
from tradebot.core.inputs import IgnoreFound, Reconcile
from tradebot.core.intents import ReadAccount, ReadPosition
from tradebot.core.policy import Answer, Policy

GUARD, IGNORE = Answer.GUARD, Answer.IGNORE
NRML = KEY._replace(product="NRML")


# What is there at the first start.


def test_a_position_that_is_there_at_the_first_start_waits_for_a_person():
    story = FoundStory(new=GUARD).holds("10") >> "20s"
    assert story.stages == ["SBIN 10 existing waiting"]
    assert story.asked == ["it was there at the first start"]
    assert not story.book.trades


def test_it_is_said_again_and_again_and_at_once_after_a_restart():
    story = FoundStory().holds("10") >> "20s"
    assert len(story.asked) == 1
    story.holds("3", key=NRML) >> "40s" >> IgnoreFound(key=NRML, at_ns=story.now_ns)
    story.fill(None, "3", side="BUY", order_id="P1", key=NRML)
    assert len((story >> "15m").asked) in (4, 5)
    before = len(story.asked)
    assert len((story.restarted() >> "1s").asked) == before + 1


def test_the_settings_may_have_it_guarded_at_once():
    story = FoundStory(existing=GUARD).holds("-10") >> "20s"
    assert story.adopted == ["adopted-1 -10 existing rule"]
    trade = story.trade("adopted-1")
    assert (trade.side, trade.filled, trade.entry, trade.strategy) == ("SHORT", 10, 800, "cash")
    assert (trade.past_stop, trade.adopted) == (PastStop.ASK, True)
    assert story >> 804.95 << None >> 805 << "stop @ 805"
    assert story.orders == ["adopted-1-x1 BUY 10"]


def test_the_settings_may_have_it_ignored_until_it_is_flat():
    story = FoundStory(existing=IGNORE).holds("10") >> "20s"
    assert story.stages == ["SBIN 10 existing ignored"]
    assert [event.by for event in story.events(PositionIgnored)] == ["rule"]
    assert not story.asked
    story = story.holds("15") >> "1m"
    assert story.stages == ["SBIN 15 existing ignored"]
    assert (story.holds("0") >> "2m").stages == []
    assert not story.events(PositionGone)


def test_one_reading_is_not_enough_and_one_that_moves_begins_anew():
    story = FoundStory(existing=GUARD, grace_ns=8 * 10**9).holds("10") >> "1s"
    assert story.stages == ["SBIN 10 existing seen"]
    story = story.holds("12") >> "8s"
    assert story.stages == ["SBIN 12 existing seen"]
    assert not (story >> "7s").adopted
    assert (story >> "10s").adopted == ["adopted-1 12 existing rule"]


def test_what_no_rule_can_guard_waits_with_the_reason():
    story = FoundStory(existing=GUARD, strategies=()).holds("10") >> "20s"
    assert story.asked == ["it fits no strategy"]


def test_two_readings_in_a_moment_are_as_one():
    story = FoundStory(existing=GUARD).holds("10") >> "1s"
    story >> Reconcile(story.now_ns) >> Reconcile(story.now_ns)
    assert story.stages == ["SBIN 10 existing seen"]
    assert (story >> "6s").adopted


def test_what_is_seen_once_and_gone_was_nothing():
    story = FoundStory(existing=GUARD).holds("10") >> "1s"
    assert (story.holds("0") >> "10s").stages == []
    assert not story.asked


def test_a_reading_that_fails_says_nothing_and_is_asked_for_again():
    story = FoundStory(existing=GUARD).holds("10")
    story.fails = True
    assert (story >> "30s").stages == []
    assert len(story.wants(ReadAccount)) in (6, 7)
    story.fails = False
    assert (story >> "20s").adopted == ["adopted-1 10 existing rule"]


def test_a_reading_without_an_answer_is_given_up_and_one_that_nobody_waits_for_is_not_taken():
    story = FoundStory(existing=GUARD).holds("10")
    story.is_silent = True
    story = story >> "29s"
    assert len(story.wants(ReadAccount)) == 1
    assert len((story >> "2s").wants(ReadAccount)) == 2
    story >> story.reading() >> story.reading()
    assert story.stages == ["SBIN 10 existing seen"]


# What is opened later.


def test_new_ones_wait_for_a_person_unless_the_settings_say_otherwise():
    story = FoundStory() >> "1m"
    story.bought("10", net="10", average="800") >> "8s"
    assert story.stages == ["SBIN 10 new waiting"]
    assert story.asked == ["it is new"]


def test_a_position_that_came_while_nobody_told_us_is_asked_about():
    story = FoundStory(new=GUARD, existing=GUARD) >> "1m"
    story = story.holds("10") >> "2m"
    assert story.stages == ["SBIN 10 unseen waiting"]
    assert story.asked == ["nobody has told how it was opened"]


def test_where_nothing_is_at_risk_also_what_nobody_told_of_may_be_guarded():
    story = FoundStory(unseen=GUARD) >> "1m"
    story = story.holds("10") >> "2m"
    assert story.adopted == ["adopted-1 10 unseen rule"]


def test_one_that_is_more_than_its_executions_is_asked_about():
    story = FoundStory(new=GUARD, existing=GUARD) >> "1m"
    story.bought("10", net="25", average="800") >> "2m"
    assert story.stages == ["SBIN 25 unseen waiting"]


def test_one_of_before_the_first_look_that_was_read_late_is_not_new():
    story = FoundStory(new=GUARD)
    story.fill(None, "10", side="BUY", order_id="P1") >> "1m"
    story = story.holds("10") >> "1m"
    assert story.stages == ["SBIN 10 unseen waiting"]


def test_a_position_that_an_order_of_ours_opened_is_never_guarded_by_rule():
    story = FoundStory(a_trade(stop="5pts"), new=GUARD).holds("10") >> "30s" >> 800 >> 795
    # Whoever sold as much before, our order has gone through zero.
    story.fill("T1-x1", "20", "795").holds("-10") >> "2m"
    assert story.stages == ["SBIN -10 unseen waiting"]
    assert not story.adopted


# A trade that comes for it.


def test_a_trade_that_is_created_for_it_in_time_takes_it_over():
    story = FoundStory(new=GUARD) >> "1m"
    story.bought("10", net="10", average="800") >> "3s"
    assert story.stages == ["SBIN 10 unseen seen"]
    story.create(a_trade(stop="9pts")) >> "1m"
    assert story.stages == []
    assert not story.adopted
    assert not story.events(PositionGone)


def test_one_that_waits_is_off_the_list_when_a_trade_guards_it():
    story = FoundStory().holds("10") >> "20s"
    story.create(a_trade(stop="9pts")) >> "1m"
    assert story.stages == []
    assert [event.why for event in story.events(PositionGone)] == ["a trade guards it"]
    adopt(story)
    assert len(refusals(story)) == 1


def test_what_a_trade_of_ours_guards_is_never_found():
    story = FoundStory(a_trade(stop="5pts"), existing=GUARD).holds("10") >> "2m"
    assert story.stages == []
    assert list(story.book.trades) == ["T1"]


def test_what_a_trade_leaves_behind_is_found():
    story = FoundStory(new=GUARD) >> "1m"
    story.bought("10", net="10", average="800") >> "8s"
    story.bought("5", net="15", average="800") >> 800 >> 795
    story.fill("adopted-1-x1", "15", "795").holds("0") >> "1m"
    assert story.trade("adopted-1").status is Status.CLOSED
    assert story.stages == []


# When it goes, or turns.


def test_one_that_waits_is_gone_when_all_readings_for_long_say_so():
    story = FoundStory().holds("10") >> "20s"
    story = story.holds("0") >> "30s"
    assert story.stages == ["SBIN 10 existing waiting"]
    assert (story.holds("10") >> "30s").stages == ["SBIN 10 existing waiting"]
    assert (story.holds("0") >> "90s").stages == []
    assert [event.why for event in story.events(PositionGone)] == ["it is flat"]


def test_one_that_somebody_leaves_by_hand_is_gone_a_while_later():
    story = FoundStory().holds("10") >> "20s"
    story.bought("-10", net="0", average=None) >> "15s"
    assert story.stages == ["SBIN 10 existing waiting"]
    assert (story >> "30s").stages == []


def test_it_stays_while_our_own_book_of_executions_holds_it():
    story = FoundStory().holds("10") >> "20s"
    story.net_fails = True
    story = story.holds("0") >> "3m"
    assert story.stages == ["SBIN 10 existing waiting"]


def test_the_other_side_is_another_position():
    story = FoundStory(new=GUARD).holds("10") >> "20s"
    story.bought("-25", net="-15", average="799") >> "20s"
    assert [event.why for event in story.events(PositionGone)] == ["its other side is held now"]
    assert story.adopted == ["adopted-1 -15 new rule"]


def test_the_net_is_read_at_once_where_somebody_took_a_guarded_position_through_zero():
    story = FoundStory(existing=GUARD).holds("10") >> "20s"
    before = len(story.wants(ReadPosition))
    story.bought("-4", net="6", average="800")
    assert len(story.wants(ReadPosition)) == before
    story.bought("-16", net="-10", average="800")
    assert len(story.wants(ReadPosition)) == before + 1


def test_books_that_contradict_each_other_for_long_are_told_to_a_person():
    story = FoundStory(existing=GUARD)
    story.net_fails = True
    story.bought("4", net="10", average="800") >> "1m"
    assert not story.asked
    story = story >> "1m"
    assert story.asked == ["the broker's books contradict each other: its executions add up to 4"]


def test_nobody_looks_where_the_policy_does_not_say_so():
    story = Playbook(broker=False) >> "2m"
    assert not story.wants(ReadAccount)
    asking = FoundStory().holds("10")
    story >> asking.reading() >> Reconcile(story.now_ns)
    story.fill(None, "10", side="BUY", order_id="P1")
    assert not story.wants(ReadAccount)


# What survives.


def test_a_death_changes_nothing_of_what_was_found_and_adopts_nothing_twice():
    story = FoundStory(new=GUARD).holds("4", key=NRML) >> "20s"
    story.bought("10", net="10", average="800") >> "8s"
    for _ in range(3):
        story = story.restarted() >> "1m"
        assert story.stages == ["SBIN 4 existing waiting"]
        assert list(story.book.trades) == ["adopted-1"]
    assert story >> 800 >> 795 << "stop @ 795"
    assert story.orders == ["adopted-1-x1 SELL 10"]


def test_what_is_new_after_a_start_that_is_not_the_first_was_opened_since_the_first():
    story = FoundStory(new=GUARD) >> "1m"
    story = story.restarted()
    story.bought("10", net="10", average="800") >> "10s"
    assert story.adopted == ["adopted-1 10 new rule"]


def test_a_checkpoint_has_it_all():
    story = FoundStory(new=GUARD).holds("4", key=NRML) >> "20s"
    story.is_silent = True
    story = story >> "1m"
    lines = [msgspec.json.encode(piece) for piece in pieces(checkpoint(story.engine))]
    copy = engine_of(joined(msgspec.json.decode(line, type=Checkpoint) for line in lines))
    assert copy.book.findings == story.book.findings
    assert copy.book.look.asked_ns == story.book.look.asked_ns
    answer = story.reading()
    assert list(copy.process(answer)) == list(story.engine.process(answer))
    assert checkpoint(copy) == checkpoint(story.engine)


def test_a_comparison_that_somebody_asks_for_looks_too():
    story = FoundStory() >> "1m"
    before = len(story.wants(ReadAccount))
    story >> Reconcile(story.now_ns)
    assert len(story.wants(ReadAccount)) == before + 1


def test_events_name_what_they_are_about():
    story = FoundStory(existing=GUARD).holds("10") >> "20s"
    (event,) = story.events(PositionAdopted)
    assert (event.instrument, event.product) == (SBIN.id, "MIS")
    assert Policy().adopt is None
    assert len(story.wants(ReadPosition)) >= 1
