"""Failures that other trading programs had, told as stories that end well here.

Each docstring names the project and the number of its report; docs/failures.md has them all.
"""

from decimal import Decimal

import pytest

from tests.core.exit_stories import holding, leave, leaving, state_of
from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.events import BookDiffers, ExitDecided, TrailActivated
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import (
    Acked,
    BookReply,
    HaltTrading,
    OrderSide,
    Reconcile,
    Refused,
    Unknown,
)
from tradebot.core.intents import PlaceOrder, QueryOrder, ReadPosition
from tradebot.core.leaving.exit import State
from tradebot.core.leaving.halt import Form
from tradebot.core.policy import ExitPolicy, Policy

LOST = Unknown("timeout")
PLAIN = Policy(exits=ExitPolicy(tagged=False, hold_ns=120_000_000_000))

# Sold twice.


def test_an_order_whose_answer_was_lost_after_it_was_taken_is_the_only_one():
    """FT 13332: the exchange had the order, the client saw a timeout, and sold again."""
    story = leaving().reply("T1-x1", LOST) >> "3s"
    story >> story.query_reply("T1-x1", state="open") >> "1m"
    story.fill("T1-x1", "10")
    assert story >> "1m"
    assert story.orders == ["T1-x1 SELL 10"]
    assert (story.trade().status, story.trade().exited, story.book.net(KEY)) == (
        Status.CLOSED,
        10,
        0,
    )


def test_a_close_that_is_slow_to_fill_is_not_sent_again():
    """HB 7611: the close was tried again before the first one was seen to fill."""
    story = leaving().reply("T1-x1", Acked("B1"))
    for _ in range(60):
        story = story >> "1s"
        if story.wants(QueryOrder):
            story >> story.query_reply("T1-x1", state="open", order_id="B1")
    assert story.orders == ["T1-x1 SELL 10"]
    story.fill("T1-x1", "10", order_id="B1")
    assert (story.trade().status, story.book.net(KEY)) == (Status.CLOSED, 0)


def test_a_close_of_which_the_fill_was_never_told_is_found_by_asking():
    """HB 7503: the close filled, nobody noticed, and every further try failed."""
    story = leaving().reply("T1-x1", Acked("B1")) >> "10s"
    assert story.wants(QueryOrder)
    story.fill("T1-x1", "10", order_id="B1")  # what executed is delivered before the answer
    story >> story.query_reply("T1-x1", state="complete", filled="10", order_id="B1")
    assert story.trade().status is Status.CLOSED
    assert story.orders == ["T1-x1 SELL 10"]


def test_a_refusal_for_a_name_that_is_in_use_says_nothing_of_the_order_that_has_it():
    """NT 4215: a repeated request was refused as a duplicate, and the live order called dead."""
    story = leaving().reply("T1-x1", LOST)
    story >> story.query_reply("T1-x1", state="open")
    story.reply("T1-x1", Refused("duplicate client order id"))
    assert state_of(story) is State.WORKING
    assert story >> "1m"
    assert story.orders == ["T1-x1 SELL 10"]


def test_units_of_an_order_on_its_way_are_gone_before_the_position_says_so():
    """VN 2424: the position lagged behind the fill, and a second close was sent."""
    story = leaving(10, a_trade(stop="5pts"), a_trade(stop="5pts", quantity="5"))
    story.reply("T1-x1", Acked("B1"))
    assert story >> story.net("10") >> "30s" >> story.net("10")
    assert story.orders == ["T1-x1 SELL 10"]


# Stops that did not act, or on the wrong thing.


def test_what_a_target_leaves_behind_is_guarded_by_its_stop():
    """crypto-bot 22, binance-oco 8: after a part was sold, the rest had no stop."""
    story = holding(10, a_trade(target=[("5pts", "4"), ("9pts", None)], stop="5pts")) >> 805
    guarded = story.book.coverage.trades.get("T1")
    assert guarded is None or not guarded.quantity
    story.reply("T1-x1", Acked("B1")).fill("T1-x1", "4", "805", order_id="B1")
    assert story >> 800 >> 795
    assert story.orders == ["T1-x1 SELL 4", "T1-x2 SELL 6"]


