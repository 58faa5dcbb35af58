"""A session that begins far from our last close asks for the exchange's before it is judged."""

import datetime as dt

import pytest
from msgspec.structs import replace

from tests.playbook import KEY, SBIN, Playbook, a_trade, rules
from tradebot.core.adoption.strategies import OnCorporateAction, Strategy
from tradebot.core.checkpoint import checkpoint, engine_of
from tradebot.core.events import ExitDecided, PriceHeld, PriceResolved
from tradebot.core.guard.covering import unguarded_quantity
from tradebot.core.guard.trades import LastClose, Status
from tradebot.core.inputs import ExitTrade, PolicyChanged, QuoteReply, Timer, UpdateTrade
from tradebot.core.intents import AskQuote
from tradebot.core.market.instrument_events import TradePaused
from tradebot.core.market.instruments import Kind
from tradebot.core.market.sessions import Session
from tradebot.core.policy import AdoptPolicy, Policy

INDIA = Session(
    zone="Asia/Kolkata",
    open_minutes=9 * 60 + 15,
    close_minutes=15 * 60 + 30,
    weekdays=frozenset(range(5)),
)
POLICY = Policy(sessions={"NSE": INDIA})
CNC = KEY._replace(product="CNC")


def ns(text):
    """Read "2025-10-10 09:15" of India."""
    return int(dt.datetime.fromisoformat(f"{text}+05:30").timestamp()) * 1_000_000_000


CLOSE = ns("2025-10-10 15:30")  # a Friday


def delivery(product="CNC", strategy="", **words):
    return replace(a_trade(**(words or {"stop": "6%"})), product=product, strategy=strategy)


def laid_down(action, name="swing"):
    """Return a policy with one strategy, of which the operator has said what a price does."""
    strategy = Strategy(name=name, on_corporate_action=OnCorporateAction(action))
    return replace(POLICY, adopt=AdoptPolicy(account="A1", strategies=(strategy,)))


def night(*trades, instrument=SBIN, price=800, last="15:29", policy=POLICY):
    """Return a story of trades that were open when the session closed, with a price before."""
    story = Playbook(policy=policy, instruments=[instrument])
    story.now_ns = ns(f"2025-10-10 {last}")
    for trade in trades or [delivery()]:
        story.create(trade)
    return after_close(story >> price)


def after_close(story):
    story.now_ns = CLOSE
    story.process(Timer(CLOSE))
    return story


def opens(story, price, day="2025-10-13"):
    """Let the next session begin with a price."""
    story.now_ns = ns(f"{day} 09:15")
    return story >> price


def quoted(story, prev_close, ltp=None):
    """Answer what the second source was asked."""
    price = story.book.lines["NSE:SBIN"].ltp if ltp is None else ltp
    return story >> QuoteReply(
        instrument="NSE:SBIN",
        ltp=price,
        at_ns=story.now_ns,
        received_ns=story.now_ns,
        prev_close=prev_close,
    )


def at_once(story, *prices):
    """Let prices come in the same moment."""
    for price in prices:
        story.process(story.tick(price))
    return story


def asked(story):
    return [intent.why for intent in story.wants(AskQuote)]


def test_a_split_pauses_the_trade_and_says_both_closes():
    story = opens(night(), 402)
    assert story << None
    assert asked(story) == ["the session opens far from the close"]
    assert quoted(story, 400.0) << None
    (told,) = story.events(TradePaused)
    assert (told.trade_id, told.instrument) == ("T1", "NSE:SBIN")
    assert (told.close, told.prev_close, told.ltp) == (800.0, 400.0, 402.0)
    trade = story.trade()
    assert (trade.status, trade.unguarded) == (Status.ACTIVE, True)
    assert unguarded_quantity(story.book, trade) == 10
    assert story >> 300 >> 300 << None


def test_new_levels_of_a_persons_guard_a_paused_trade_again():
    story = quoted(opens(night(), 402), 400.0)
    story.process(UpdateTrade(trade_id="T1", rules=rules(stop="@390"), at_ns=story.now_ns))
    assert not story.trade().unguarded
    assert story >> 391 << None
    assert story >> 389.5 << "stop @ 390"


def test_a_pause_and_its_answer_are_not_forgotten_by_a_restart():
    story = quoted(opens(night(), 402), 400.0).restarted()
    assert story >> 300 >> 300 << None
    story.process(UpdateTrade(trade_id="T1", rules=rules(stop="@250"), at_ns=story.now_ns))
    assert story.restarted() >> 300 << None
    assert asked(story) == ["the session opens far from the close"]  # and not once more
    assert story >> 250 >> 250 << "stop @ 250"


def test_a_person_leaves_a_paused_trade_as_any_other():
    story = quoted(opens(night(), 402), 400.0)
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    assert story << "manual"


def test_the_close_is_remembered_by_a_process_that_has_not_seen_it():
    story = opens(night().restarted(), 402)
    assert quoted(story, 400.0) << None
    assert story.trade().unguarded


def test_a_gap_from_our_own_close_is_judged_as_soon_as_the_quote_says_so():
    story = opens(night(), 740)
    assert story << None
    assert quoted(story, 801.5) << "stop @ 752"
    assert story.events(TradePaused) == []


