"""How a trade comes to be guarded, is changed, and is told to leave."""

import datetime as dt
from decimal import Decimal

import msgspec
import pytest

from tests.core.persons_orders import guarding, told
from tests.playbook import KEY, SBIN, Playbook, a_trade, rules
from tradebot.core.events import (
    EntryDied,
    EntryFilled,
    OutsideTraded,
    RulesChanged,
    TradeClosed,
    TradeCreated,
    TradeRefused,
)
from tradebot.core.guard.trades import Reason, Status
from tradebot.core.inputs import CreateTrade, ExitTrade, OrderSide, Timer, UpdateTrade
from tradebot.core.intents import ReadOrder, ReadPosition, Subscribe, Unsubscribe
from tradebot.core.leaving.halt import Form
from tradebot.core.market.sessions import Session
from tradebot.core.policy import Policy

INDIA = Policy(sessions={"NSE": Session(zone="Asia/Kolkata")}, stale_after_ns=30 * 10**9)


def bound(order_id="E1", **words):
    """A story without a broker, of one trade that waits for its entry order."""
    return Playbook(broker=False).create(a_trade(order_id=order_id, **words))


def entry(story, quantity, price="800", order_id="E1"):
    return story.fill(None, quantity, price, side="BUY", order_id=order_id)


def update(story, trade_id="T1", **words):
    command = UpdateTrade(trade_id=trade_id, rules=rules(**words), at_ns=story.now_ns)
    story.process(command)
    return story


def leave(story, trade_id="T1"):
    story.process(ExitTrade(trade_id=trade_id, at_ns=story.now_ns))
    return story


def refusals(story):
    return [(said.field, said.why) for said in story.events(TradeRefused)]


# Coming to be.


def test_while_a_person_halts_no_new_trade_is_taken():
    story = Playbook()
    story.book.put_halt(Form.ENTRIES, "lunch", story.now_ns)
    story.create(a_trade(stop="5pts"))
    assert refusals(story) == [("halt", "no new trade is taken: a person halted (entries): lunch")]
    assert not story.book.trades


def test_what_enters_while_everything_is_being_left_leaves_too():
    story = bound(stop="5pts")
    story.book.put_halt(Form.FLATTEN, "news", story.now_ns)
    assert entry(story, "4") << "halt"
    assert story.trade().status is Status.TRIGGERED


def test_trades_are_numbered_and_named_in_the_order_of_their_creation():
    story = Playbook(a_trade(), a_trade(trade_id="mine"), a_trade())
    assert [said.trade_id for said in story.events(TradeCreated)] == ["T1", "mine", "T3"]
    assert [trade.number for trade in story.book.trades.values()] == [1, 2, 3]


def test_a_name_that_a_person_took_is_not_given_again():
    story = Playbook(a_trade(trade_id="T2"), a_trade())
    assert list(story.book.trades) == ["T2", "T3"]


def test_the_first_trade_wants_the_prices_and_the_last_one_lets_them_go():
    story = Playbook(a_trade(stop="5pts"), a_trade(stop="9pts"))
    assert story.wants(Subscribe) == [Subscribe("NSE:SBIN")]
    assert story >> 795 >> "5s"
    assert story.wants(Unsubscribe) == []
    assert story >> 791 >> "5s"
    assert story.wants(Unsubscribe) == [Unsubscribe("NSE:SBIN")]


@pytest.mark.parametrize(
    ("request_", "field", "why"),
    [
        (a_trade(trade_id="T1"), "trade_id", "trade T1 exists already"),
        (a_trade(order_id="E1"), "order_id", "order E1 is the entry of trade T2 already"),
        (
            a_trade(side="SHORT"),
            "side",
            "short trade T3 would net against trade T1 on NSE:SBIN MIS",
        ),
    ],
)
def test_what_cannot_be_guarded_is_refused_and_changes_nothing(request_, field, why):
    story = Playbook(a_trade(), a_trade(order_id="E1"), broker=False)
    before = dict(story.book.trades)
    assert refusals(story.create(request_)) == [(field, why)]
    assert story.book.trades == before


def test_opposite_trades_are_for_who_asked_for_them():
    policy = Policy(opposite_allowed=True)
    assert len(Playbook(a_trade(), a_trade(side="SHORT"), policy=policy).book.trades) == 2