def test_a_trail_is_started_by_the_prices_that_its_trade_is_judged_by():
    """NT 3629, NT 3056: the activation looked at another price, or at an old one."""
    story = Playbook() >> 806  # before anybody listened
    story.create(a_trade(trail="5pts", activation="4pts", price_source="exit_side"))
    story.process(story.tick(806, bid=801.0, ask=811.0))
    assert story.events(TrailActivated) == []
    story.process(story.tick(803, bid=804.0, ask=805.0))
    assert [event.ltp for event in story.events(TrailActivated)] == [804.0]


def test_of_an_exit_that_was_cancelled_half_way_exactly_the_rest_leaves():
    """HB 7129, FT 8374: a stop that had filled in part was stuck."""
    story = leaving().reply("T1-x1", Acked("B1")).fill("T1-x1", "4", order_id="B1")
    story >> story.report("T1-x1", "cancelled", filled="4", order_id="B1")
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 6"]
    story.reply("T1-x2", Acked("B2")).fill("T1-x2", "6", order_id="B2")
    assert (story.trade().status, story.book.net(KEY)) == (Status.CLOSED, 0)


@pytest.mark.parametrize("form", [Form.ENTRIES, Form.FLATTEN])
def test_nothing_that_keeps_trades_out_keeps_a_stop_in(form):
    """strategies 59: a hook of the user vetoed stops."""
    story = holding(10)
    story.process(HaltTrading(form=form, why="x", at_ns=story.now_ns))
    assert story >> 795
    assert story.orders == ["T1-x1 SELL 10"]


def test_a_broker_that_refuses_for_ever_is_sent_two_orders_a_minute():
    """FT 11788: the stop was sent again in every loop."""
    story = leaving()
    answered = 0
    for _ in range(600):
        for order in story.orders[answered:]:
            story.reply(order.split()[0], Refused("blocked"))
            answered += 1
        story = story >> "1s" >> story.net("10")
    assert 20 < len(story.orders) < 30
    assert story.trade().stuck


# Deaths.


@pytest.mark.parametrize("dies_after", range(6))
def test_a_kill_between_two_ticks_changes_no_exit(dies_after):
    """VN 3453: a local trailing stop and its extreme were lost with the process."""
    ticks = [801, 806, 803, 807, 804, 801.9]
    story = holding(10, a_trade(trail="5pts"))
    for number, ltp in enumerate(ticks):
        if number == dies_after:
            story.restarted()
            story >> story.net("10")
        assert story >> ltp
    (decided,) = story.events(ExitDecided)
    assert (decided.ltp, decided.level, story.trade().reason) == (801.9, 802, "trail")


def test_to_reconcile_twice_and_to_restart_twice_is_to_do_it_once():
    """NT 3046, NT 3176, NT 3878: a restart made trades and orders a second time."""
    story = holding(10) >> "1m"
    for _ in range(2):
        story.process(Reconcile(story.now_ns))
        story >> story.net("10")
    once = dict(story.book.trades), dict(story.book.positions), story.store.snapshot()
    story.restarted().restarted()
    story >> story.net("10")
    assert (dict(story.book.trades), dict(story.book.positions), story.store.snapshot()) == once
    assert story >> 795
    assert story.orders == ["T1-x1 SELL 10"]


def test_an_order_id_that_a_broker_gives_twice_moves_only_whose_name_it_carries():
    """IB 242: ids began anew after a restart of the gateway, and fills went to old orders."""
    story = holding(20, a_trade(stop="5pts"), a_trade(stop="9pts")) >> 795
    story.reply("T1-x1", Acked("1")).fill("T1-x1", "10", order_id="1")
    assert story.restarted() >> story.net("10") >> 791
    story.reply("T2-x1", Acked("1")).fill("T2-x1", "10", order_id="1")
    assert [story.trade(name).exited for name in ("T1", "T2")] == [10, 10]


