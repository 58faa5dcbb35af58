"""A person who has looked at the broker ends a doubt, and nothing is sold twice by it."""

from decimal import Decimal

import msgspec
import pytest

from tests.core.exit_stories import book_of, holding, leave, leaving, state_of, unheld
from tests.playbook import Playbook, a_trade
from tradebot.core.account import freezing
from tradebot.core.events import DoubtResolved, ExitSent, TradeClosed, TradeRefused, TradeStuck
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import Acked, Queued, Refused, Resolve, Unknown, Verdict
from tradebot.core.intents import ReadPosition
from tradebot.core.leaving.exit import State
from tradebot.core.policy import ExitPolicy, Policy

PLAIN = Policy(exits=ExitPolicy(tagged=False, hold_ns=120_000_000_000))
LOST = Unknown("timeout")


def resolved(story, verdict, trade_id="T1"):
    told = Resolve(trade_id=trade_id, verdict=Verdict(verdict), why="I looked", at_ns=story.now_ns)
    story.process(told)
    return story


def lost(quantity=10, *trades, **words):
    """A story whose first exit was sent, and whose answer was lost."""
    return (holding(quantity, *trades, **words) >> 795).reply("T1-x1", LOST)


def said(story, net, seconds=15):
    """Let the broker answer every question about its net, each second."""
    if not story.policy.exits.tagged:
        story >> book_of(story, "E complete 10")
    for _ in range(seconds):
        story = story >> "1s" >> story.net(net)
    return story


def refusals(story):
    return [(event.field, event.why) for event in story.events(TradeRefused)]


# Send it again.


def test_what_is_not_alive_is_sent_again_once_the_net_has_been_read():
    story = resolved(lost(), "resend")
    assert state_of(story) is State.RETRY_WAIT
    assert story.orders == ["T1-x1 SELL 10"]
    assert len(story.wants(ReadPosition)) == 1
    assert story.read("10").orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_who_is_wrong_about_what_is_alive_sells_nothing_twice_where_the_net_shows_it():
    story = resolved(lost(policy=PLAIN), "resend") >> "1s"
    story.reads("0", "0", "0", "0", "0")
    assert story >> "5s"
    assert story.orders == ["T1-x1 SELL 10"]


def test_a_broker_that_cannot_say_its_net_holds_the_resend_for_ten_seconds():
    story = resolved(lost(), "resend") >> "9s"
    assert story.orders == ["T1-x1 SELL 10"]
    assert (story >> "2s").orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_nothing_is_sent_again_while_our_own_call_still_runs():
    story = resolved(leaving(), "resend")
    assert refusals(story) == [("verdict", "T1-x1 is still being sent: wait until that has ended")]
    assert state_of(story) is State.SENDING
    assert story.events(DoubtResolved) == []


def test_an_order_that_nobody_approves_is_sent_again():
    story = resolved(leaving().reply("T1-x1", Queued("waits for approval")), "resend")
    assert not story.trade().stuck
    assert story.read("10").orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_an_exit_that_was_refused_for_ever_is_tried_at_once():
    story = leaving()
    for attempt in range(1, 6):
        story.reply(f"T1-x{attempt}", Refused("margin")).read("10") >> "31s"
        if attempt < 5:
            assert len(story.orders) == attempt + 1
    story.reply("T1-x6", Refused("margin")).read("10")
    sent = len(story.orders)
    assert story.trade().stuck
    resolved(story, "resend").read("10")
    assert len(story.orders) == sent + 1
    assert not story.trade().stuck


# It is done.


@pytest.mark.parametrize("policy", [Policy(), PLAIN])
def test_a_trade_of_which_all_was_asked_for_is_over(policy):
    story = resolved(lost(policy=policy), "done")
    (closed,) = story.events(TradeClosed)
    assert (closed.status, closed.exit_price, closed.realized_pnl) == (
        Status.CLOSED_EXTERNAL,
        None,
        0,
    )
    assert len(story.wants(ReadPosition)) == 1
    assert story >> "1m"
    assert story.orders == ["T1-x1 SELL 10"]


def test_a_doubt_is_over_while_our_own_call_still_runs_if_the_units_have_left():
    story = resolved(leaving(), "done")
    assert story.trade().status is Status.CLOSED_EXTERNAL
    story.reply("T1-x1", Acked("B1")).fill("T1-x1", "10")
    assert story.orders == ["T1-x1 SELL 10"]


