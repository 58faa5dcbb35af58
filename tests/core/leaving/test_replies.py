"""What the broker says of our orders, early, late, twice or wrongly."""

from decimal import Decimal

import msgspec

from tests.core.exit_stories import PLAIN, book_of, leaving, nameless, state_of, told
from tests.playbook import Playbook, a_trade
from tradebot.core.events import ExitAnswered, ExitFilled, TradeStuck
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import (
    Acked,
    BookReply,
    NoAction,
    NotSent,
    OrderSide,
    Queued,
    Refused,
    Unknown,
)
from tradebot.core.intents import QueryOrder, ReadBook, ReadOrder, ReadPosition
from tradebot.core.leaving.exit import State
from tradebot.core.policy import ExitPolicy, Policy

# Of our orders.


def test_executions_may_come_before_the_reply_and_the_reply_is_then_old_news():
    story = leaving().fill("T1-x1", "4")
    assert state_of(story) is State.WORKING
    story.fill("T1-x1", "6")
    assert story.trade().status is Status.CLOSED
    story.reply("T1-x1", Unknown("timeout"))
    assert story.orders == ["T1-x1 SELL 10"]
    assert story.wants(QueryOrder) == []


def test_an_order_that_is_found_works_on():
    story = leaving().reply("T1-x1", Unknown("timeout"))
    story >> story.query_reply("T1-x1", state="open")
    assert state_of(story) is State.WORKING
    story.fill("T1-x1", "10")
    assert story.trade().status is Status.CLOSED


def test_a_report_that_was_asked_for_counts_where_the_broker_drops_our_id_from_it():
    story = leaving().reply("T1-x1", Unknown("timeout"))
    nameless = story.report(None, "rejected")
    story >> msgspec.structs.replace(story.query_reply("T1-x1"), report=nameless)
    assert state_of(story) is State.RETRY_WAIT


def test_an_order_that_never_arrived_is_sent_under_a_new_name():
    story = leaving().reply("T1-x1", Unknown("timeout"))
    assert story >> story.query_reply("T1-x1") >> "1s"
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_a_query_that_failed_says_nothing():
    story = leaving().reply("T1-x1", Unknown("timeout"))
    story >> story.query_reply("T1-x1", answered=False) >> "10s"
    assert state_of(story) is State.UNKNOWN
    assert story.orders == ["T1-x1 SELL 10"]


def test_an_order_that_waits_for_approval_is_not_sent_a_second_time():
    story = leaving().reply("T1-x1", Queued("waits for approval")) >> "2m"
    assert story.orders == ["T1-x1 SELL 10"]
    assert story.events(TradeStuck)[0].why == "waits for approval"
    story.fill("T1-x1", "10")
    assert story.trade().status is Status.CLOSED


def test_a_cancelled_rest_is_sent_at_once_when_the_report_overtakes_the_executions():
    story = leaving().reply("T1-x1", Acked("B-T1-x1"))
    story >> story.report("T1-x1", "cancelled", filled="4")
    assert story.orders == ["T1-x1 SELL 10"]  # four units are on their way to us
    story.fill("T1-x1", "3").fill("T1-x1", "1")
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 6"]


def test_reports_and_fills_after_the_end_change_nothing_but_the_net():
    story = leaving(20).reply("T1-x1", Refused("margin")) >> "1s"
    story.reply("T1-x2", Acked("B")).fill("T1-x2", "10")
    assert story.trade().status is Status.CLOSED
    before = story.trade()
    for name in ("T1-x1", "T1-x2"):
        story.reply(name, Unknown("late")) >> story.report(name, "complete", filled="10")
        story >> story.query_reply(name, state="open")
        story.fill(name, "1")
    assert story.trade() == before
    assert story.book.net(before.key) == 8
    assert story.book.exit_of_order == {}


def test_words_about_orders_that_are_not_ours_are_passed_on():
    story = leaving()
    for name in ("x", "T9-x1", "T1-xA", "T1-x", "-x1"):
        story.reply(name, Refused("who?")) >> story.query_reply(name, state="open")
        story.fill(name, "1") >> story.report(name, "complete")
    assert story.trade().exited == 0
    assert state_of(story) is State.SENDING