@pytest.mark.parametrize("prev_close", [None, 0.0, 740.0, 790.0, 870.0])
def test_a_close_that_explains_nothing_leaves_the_gap_to_be_judged(prev_close):
    assert quoted(opens(night(), 740), prev_close) << "stop @ 752"


def two_days(*closes, policy=POLICY):
    """Return a story of a trade that has seen two sessions close, on a Thursday and a Friday."""
    story = Playbook(policy=policy)
    for day, close in zip(("2025-10-09", "2025-10-10"), closes, strict=True):
        story.now_ns = ns(f"{day} 15:29")
        if not story.book.trades:
            story.create(delivery(stop="20%"))
        story >> close >> close  # the second confirms the first
        story.now_ns = ns(f"{day} 15:30")
        story.process(Timer(story.now_ns))
    story.process(UpdateTrade(trade_id="T1", rules=rules(stop="@752"), at_ns=story.now_ns))
    return story


def test_a_close_of_the_day_before_that_a_broker_still_says_stops_no_stop():
    assert quoted(opens(two_days(742, 800), 745), 740.0) << "stop @ 752"
    assert quoted(opens(two_days(742, 800).restarted(), 745), 740.0) << "stop @ 752"


def test_a_close_that_neither_day_has_seen_is_that_of_a_dividend():
    story = quoted(opens(two_days(790, 800), 735), 740.0)
    assert story << None
    (told,) = story.events(TradePaused)
    assert (told.prev_close, told.unsure) == (740.0, False)


def test_where_nothing_tells_a_dividend_from_an_old_close_the_trade_is_paused_and_it_is_said():
    story = quoted(opens(night(), 745), 740.0)
    assert story << None
    (told,) = story.events(TradePaused)
    assert (told.prev_close, told.unsure) == (740.0, True)


def test_a_close_of_the_week_before_is_not_that_of_the_day_before():
    story = night()
    story.now_ns = ns("2025-10-14 15:29")
    story >> 800 >> 800
    story.now_ns = ns("2025-10-14 15:30")
    story.process(Timer(story.now_ns))
    assert story.trade().last_close == LastClose(price=800.0, at_ns=story.now_ns)


def test_a_trade_that_came_later_has_the_earlier_close_from_one_that_was_there():
    story = Playbook(policy=POLICY)
    story.now_ns = ns("2025-10-09 15:29")
    story.create(delivery(stop="20%")) >> 742 >> 742
    story.now_ns = ns("2025-10-09 15:30")
    story.process(Timer(story.now_ns))
    story.now_ns = ns("2025-10-10 15:29")
    story.create(delivery(entry="800", stop="6%")) >> 800 >> 800
    after_close(story)
    seen = LastClose(price=800.0, at_ns=CLOSE, earlier=742.0)
    assert [story.trade(name).last_close for name in ("T1", "T2")] == [seen, seen]
    assert quoted(opens(story, 745), 740.0) << "stop @ 752"


def test_a_strategy_that_takes_it_for_a_gap_leaves_at_once_and_asks_nobody():
    story = opens(night(delivery(strategy="swing"), policy=laid_down("gap")), 402)
    assert story << "stop @ 752"
    assert asked(story) == []
    assert story.events(PriceHeld) == []


@pytest.mark.parametrize("strategy", ["", "other", "swing"])
def test_without_that_word_the_trades_of_a_strategy_and_of_none_are_paused(strategy):
    policy = laid_down("pause" if strategy == "swing" else "gap")
    story = quoted(opens(night(delivery(strategy=strategy), policy=policy), 402), 400.0)
    assert story << None
    assert story.trade().unguarded


def test_of_two_strategies_on_one_instrument_each_gets_what_it_says():
    trades = delivery(strategy="swing"), delivery()
    story = opens(night(*trades, policy=laid_down("gap")), 402)
    assert story << None  # one of them waits for the quote, and so does the price
    assert quoted(story, 400.0) << "stop @ 752"
    assert story.book.exits.keys() == {"T1"}
    assert [told.trade_id for told in story.events(TradePaused)] == ["T2"]


def test_a_word_that_changes_counts_from_the_next_judgement_on_and_ends_no_pause():
    story = opens(night(delivery(strategy="swing"), policy=laid_down("pause")), 402)
    story >> PolicyChanged(laid_down("gap"))
    assert quoted(story, 400.0) << "stop @ 752"
    story = quoted(opens(night(delivery(strategy="swing"), policy=laid_down("pause")), 402), 400.0)
    story >> PolicyChanged(laid_down("gap"))
    assert story >> 402 >> 300 >> 300 << None
    assert story.trade().unguarded
    story = night(delivery(strategy="swing"), policy=laid_down("gap"))
    story >> PolicyChanged(laid_down("pause"))
    assert quoted(opens(story, 402), 400.0) << None
    assert story.trade().unguarded  # its close was kept all the same


def test_without_an_answer_the_gap_is_judged_after_three_seconds():
    story = opens(night(), 740) >> "3s"
    assert story << None
    assert story >> "1s" << "stop @ 752"
    assert story >> 750 << None
    assert len(asked(story)) == 1