def test_fills_that_explain_it_close_the_trade_like_any_other():
    story = leaving().reply("T1-x1", Refused("margin")).read("10") >> "1s"
    story.reply("T1-x2", LOST).fill("T1-x1", "10")
    assert story.trade().status is Status.TRIGGERED
    resolved(story, "done")
    assert story.trade().status is Status.CLOSED
    assert story.events(TradeClosed)[0].exit_price is not None


def test_the_neighbour_waits_until_the_net_is_known():
    story = lost(20, a_trade(stop="5pts"), a_trade(stop="9pts"))
    resolved(story, "done") >> 791
    assert story.orders == ["T1-x1 SELL 10"]
    assert said(story, "10").orders == ["T1-x1 SELL 10", "T2-x1 SELL 10"]


def test_a_request_for_all_that_is_still_held_was_for_the_whole_trade():
    story = holding(10).fill(None, "6", order_id="by hand") >> "6s" >> 795
    assert story.orders == ["T1-x1 SELL 4"]
    resolved(story.reply("T1-x1", LOST), "done")
    assert story.trade().status is Status.CLOSED_EXTERNAL


def parts(policy):
    """A target that takes 4 of 10, sent, and its answer lost; another trade holds 10 beside it."""
    trades = a_trade(target=[("5pts", "4"), ("9pts", None)], stop="5pts"), a_trade()
    return (holding(20, *trades, policy=policy) >> 805).reply("T1-x1", LOST)


def test_of_a_part_the_units_are_gone_and_the_rest_is_guarded():
    story = resolved(parts(PLAIN), "done")
    trade = story.trade("T1")
    assert (trade.status, trade.remaining) == (Status.ACTIVE, 6)
    assert state_of(story) is State.DONE
    assert story.events(DoubtResolved)[0].exit == 1
    assert said(story, "16") >> 800 >> 795
    assert story.orders == ["T1-x1 SELL 4", "T1-x2 SELL 6"]


def test_units_of_which_no_execution_tells_are_in_no_profit():
    story = resolved(parts(PLAIN), "done")
    assert story.trade("T1").realized_pnl(Decimal(1)) == 0


def test_a_broker_that_knows_our_ids_says_itself_what_became_of_a_part():
    story = resolved(parts(Policy()), "done")
    ((field, why),) = refusals(story)
    assert field == "verdict"
    assert why.endswith("wait for its word")
    assert state_of(story) is State.UNKNOWN
    assert story.events(DoubtResolved) == []


def test_a_part_that_was_refused_for_ever_and_left_by_hand_is_gone_at_any_broker():
    trades = a_trade(target=[("5pts", "4"), ("9pts", None)], stop="5pts"), a_trade()
    story = holding(20, *trades) >> 805
    for attempt in range(1, 6):
        story.reply(f"T1-x{attempt}", Refused("margin")).read("20")
        if attempt < 5:
            assert story >> "31s"
    resolved(story, "done")
    assert story.trade("T1").remaining == 6
    assert state_of(story) is State.DONE


def test_a_request_for_less_than_is_to_leave_lets_the_rest_go_on():
    story = lost(20, a_trade(quantity="20", stop="5pts"), policy=PLAIN)
    before = story.book.exits["T1"][1]
    story.book.put_exit(msgspec.structs.replace(before, order_quantity=Decimal(5)))
    resolved(story, "done")
    assert story.trade().remaining == 15
    assert said(story, "15").orders == ["T1-x1 SELL 20", "T1-x2 SELL 15"]


def test_a_trade_whose_entry_may_bring_more_stays_for_it():
    story = Playbook(a_trade(order_id="E1", stop="5pts"), broker=False, policy=PLAIN)
    story.fill(None, "4", side="BUY", order_id="E1")
    leave(story, "T1").reply("T1-x1", LOST)
    resolved(story, "done")
    assert (story.trade().status, story.trade().remaining) == (Status.TRIGGERED, 0)
    assert state_of(story) is State.DONE
    story.fill(None, "3", side="BUY", order_id="E1")
    assert story.trade().remaining == 3