@pytest.mark.parametrize("words", [{"product": "NRML"}, {"account": "A2"}, {"symbol": "TCS"}])
def test_another_net_position_is_not_opposite(words):
    other = msgspec.structs.replace(a_trade(side="SHORT"), **words)
    assert len(Playbook(a_trade(), other).book.trades) == 2


def test_a_plan_on_the_wrong_side_is_refused_and_a_position_that_exists_is_not():
    wrong = a_trade(stop="@805")
    assert refusals(Playbook(broker=False).create(wrong, strict=True)) == [
        ("rules", "stop 805 is above entry 800 for long trade T1")
    ]
    assert Playbook(wrong).trade().status is Status.ACTIVE
    assert Playbook(broker=False).create(a_trade(stop="5pts"), strict=True).trade().filled
    planned = a_trade(order_id="E1", stop="@805")
    assert Playbook(broker=False).create(planned, strict=True).trade().status is Status.PENDING


def test_old_prices_from_before_anybody_listened_judge_no_new_trade():
    story = Playbook(a_trade(stop="5pts"), policy=INDIA) >> 795 >> "5s"
    assert story.trade().status is Status.CLOSED
    story.create(a_trade(stop="@796", past_stop="ask"))  # the price of 795 is five seconds old
    assert story.trade("T2").unguarded
    story = Playbook(a_trade(stop="5pts"), policy=INDIA) >> 795 >> "1m"
    story.create(a_trade(stop="@796", past_stop="ask"))  # it is a minute old: it says nothing
    assert not story.trade("T2").unguarded
    assert not (story >> 820).trade("T2").unguarded  # nor does it make the next one a jump


# The entry's executions.


def test_an_entry_is_guarded_from_its_first_fill_on():
    story = bound(stop="1%")
    assert story.trade().status is Status.PENDING
    entry(story, "4", "800")
    assert (story.trade().status, story.trade().remaining) == (Status.ACTIVE, 4)
    entry(story, "6", "810")
    filled = story.events(EntryFilled)
    assert [(said.quantity, said.filled, said.entry) for said in filled] == [
        (4, 4, 800),
        (6, 10, 806),
    ]
    assert story >> 798 << None >> 797.95 << "stop @ 797.95"


def test_a_further_fill_keeps_what_the_marks_remember():
    story = entry(bound(trail="5pts", breakeven="2pts"), "4") >> 806
    marks = story.trade().marks
    assert entry(story, "4", "801").trade().marks == marks
    assert entry(story, "8", "830").trade().marks.best_price == 815.25  # the new entry


def test_what_an_order_has_done_before_it_is_bound_counts():
    story = entry(entry(Playbook(broker=False), "4", "800"), "6", "810")
    story.create(a_trade(order_id="E1", stop="1%"))
    assert (story.trade().filled, story.trade().entry) == (10, 806)


def test_an_order_that_is_known_and_has_done_nothing_is_waited_for():
    story = Playbook(broker=False)
    story >> story.report(None, "open", order_id="E1")
    assert story.create(a_trade(order_id="E1")).trade().status is Status.PENDING


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("message", "why"), [("margin", "margin"), ("", "its entry order E1 is rejected")]
)
def test_an_entry_that_dies_unfilled_ends_its_trade(when, message, why):
    story = Playbook(broker=False)
    report = story.report(None, "rejected", order_id="E1", message=message)
    if when == "before":
        story >> report
    story.create(a_trade(order_id="E1"))
    if when == "after":
        story >> report
    assert story.trade().status is Status.NEVER_FILLED
    assert story.events(EntryDied)[0].why == why
    assert story.events(TradeClosed)[0].realized_pnl == 0
    assert story.wants(Unsubscribe)


def test_a_further_fill_leaves_a_trade_unguarded_that_waits_for_a_person():
    story = entry(bound(stop="@805", past_stop="ask"), "4") >> 801
    assert entry(story, "4").trade().unguarded
    assert story >> 795 << None


def test_a_fill_after_the_entry_was_called_dead_is_the_truth_and_is_guarded():
    """HB 8306: reported failed, and then it fills."""
    story = bound(stop="5pts")
    story >> story.report(None, "cancelled", order_id="E1")
    entry(story, "4")
    assert (story.trade().status, story.trade().closed_at_ns) == (Status.ACTIVE, None)
    assert len(story.wants(Subscribe)) == 2
    assert entry(story, "1").trade().filled == 5
    assert story >> 795 << "stop @ 795"