def test_an_old_attempt_is_not_the_present_one():
    story = leaving().reply("T1-x1", Refused("margin")) >> "1s"
    before = story.book.exits["T1"][1]
    story.reply("T1-x1", Acked("B1")) >> story.report("T1-x1", "rejected")
    story >> story.query_reply("T1-x1")
    assert story.book.exits["T1"][1] == before


def test_after_a_restart_a_late_fill_of_an_old_attempt_finds_its_trade():
    story = leaving().reply("T1-x1", Refused("margin")) >> "1s"
    story.restarted().fill("T1-x1", "10")
    assert story.trade().exited == 10


def test_every_answer_is_told_in_the_brokers_words():
    story = leaving()
    for outcome in (NotSent("a"), Refused("b"), NoAction("c"), Queued("d"), Unknown("e")):
        story.reply("T1-x1", outcome)
    story.reply("T1-x1", Acked("B7"))
    assert [(said.outcome, said.message) for said in story.events(ExitAnswered)] == [
        ("not sent", "a"),
        ("refused", "b"),
        ("no action", "c"),
        ("queued for approval", "d"),
        ("unknown", "e"),
        ("acked", "B7"),
    ]
    assert story.events(ExitFilled) == []


# Where the broker does not keep our ids.


def test_an_order_is_known_by_the_brokers_id_once_it_has_answered():
    story = nameless().reply("T1-x1", Acked("B7")).fill(None, "4", order_id="B7")
    assert story.trade().remaining == 6
    story >> story.report(None, "cancelled", filled="4", order_id="B7")
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 6"]


def test_what_executed_before_the_answer_is_taken_in_with_it():
    story = nameless().fill(None, "4", "790", order_id="B7").fill(None, "6", "791", order_id="B7")
    assert story.trade().status is Status.TRIGGERED
    story.reply("T1-x1", Acked("B7"))
    assert story.trade().status is Status.CLOSED
    assert [fill.quantity for fill in story.events(ExitFilled)] == [10]
    assert story.events(ExitFilled)[0].price == Decimal("790.6")


def test_a_final_report_before_the_answer_counts_with_it():
    story = told(nameless(), "rejected")
    story.reply("T1-x1", Acked("B7"))
    assert state_of(story) is State.RETRY_WAIT


def test_the_end_of_an_order_that_is_found_is_not_taken_for_that_of_the_next_one():
    story = told(nameless().fill(None, "4", order_id="B7"), "cancelled", filled="4")
    story.reply("T1-x1", Unknown("timeout"))
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 6"]
    assert state_of(story) is State.SENDING


def test_a_final_report_that_lacks_executions_waits_for_them():
    story = told(nameless(), "complete", filled="10")
    story.reply("T1-x1", Acked("B7"))
    assert state_of(story) is State.WORKING
    assert story.fill(None, "10", order_id="B7").trade().status is Status.CLOSED


def test_a_working_order_is_asked_for_by_its_id():
    story = nameless().reply("T1-x1", Acked("B7")) >> "6s"
    assert story.wants(ReadOrder) == [ReadOrder("B7")]
    assert story.wants(QueryOrder) == []


def test_a_request_without_an_answer_is_looked_for_in_the_book():
    story = nameless().reply("T1-x1", Unknown("timeout"))
    assert story.wants(ReadBook) == [ReadBook("A1")]
    story >> book_of(story, "B7 open 0")
    assert state_of(story) is State.WORKING
    assert story.fill(None, "10", order_id="B7").trade().status is Status.CLOSED


def test_a_request_is_sent_again_when_two_whole_books_after_its_longest_life_lack_it():
    story = nameless().reply("T1-x1", Unknown("timeout"))
    story >> book_of(story, "E1 complete 10") >> "58s" >> book_of(story, "E1 complete 10")
    assert state_of(story) is State.UNKNOWN  # it may still be on its way
    story >> "2s" >> book_of(story, "E1 complete 10")
    assert state_of(story) is State.UNKNOWN  # this book may be older than it looks
    story >> book_of(story, "E1 complete 10")
    assert state_of(story) is State.RETRY_WAIT
    assert story.read("20") >> "1s"
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_an_order_from_just_before_is_claimed_only_when_nothing_can_come_any_more():
    story = nameless().reply("T1-x1", Unknown("timeout"))
    sent_at_ns = story.book.exits["T1"][1].sent_at_ns
    row = story.report(None, "open", order_id="B3")
    row = msgspec.structs.replace(row, at_ns=sent_at_ns - 2_000_000_000)
    entry = story.report(None, "complete", filled="20", order_id="E1", side=OrderSide.BUY)
    for _ in range(3):
        assert state_of(story) is State.UNKNOWN
        story.process(BookReply(orders=(entry, row), at_ns=story.now_ns))
        story >> "31s"
    story.process(BookReply(orders=(entry, row), at_ns=story.now_ns))
    assert state_of(story) is State.WORKING
    assert state_of(told(story, "open", order_id="B3")) is State.WORKING