def test_units_that_an_earlier_order_took_after_all_are_not_gone_twice():
    story = Playbook(a_trade(order_id="E1", stop="5pts"), broker=False, policy=PLAIN)
    story.fill(None, "4", side="BUY", order_id="E1")
    leave(story, "T1").reply("T1-x1", Acked("B1"))
    story = story >> story.report(None, "cancelled", order_id="B1") >> "1s"
    story.reply("T1-x2", LOST).fill(None, "4", order_id="B1")
    assert story.trade().remaining == 0
    resolved(story, "done")
    assert (story.trade().remaining, story.trade().exited) == (0, 4)


# What is refused.


@pytest.mark.parametrize("verdict", Verdict)
def test_a_trade_that_is_not_open_has_no_doubt(verdict):
    assert refusals(resolved(Playbook(), verdict)) == [("trade_id", "there is no open trade T1")]


@pytest.mark.parametrize(
    "story",
    [
        lambda: holding(10),
        lambda: leaving().reply("T1-x1", Acked("B1")),
        lambda: leaving().reply("T1-x1", Refused("margin")),
        lambda: leave(holding(20, a_trade(stop="5pts"), a_trade()), "T2"),
    ],
)
def test_what_is_not_in_doubt_needs_no_word(story):
    told = story()
    before = dict(told.book.exits.get("T1", {}))
    assert refusals(resolved(told, "done")) == [
        ("trade_id", "nothing of trade T1 is in doubt: no exit waits for a person's word")
    ]
    assert told.book.exits.get("T1", {}) == before


def test_who_only_waits_behind_the_doubt_of_another_needs_no_word():
    story = lost(20, a_trade(stop="5pts"), a_trade(stop="5pts"))
    assert state_of(story, "T2") is State.DECIDED
    ((field, _),) = refusals(resolved(story, "resend", "T2"))
    assert field == "trade_id"


def test_an_empty_net_that_is_asked_for_in_vain_needs_a_word():
    story = Playbook(a_trade(stop="5pts"), broker=False) >> 795 >> "2m"
    assert state_of(story) is State.CHECKING
    assert resolved(story, "done").trade().status is Status.CLOSED_EXTERNAL


# What is told.


def test_the_word_is_a_line_of_the_story_and_survives_a_kill():
    story = resolved(lost(), "resend")
    (told,) = story.events(DoubtResolved)
    assert (told.exit, told.verdict, told.why) == (1, Verdict.RESEND, "I looked")
    story.restarted()
    assert state_of(story) is State.RETRY_WAIT
    assert told in [line.event for line in story.store.told.values()]
    said(story, "10", 2)
    assert [event.client_order_id for event in story.events(ExitSent)][-1] == "T1-x2"


def test_a_word_to_go_on_thaws_a_position_of_which_no_exit_is_in_question():
    story = Playbook(a_trade(stop="5pts")) >> 801
    freezing.freeze(story.book, story.trade().key, "the books contradict each other")
    asked = len(story.wants(ReadPosition))
    resolved(story, "resend")
    assert story.book.frozen == {}
    assert story.events(TradeRefused) == []
    assert len(story.wants(ReadPosition)) == asked + 1


# What is not known of it yet.


def test_units_that_a_person_has_seen_leave_are_not_held_though_nobody_tells_of_them():
    story = lost(10, a_trade(stop="5pts"), a_trade(quantity="3", stop="9pts"))
    resolved(story, "done") >> "60s"  # no read succeeds
    assert (story >> 790).orders == ["T1-x1 SELL 10"]
    assert said(story, "3").orders == ["T1-x1 SELL 10", "T2-x1 SELL 3"]


def test_shorts_that_a_person_has_seen_leave_are_not_held_either():
    short = a_trade(side="SHORT", stop="5pts"), a_trade(side="SHORT", quantity="3", stop="9pts")
    story = (holding(-10, *short) >> 805).reply("T1-x1", LOST)
    resolved(story, "done") >> "60s"
    assert (story >> 810).orders == ["T1-x1 BUY 10"]


def test_after_a_word_the_orders_are_read_so_that_the_one_in_question_is_not_the_next_ones():
    story = lost(20, a_trade(stop="5pts"), a_trade(stop="9pts"), policy=PLAIN)
    resolved(story, "done").read("20") >> 790 >> "30s"
    assert story.orders == ["T1-x1 SELL 10"]
    story.fill(None, "10", order_id="B7") >> book_of(story, "B7 complete 10")
    assert said(story, "10").orders == ["T1-x1 SELL 10", "T2-x1 SELL 10"]
    story.reply("T2-x1", LOST) >> book_of(story, "B7 complete 10")
    assert state_of(story, "T2") is State.UNKNOWN