@pytest.mark.parametrize("policy", [Policy(), PLAIN])
def test_an_order_of_an_earlier_life_is_followed_to_its_end(policy):
    """VN 3382, NT 5057: orders from before a restart could not be managed."""
    story = (holding(10, policy=policy) >> 795).reply("T1-x1", Acked("B1"))
    story.restarted()
    name = "T1-x1" if policy.exits.tagged else None
    story.fill(name, "4", order_id="B1")
    ended = story.report(name, "cancelled", filled="4", order_id="B1")
    story >> ended >> story.net("6")
    story >> BookReply(orders=(ended,), at_ns=story.now_ns)
    assert story >> "12s" >> story.net("6")
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 6"]


def test_the_price_of_an_entry_is_that_of_its_executions_and_survives():
    """zenbot 1239, binance-trading-bot 618: the entry price was forgotten, and the stop with it."""
    story = Playbook(a_trade(order_id="E1", stop="1%"), broker=False) >> 700
    assert story.trade().status is Status.PENDING
    assert story << None  # a percentage of no entry is no level
    story.fill(None, "5", "800", side="BUY", order_id="E1")
    story.fill(None, "5", "810", side="BUY", order_id="E1")
    story.restarted()
    assert story.trade().entry == 805
    assert story.book.levels["T1"].stop == Decimal("796.95")


# Books that do not agree.


def test_a_doubt_stays_one_until_the_broker_has_said_something():
    """NT 4958, NT 4152: after a time limit the request was called refused, and was alive."""
    story = leaving().reply("T1-x1", LOST)
    for _ in range(600):
        story = story >> "1s" >> story.query_reply("T1-x1", answered=False)
    assert state_of(story) is State.UNKNOWN
    assert story.orders == ["T1-x1 SELL 10"]


@pytest.mark.parametrize("nets", [("4", "-10"), ("0", None), ("-10", "20")])
def test_a_broker_that_contradicts_itself_moves_nothing_for_ever(nets):
    """NT 3622: corrections that never met."""
    story = holding(10)
    for number in range(60):
        story.process(Reconcile(story.now_ns))
        story = story >> story.net(nets[number % 2]) >> "5s"
    assert story.events(BookDiffers) == []
    assert story.book.net(KEY) == 10
    assert story.trade().status is Status.ACTIVE


def test_a_short_position_is_below_zero_here_and_there():
    """NT 3104: the signs of two books were not the same."""
    story = holding(-10, a_trade(side="SHORT", stop="5pts"))
    story.process(Reconcile(story.now_ns))
    assert story >> story.net("-10") >> 805
    assert story.events(BookDiffers) == []
    assert [order.side for order in story.wants(PlaceOrder)] == [OrderSide.BUY]


def test_a_fill_that_the_stream_dropped_comes_with_the_next_comparison():
    """IB 249, TradeStation 95: fills were lost by a stream whose heartbeat was healthy."""
    policy = Policy(reconcile_every_ns=30_000_000_000)
    story = holding(10, policy=policy) >> "31s"
    before = len(story.wants(ReadPosition))
    assert before
    story.fill(None, "10", order_id="by hand")  # what executed is delivered before the net
    assert story >> story.net("0") >> "1s"
    assert story.book.net(KEY) == 0
    assert story >> 795 >> "1m"
    assert story.orders == []


def test_a_position_that_the_broker_has_closed_is_not_closed_again():
    """LN 5839: a liquidation by the broker was not taken in, and a new position was closed."""
    story = holding(10, a_trade(stop="5pts", after="45m"))
    story.fill(None, "10", order_id="liquidation")
    leave(story, "T1")
    for _ in range(30):
        story = story >> "1s" >> story.net("0")
    assert story.trade().status is Status.CLOSED_EXTERNAL
    assert story.orders == []
    story.fill(None, "10", side="BUY", order_id="anew")
    story.create(a_trade(stop="5pts", after="45m"))
    assert story >> "44m" << "manual"
    assert story >> "1m" << "time"