def test_a_quote_that_fails_is_asked_for_again_within_the_three_seconds():
    story = opens(night(), 402)
    failed = QuoteReply(
        instrument="NSE:SBIN", ltp=None, at_ns=story.now_ns, received_ns=story.now_ns
    )
    story >> failed >> "500ms"
    assert len(asked(story)) == 2
    assert quoted(story, 400.0) << None
    assert story.trade().unguarded


def test_what_came_while_the_quote_was_asked_for_is_judged_with_its_low_and_its_high():
    story = opens(night(delivery(stop="9%"), delivery(stop="20%", target="@900")), 740)
    assert at_once(story, 728, 733, 760, 760) << None  # each a jump until the next confirms it
    assert quoted(story, 800.0) << "stop @ 728"
    story = opens(night(delivery(stop="20%", target="@870")), 850)
    assert at_once(story, 870, 865, 845, 845) << None
    assert quoted(story, 800.0) << "target @ 870"


def test_a_stop_that_is_reached_by_small_steps_waits_for_the_quote_too():
    story = opens(night(delivery(stop="8%")), 740)
    assert at_once(story, 737, 735) << None
    assert quoted(story, 800.0) << "stop @ 736"


def test_a_close_is_written_once():
    story = night()
    version = story.trade().version
    assert story >> "1m"
    assert story.trade().version == version


def test_the_wait_is_told_and_so_is_its_end():
    story = opens(night(), 760)
    (held,) = story.events(PriceHeld)
    assert (held.ltp, held.before) == (760.0, 800.0)
    quoted(story, 800.0)
    (resolved,) = story.events(PriceResolved)
    assert (resolved.ltp, resolved.by, resolved.confirmed) == (760.0, 760.0, True)


def test_an_open_near_the_close_is_judged_at_once_and_only_the_first_price_is_compared():
    story = opens(night(delivery(stop="1%")), 790)
    assert story << "stop @ 792"
    story = opens(night(), 790) >> 770 >> 770 >> 751.5 >> 751.5
    assert story << "stop @ 752"
    assert asked(story) == ["a jump waits to be confirmed"] * 2


def test_the_first_price_after_a_holiday_is_compared_with_the_close_before_it():
    closed = replace(INDIA, holidays=frozenset({dt.date(2025, 10, 13)}))
    story = night() >> PolicyChanged(Policy(sessions={"NSE": closed}))
    assert opens(story, 402, "2025-10-14") << None
    assert quoted(story, 400.0).trade().unguarded


def test_a_close_of_an_earlier_day_is_compared_with_nothing():
    assert opens(night(), 740, "2025-10-14") << "stop @ 752"


def test_a_price_long_before_the_close_stands_for_none():
    assert opens(night(last="14:59"), 740) << "stop @ 752"


def test_a_line_without_a_price_closes_without_one():
    story = Playbook(policy=POLICY)
    story.now_ns = ns("2025-10-10 15:29")
    story.create(delivery())
    assert opens(after_close(story), 740) << "stop @ 752"


def test_what_is_squared_off_in_the_evening_has_no_night():
    assert opens(night(delivery("MIS")), 740) << "stop @ 752"


@pytest.mark.parametrize(
    ("kind", "answers"), [(Kind.FUTURE, True), (Kind.OPTION, False), (Kind.PERPETUAL, False)]
)
def test_options_have_such_gaps_every_night_and_are_not_compared(kind, answers):
    story = opens(night(instrument=replace(SBIN, kind=kind)), 740)
    assert bool(story.events(ExitDecided)) is not answers


def test_a_trade_of_today_is_judged_at_prices_of_today():
    story = opens(night(), 402)
    story.create(delivery(entry="402", stop="@395"))
    assert quoted(story, 400.0) << None
    assert not story.trade("T2").unguarded
    assert story >> 399 >> 396 >> 395 << "stop @ 395"
    assert [told.trade_id for told in story.events(TradePaused)] == ["T1"]


def test_a_trade_that_a_person_leaves_meanwhile_is_not_paused():
    story = opens(night(), 402)
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    quoted(story, 400.0)
    assert story.events(TradePaused) == []


def test_the_best_price_of_a_trail_is_kept_over_the_close():
    story = night(delivery(stop="20%", trail="5%"), price=810)
    assert story.restarted().trade().marks.best_price == 810.0


def test_an_answer_that_nobody_waits_for_changes_nothing():
    story = opens(night(), 790)
    assert quoted(story, 400.0) << None
    assert not story.trade().unguarded


def test_the_wait_is_in_a_checkpoint_and_goes_on_from_it():
    story = opens(night(), 402)
    engine = engine_of(checkpoint(story.engine))
    reply = QuoteReply(
        instrument="NSE:SBIN",
        ltp=402.0,
        at_ns=story.now_ns,
        received_ns=story.now_ns,
        prev_close=400.0,
    )
    said = [type(thing).__name__ for thing in engine.process(reply)]
    assert said == ["TradePaused", "PriceResolved"]
    assert quoted(story, 400.0).trade() == engine.book.trades["T1"]