def test_a_word_on_a_position_that_nobody_has_seen_yet_is_taken_too():
    story = Playbook(a_trade(stop="5pts"), broker=False) >> 795
    for _ in range(60):
        story >> "1s" >> story.net(None)
    assert resolved(story, "done").trade().status is Status.CLOSED_EXTERNAL


def test_a_word_to_go_on_thaws_a_position_and_ends_the_doubt_on_it():
    story = lost()
    freezing.freeze(story.book, story.trade().key, "the books contradict each other")
    resolved(story, "resend")
    assert story.book.frozen == {}
    assert len(story.events(DoubtResolved)) == 1


def test_a_word_to_send_again_does_not_begin_the_flat_reads_anew():
    story = unheld().flat(16)
    assert state_of(story) is State.CHECKING
    resolved(story, "resend")
    assert story.flat(10).trade().status is Status.CLOSED_EXTERNAL
    assert story.events(TradeStuck) == []


def test_flat_reads_of_before_an_order_say_nothing_of_that_order():
    story = unheld().read("0") >> "2s"
    story.fill(None, "10", side="BUY", order_id="E2", ago="15s").read("10")
    for _ in range(8):
        story = story >> "2s" >> story.net("10")
    assert story.orders == ["T1-x1 SELL 10"]
    story.reply("T1-x1", LOST)
    resolved(story, "resend")
    assert state_of(story) is State.RETRY_WAIT


# Of which exit it is said.


def two_in_question():
    """A target that takes 4 of 10 waits for an approval, and what is left is in doubt."""
    trades = a_trade(target=[("5pts", "4"), ("9pts", None)], stop="5pts"), a_trade()
    story = (holding(20, *trades, policy=PLAIN) >> 805).reply("T1-x1", Queued("approve me"))
    return (story >> "1s" >> 800 >> 795).reply("T1-x2", LOST)


def told_of(story, order, verdict):
    words = Resolve(
        trade_id="T1", verdict=Verdict(verdict), order=order, why="", at_ns=story.now_ns
    )
    story.process(words)
    return story


def test_a_word_on_one_exit_leaves_the_other_in_question():
    story = told_of(two_in_question(), "T1-x1", "resend")
    assert (state_of(story, number=1), state_of(story, number=2)) == (
        State.RETRY_WAIT,
        State.UNKNOWN,
    )
    assert [event.exit for event in story.events(DoubtResolved)] == [1]
    told_of(story, "T1-x2", "done")
    assert story.trade().remaining == 4
    assert said(story, "14").orders == ["T1-x1 SELL 4", "T1-x2 SELL 6", "T1-x3 SELL 4"]


@pytest.mark.parametrize("order", ["T1-x3", "T2-x1", ""])
def test_an_order_that_is_not_in_question_is_named_beside_those_that_are(order):
    story = told_of(two_in_question(), order, "done")
    assert refusals(story) == [("order", f"{order} is not in doubt; of trade T1 T1-x1, T1-x2 is")]
    assert story.events(DoubtResolved) == []


@pytest.mark.parametrize("by_hand", ["13", "16"])  # and 3 are held, or none
def test_where_the_units_may_have_left_our_books_already_what_is_held_beside_them_stays_guarded(
    by_hand,
):
    story = parts(PLAIN).fill(None, "4", order_id="B7").fill(None, by_hand, order_id="by hand")
    resolved(story, "done")
    assert (story.trade().status, story.trade().remaining) == (Status.ACTIVE, 6)


def test_an_order_of_a_trade_without_doubts_is_refused():
    ((field, why),) = refusals(told_of(holding(10), "T1-x1", "resend"))
    assert (field, why) == ("order", "T1-x1 is not in doubt; of trade T1 nothing is")


def test_an_exit_that_never_had_an_order_has_no_name_to_be_told():
    ((_, why),) = refusals(told_of(unheld() >> "2m", "T1-x1", "done"))
    assert why == "T1-x1 is not in doubt; of trade T1 nothing is"