def test_a_report_of_fills_that_have_not_come_is_waited_for():
    story = bound()
    story >> story.report(None, "cancelled", filled="4", order_id="E1")
    assert story.trade().status is Status.PENDING
    assert entry(story, "4").trade().status is Status.ACTIVE


def test_an_entry_of_which_nothing_is_heard_is_asked_for_until_it_is_settled():
    story = bound() >> "21s"
    assert len(story.wants(ReadOrder)) == 5
    story >> story.report(None, "complete", filled="4", order_id="E1") >> "10s"
    assert len(story.wants(ReadOrder)) == 7
    assert entry(story, "4") >> "1m"
    assert len(story.wants(ReadOrder)) == 7


def test_parts_of_an_entry_that_come_after_the_decision_leave_too():
    story = entry(bound(stop="5pts"), "4") >> 795 << "stop @ 795"
    assert entry(story, "6") << "stop for 6"
    story.fill("T1-x1", "4").fill("T1-x2", "6")
    assert story.trade().status is Status.TRIGGERED  # more may come
    story >> story.report(None, "complete", filled="10", order_id="E1")
    assert story.trade().status is Status.CLOSED
    assert story.events(TradeClosed)[0].reason is Reason.STOP


def test_an_entry_of_which_the_target_took_all_so_far_goes_on_being_guarded():
    story = entry(bound(stop="5pts", target=[("5pts", "5"), ("9pts", None)]), "3") >> 805
    assert story << "target @ 805"
    story.fill("T1-x1", "3")
    assert (story.trade().status, story.trade().remaining) == (Status.ACTIVE, 0)
    assert entry(story >> 801, "4") << None
    assert story.trade().reason is None
    assert story >> 795 << "stop @ 795 for 4"


def test_a_trade_ends_with_its_last_target_when_the_entry_brings_no_more():
    story = entry(bound(target=[("5pts", "5"), ("9pts", "5")]), "3") >> 805
    story.fill("T1-x1", "3")
    story >> story.report(None, "cancelled", filled="3", order_id="E1")
    assert story.trade().status is Status.CLOSED
    assert story.events(TradeClosed)[0].reason is Reason.TARGET


# Edits.


def test_an_edit_replaces_the_rules_and_may_loosen_the_stop():
    story = Playbook(a_trade(stop="5pts")) >> 798
    changed = update(story, stop="9pts").events(RulesChanged)[0]
    assert (changed.was, changed.stop) == (795, 791)
    assert story >> 792 << None >> 791 << "stop @ 791"


def test_an_edit_keeps_what_the_old_rules_reached():
    story = Playbook(a_trade(trail="5pts", breakeven="2pts")) >> 806
    update(story, trail="3pts", breakeven="2pts")
    assert story.trade().marks.best_price == 806
    assert story.trade().marks.breakeven_done
    update(story, breakeven="3pts")
    assert not story.trade().marks.breakeven_done
    assert not story.trade().marks.trail_active
    changed = update(story).events(RulesChanged)
    assert [(said.was, said.stop) for said in changed] == [(801, 803), (803, None), (None, None)]


def test_targets_that_stay_are_not_taken_twice_and_new_ones_are_new():
    parts = [("5pts", "4"), ("9pts", None)]
    story = Playbook(a_trade(target=parts)) >> 805 << "target @ 805 for 4"
    assert update(story, target=parts, stop="9pts") >> 806 << None
    assert update(story, target=[("5pts", "2")]) >> 806 << "target @ 805 for 2"


def test_an_edit_of_a_trade_that_is_not_filled_waits_with_it():
    story = update(bound(stop="5pts"), stop="2pts")
    assert entry(story, "4") >> 798 << "stop @ 798"


def test_a_trade_that_is_being_left_is_neither_edited_nor_left_again():
    story = Playbook(a_trade(stop="5pts"), broker=False) >> 795 << "stop @ 795"
    update(story, stop="50pts")
    leave(story)
    assert story << None
    assert refusals(story) == [("trade_id", "trade T1 is being left; its rules are over")]


def test_commands_about_trades_that_are_not_open_are_refused():
    story = leave(update(Playbook(broker=False)))
    assert refusals(story) == [("trade_id", "trade T1 is not open")] * 2
    assert refusals(leave(bound())) == [
        ("trade_id", "trade T1 has no filled entry yet: there is nothing to leave")
    ]