def test_a_book_that_has_shrunk_proves_nothing():
    story = told(nameless(), "open", order_id="B3", quantity=Decimal(3))
    story.reply("T1-x1", Unknown("timeout")) >> "61s"
    for _ in range(9):
        story >> book_of(story)
        story >> book_of(story, "E1 complete 10")
    assert state_of(story) is State.UNKNOWN


def untraded():
    """A request in doubt where nothing has executed today: what is held was bought before."""
    story = Playbook(a_trade(stop="5pts"), policy=PLAIN, broker=False) >> 795
    return story.read("10").reply("T1-x1", Unknown("timeout")) >> "61s"


def test_an_empty_book_counts_when_it_was_read_four_times():
    story = untraded()
    for _ in range(4):
        assert state_of(story) is State.UNKNOWN
        story >> book_of(story)
    assert state_of(story) is State.UNKNOWN
    assert state_of(story >> book_of(story)) is State.RETRY_WAIT


def test_an_empty_book_never_counts_where_something_has_executed():
    story = nameless().reply("T1-x1", Unknown("timeout")) >> "61s"
    for _ in range(9):
        story >> book_of(story)
    assert state_of(story) is State.UNKNOWN


def test_what_waits_in_a_book_of_its_own_is_no_sign_that_the_order_book_was_read():
    story = untraded()
    report = story.report(None, "open", order_id="GTT-7", trigger=Decimal(790), apart=True)
    for _ in range(4):
        assert state_of(story) is State.UNKNOWN
        story >> BookReply(orders=(report,), at_ns=story.now_ns)
    assert state_of(story) is State.UNKNOWN
    story >> BookReply(orders=(report,), at_ns=story.now_ns)
    assert state_of(story) is State.RETRY_WAIT
    assert story.book.theirs.get("GTT-7") is not None


def test_a_book_that_could_not_be_read_says_nothing_and_is_asked_for_again():
    story = nameless().reply("T1-x1", Unknown("timeout")) >> "61s"
    for _ in range(9):
        story >> BookReply(orders=None, at_ns=story.now_ns)
    assert state_of(story) is State.UNKNOWN
    assert len((story >> "10s").wants(ReadBook)) > 1


def test_one_question_about_the_book_is_under_way_at_a_time():
    story = nameless().reply("T1-x1", Unknown("timeout")) >> "25s"
    assert len(story.wants(ReadBook)) == 1
    assert len((story >> "10s").wants(ReadBook)) == 2


def test_an_order_that_answered_is_not_taken_for_the_next_request_after_a_restart():
    story = nameless(a_trade(stop="5pts"), a_trade(stop="5pts"))
    story.reply("T1-x1", Acked("B7")).reply("T2-x1", Unknown("timeout"))
    story.fill(None, "10", order_id="B7").restarted()
    assert story.trade().status is Status.CLOSED
    story >> book_of(story, "B7 complete 10")
    assert state_of(story, "T2") is State.UNKNOWN


def test_after_a_start_nothing_is_sent_before_the_book_has_told_of_its_orders():
    story = nameless(a_trade(stop="50pts")).restarted()
    story.read("20") >> 749
    assert story.orders == []
    story >> book_of(story, "E1 complete 10")
    assert story.orders == ["T1-x1 SELL 10"]


def test_after_a_start_a_broker_that_cannot_tell_its_orders_holds_a_stop_back_for_ten_seconds():
    story = nameless(a_trade(stop="50pts")).restarted()
    story.read("20") >> 749
    story >> BookReply(orders=None, at_ns=story.now_ns) >> "5s"
    assert len(story.wants(ReadBook)) == 2
    assert story.orders == []
    assert (story >> "4s").orders == ["T1-x1 SELL 10"]


