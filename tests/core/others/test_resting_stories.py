"""A person's orders beside ours: failures that others had, and how ours end."""

from decimal import Decimal

from tests.core.exit_stories import holding
from tests.core.persons_orders import cancels, guarding, policy, told
from tests.playbook import a_trade
from tradebot.core.events import (
    OrderRests,
    TradeStuck,
)
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import (
    Acked,
    BookReply,
    InstrumentsLoaded,
    NotSent,
    OrderSide,
)
from tradebot.core.intents import ReadBook
from tradebot.core.market.instruments import Instrument


def test_shorts_are_left_past_what_waits_to_buy_back():
    story = holding(-10, a_trade(side="SHORT", stop="5pts"))
    told(story, side=OrderSide.BUY, trigger=Decimal(810)) >> 805
    assert (story.orders, cancels(story)) == ([], ["P1"])
    assert told(story, state="cancelled", side=OrderSide.BUY).orders == ["T1-x1 BUY 10"]


def test_the_room_for_several_exits_is_made_at_once():
    story = guarding("ask", 20, a_trade(stop="5pts"), a_trade(stop="5pts"))
    told(story, "P1")
    told(story, "P2")
    assert story >> 795
    assert cancels(story) == ["P1", "P2"]
    told(story, "P1", "cancelled").reply("T1-x1", Acked("B-T1-x1"))
    assert story.orders == ["T1-x1 SELL 10"]
    assert told(story, "P2", "cancelled").orders == ["T1-x1 SELL 10", "T2-x1 SELL 10"]


def test_trades_of_both_sides_on_a_position_do_not_wait_for_each_other():
    both = policy("ask", opposite_allowed=True)
    short = a_trade(trade_id="S1", side="SHORT", stop="5pts")
    story = holding(-10, a_trade(trade_id="L1", stop="5pts", quantity="5"), short, policy=both)
    told(story, side=OrderSide.BUY, trigger=Decimal(830))
    story.fill(None, "20", side="BUY", order_id="E2")
    told(story, "P2") >> 795
    assert (story.orders, cancels(story)) == ([], ["P2"])


def test_a_stop_that_fired_closes_the_trade_and_nothing_is_sent():
    story = told(guarding()) >> 795
    told(story, state="complete", filled="10")
    assert story.orders == []
    story.fill(None, "10", order_id="P1")
    assert story.flat(40).trade().status is Status.CLOSED_EXTERNAL
    assert story.orders == []


def test_a_cancel_that_is_refused_for_a_day_is_asked_for_no_more_than_twice_a_minute():
    story = told(guarding()) >> 795
    for _ in range(20):
        told(story) >> "3m"
    assert len(cancels(story)) <= 2 * 60 + 6
    assert story.orders == []


def test_an_order_that_is_refused_after_their_stop_was_cancelled_is_an_alarm_and_sent_again():
    story = told(guarding()) >> 795
    told(story, state="cancelled").reply("T1-x1", NotSent("429"))
    assert story.trade().status is Status.TRIGGERED
    assert len(story.events(TradeStuck)) == 1
    assert story >> "2s"
    assert story.orders == ["T1-x1 SELL 10", "T1-x2 SELL 10"]


def test_a_refusal_where_nothing_was_cancelled_is_no_alarm_yet():
    story = guarding() >> 795
    story.reply("T1-x1", NotSent("429"))
    assert story.events(TradeStuck) == []


def test_a_rest_below_the_lot_waits_for_the_cancel_and_is_not_sent():
    lots = Instrument(exchange="NSE", symbol="SBIN", lot_size=Decimal(5))
    story = guarding()
    story.process(InstrumentsLoaded((lots,)))
    told(story, quantity="8") >> 795
    assert (story.orders, cancels(story)) == ([], ["P1"])
    assert story >> "3s"
    assert story.orders == []
    assert told(story, state="cancelled", quantity="8").orders == ["T1-x1 SELL 10"]


def test_a_stop_that_the_broker_refused_counts_for_nothing():
    story = told(guarding(), state="rejected") >> 795
    assert (story.orders, cancels(story)) == (["T1-x1 SELL 10"], [])


def test_one_that_has_not_filled_in_five_seconds_rests_whatever_it_is():
    story = told(guarding(), trigger=None) >> "6s" >> 795
    assert cancels(story) == ["P1"]


def test_nothing_leaves_between_two_rows_of_an_order_book():
    story = told(guarding()) >> 795
    rows = (
        story.report(None, "cancelled", order_id="P1", trigger=Decimal(790)),
        story.report(None, "open", order_id="P2", trigger=Decimal(785)),
    )
    story.process(BookReply(orders=rows, at_ns=story.now_ns))
    assert (story.orders, cancels(story)) == ([], ["P1", "P2"])


def test_after_a_start_nothing_leaves_before_the_order_book_was_read():
    story = guarding()
    story.engine = story._started()
    story._take(story.engine.restore(story.store.snapshot(), story.now_ns))
    assert story.wants(ReadBook)
    story >> story.net("10") >> 795
    assert story.orders == []
    rows = (story.report(None, "open", order_id="P1", trigger=Decimal(790)),)
    story.process(BookReply(orders=rows, at_ns=story.now_ns))
    assert (story.orders, cancels(story)) == ([], ["P1"])


def test_who_has_decided_is_not_told_before_the_exit():
    story = told(guarding("cancel_first")) >> "2s"
    assert story.events(OrderRests) == []
    assert story >> 795
    assert cancels(story) == ["P1"]


def test_orders_that_leave_nothing_of_ours_are_nobodys_news():
    story = told(guarding(), side=OrderSide.BUY) >> "2s"
    assert story.events(OrderRests) == []