def test_a_person_leaves_at_once():
    assert leave(Playbook(a_trade())) << "manual"


# Time.


def at(story, text):
    return int(dt.datetime.fromisoformat(text).timestamp()) * 10**9


def test_a_duration_counts_from_the_entry_and_a_further_fill_does_not_prolong_it():
    story = entry(bound(after="10m"), "4") >> "9m"
    assert entry(story, "4") << None
    assert story >> "59s" << None >> "1s" << "time"


def test_an_edit_of_other_rules_keeps_the_time_and_one_that_drops_it_keeps_none():
    story = Playbook(a_trade(after="10m")) >> "9m"
    assert update(story, after="10m", stop="9pts") >> "1m" << "time"
    assert update(Playbook(a_trade(after="10m")), stop="9pts") >> "11m" << None
    assert update(Playbook(a_trade(after="10m")) >> "9m", after="5m") >> "1s" << "time"


def test_a_clock_time_that_is_set_later_is_the_next_one_from_then():
    story = Playbook(policy=INDIA)
    opened = at(story, "2025-10-13T10:00+05:30")
    story.now_ns = at(story, "2025-10-14T11:00+05:30")
    story.process(
        CreateTrade(request=a_trade(stop="9pts"), at_ns=story.now_ns, opened_at_ns=opened)
    )
    update(story, at="15:10")
    due = at(story, "2025-10-14T15:10+05:30")
    assert story.trade().deadline_ns == due
    story.process(Timer(due - 1))
    assert story << None
    story.process(Timer(due))
    assert story << "time"


def test_a_clock_time_that_was_asked_for_counts_from_the_entry():
    story = Playbook(policy=INDIA)
    opened = at(story, "2025-10-13T10:00+05:30")
    story.process(CreateTrade(request=a_trade(at="15:10"), at_ns=opened + 5, opened_at_ns=opened))
    assert story.trade().deadline_ns == at(story, "2025-10-13T15:10+05:30")
    assert story.engine.next_deadline_ns() == story.trade().deadline_ns


def test_others_orders_are_kept_for_trades_that_may_be_bound_to_them():
    story = entry(Playbook(broker=False), "4", order_id="E7")
    assert story.book.orders.get("E7").executed == 4
    assert story.book.net(KEY) == 4
    assert SBIN.tick_size == Decimal("0.05")


def test_the_net_is_read_for_a_trade_whose_position_nobody_has_told_of():
    story = Playbook(broker=False).fill(None, "10", side="BUY", order_id="B1")
    assert story.create(a_trade(stop="5pts")).wants(ReadPosition) == []
    story.create(a_trade(quantity="11", stop="5pts"))
    assert [want.key for want in story.wants(ReadPosition)] == [KEY]


def test_what_somebody_else_trades_on_a_position_of_ours_is_told():
    story = Playbook(broker=False).fill(None, "10", side="BUY", order_id="B1")
    assert story.create(a_trade(stop="5pts")).events(OutsideTraded) == []
    (told,) = story.fill(None, "4", order_id="B2").events(OutsideTraded)
    assert (told.side, told.quantity, told.net, told.guarded) == (OrderSide.SELL, 4, 6, 10)


def test_the_end_of_an_order_of_others_lets_an_exit_leave_at_once():
    story = told(guarding()) >> 795
    assert story.orders == []
    assert told(story, state="cancelled").orders == ["T1-x1 SELL 10"]


def test_the_ids_of_adopted_trades_are_the_engines_own():
    story = Playbook(broker=False).create(a_trade(trade_id="adopted-7", stop="5pts"))
    (refused,) = story.events(TradeRefused)
    assert (refused.field, "adopted-7" in refused.why) == ("trade_id", True)


@pytest.mark.parametrize("died", [True, False])
def test_an_order_elsewhere_with_the_id_of_an_entry_enters_nothing(died):
    story = bound(stop="5pts")
    if died:
        story >> story.report(None, "rejected", order_id="E1", side=OrderSide.BUY)
    tcs = KEY._replace(symbol="TCS")
    story.fill(None, "10", side="BUY", order_id="E1", key=tcs)
    assert (story.trade().filled, "E1" in story.book.entry_of_order) == (0, False)