def test_a_late_report_of_an_exit_that_is_over_concerns_nobody():
    story = nameless().reply("T1-x1", Acked("B7")).fill(None, "10", order_id="B7")
    story >> story.report(None, "complete", filled="10", order_id="B7")
    assert story.book.orders.get("B7").reported == 10


def test_a_request_under_way_to_a_broker_that_keeps_our_ids_is_held_for_its_longest_life():
    policy = Policy(exits=ExitPolicy(hold_ns=10_000_000_000))
    story = Playbook(policy=policy, broker=False).fill(None, "20", side="BUY", order_id="E1")
    story.create(a_trade(stop="5pts")) >> 795
    story.reply("T1-x1", Unknown("timeout")) >> story.query_reply("T1-x1") >> "9s"
    assert state_of(story) is State.UNKNOWN
    assert state_of(story >> "1s" >> story.query_reply("T1-x1")) is State.RETRY_WAIT


def test_a_late_report_of_an_earlier_order_does_not_concern_the_present_one():
    story = told(nameless().reply("T1-x1", Acked("B7")), "cancelled").read("20") >> "1s"
    story.reply("T1-x2", Acked("B8"))
    assert state_of(told(story, "rejected")) is State.WORKING


def test_a_person_is_told_of_the_fifth_refusal_in_a_row():
    story = leaving()
    for attempt, pause in enumerate(("1s", "2s", "5s", "10s", "1s"), 1):
        story.reply(f"T1-x{attempt}", Refused("margin")) >> pause
    assert [stuck.why for stuck in story.events(TradeStuck)] == ["margin"]


def test_a_claim_that_there_is_nothing_to_leave_is_looked_into():
    story = leaving().reply("T1-x1", NoAction("flat already"))
    assert state_of(story) is State.CHECKING
    assert len(story.wants(ReadPosition)) == 1


def test_an_order_that_a_person_approves_is_found_in_the_book():
    story = nameless().reply("T1-x1", Queued("waits for approval")) >> "30s"
    story.fill(None, "10", order_id="B7") >> book_of(story, "B7 complete 10")
    assert story.trade().status is Status.CLOSED


def test_an_order_that_lives_after_its_refusal_is_not_sent_beside():
    story = leaving().reply("T1-x1", Refused("duplicate id"))
    story >> story.report("T1-x1", "open") >> story.net("10") >> "3s"
    assert story.orders == ["T1-x1 SELL 10"]
    assert story.fill("T1-x1", "10").trade().status is Status.CLOSED


# Ids that the broker gives again on the next day.


def on_tcs(story, word):
    """Return a word of the next day on an order of something else, with the id of one of ours."""
    return msgspec.structs.replace(word, key=word.key._replace(symbol="TCS"))


def sold_a_part():
    """Return a story of which a part left with order B7 at a target, and six go on."""
    story = Playbook(policy=PLAIN, broker=False).fill(None, "10", side="BUY", order_id="E1")
    story.create(a_trade(stop="5pts", target=[("5pts", "4")])) >> 805
    story.reply("T1-x1", Acked("B7")).fill(None, "4", order_id="B7")
    return told(story, "complete", "4", quantity=Decimal(4))


def test_a_fill_of_another_order_with_an_id_that_was_ours_leaves_our_trade_alone():
    story = sold_a_part()
    story >> on_tcs(story, story.execution(None, "6", order_id="B7"))
    story >> on_tcs(story, story.report(None, "complete", "10", order_id="B7"))
    assert (story.trade().remaining, story.trade().status) == (6, Status.ACTIVE)
    assert story.book.exit_of_broker_id.get("B7") is None


def test_an_order_of_ours_has_filled_nothing_of_what_its_id_once_named():
    story = nameless() >> "1s"
    story >> on_tcs(story, story.execution(None, "10", order_id="B7"))
    story >> on_tcs(story, story.report(None, "complete", "10", order_id="B7"))
    story.reply("T1-x1", Acked("B7"))
    assert (state_of(story), story.trade().remaining) == (State.WORKING, 10)
    assert story.fill(None, "10", order_id="B7").trade().status is Status.CLOSED
    assert story.events(ExitFilled)[-1].quantity == 10
