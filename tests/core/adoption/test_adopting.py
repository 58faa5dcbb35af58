"""What was found becomes a trade by the rules of its strategy, or by a person's word."""

from decimal import Decimal

import pytest

from tests.core.found_stories import CASH, FoundStory, adopt, refusals
from tests.playbook import KEY, a_trade, rules
from tradebot.core.adoption.found_events import (
    PositionIgnored,
)
from tradebot.core.adoption.strategies import Match, Strategy
from tradebot.core.events import PastStopFound
from tradebot.core.guard.trades import PastStop
from tradebot.core.inputs import HaltTrading, IgnoreFound
from tradebot.core.intents import PlaceOrder
from tradebot.core.leaving.halt import Form
from tradebot.core.policy import Answer

GUARD, IGNORE = Answer.GUARD, Answer.IGNORE
NRML = KEY._replace(product="NRML")


def test_a_position_that_somebody_opens_is_guarded_by_the_first_strategy_that_it_fits():
    story = FoundStory(new=GUARD) >> "1m"
    story.bought("10", "801", net="10", average="801.5")
    story = story >> "8s"
    assert story.adopted == ["adopted-1 10 new rule"]
    assert story.trade("adopted-1").entry == Decimal("801.5")
    assert story >> 800 >> 796.5 << "stop @ 796.5"


def test_the_average_of_executions_that_we_have_all_seen_serves_where_the_broker_has_none():
    story = FoundStory(new=GUARD) >> "1m"
    story.bought("10", "801", net="10", average=None) >> "8s"
    assert story.trade("adopted-1").entry == 801


def test_a_position_that_was_there_may_lack_an_average_and_then_a_person_is_asked():
    story = FoundStory(existing=GUARD).holds("10", None) >> "20s"
    assert story.asked == [
        "the broker says no average price, and no level can be computed without one"
    ]
    adopt(story)
    assert refusals(story) == [
        "entry_price: entry_price is missing: the broker says no average price of NSE:SBIN MIS"
    ]
    adopt(story, entry_price=Decimal(790))
    assert story.trade("adopted-1").entry == 790


@pytest.mark.parametrize(("strategies", "why"), [
    ((), "it fits no strategy"),
    ((Strategy(name="x", match=Match(product="NRML"), rules=rules(stop="5pts")),),
     "it fits no strategy"),
    ((Strategy(name="x", match=Match(), rules=rules(target="5pts")),),
     "strategy x gives it no stop"),
    ((Strategy(name="x", match=Match(), rules=rules(trail="5pts", activation="2pts")),),
     "strategy x gives it no stop"),
])  # fmt: skip
def test_a_stop_is_never_invented(strategies, why):
    story = FoundStory(new=GUARD, strategies=strategies) >> "1m"
    story.bought("10", net="10", average="800") >> "8s"
    assert story.asked == [why]
    assert not story.book.trades


def test_a_trail_from_the_entry_on_is_a_stop():
    trailing = Strategy(name="x", match=Match(), rules=rules(trail="5pts"))
    story = FoundStory(new=GUARD, strategies=(trailing,)) >> "1m"
    story.bought("10", net="10", average="800") >> "8s"
    assert story >> 810 << None >> 805 << "trail @ 805"


def test_a_halt_guards_nothing_new():
    story = FoundStory(new=GUARD) >> "1m"
    story >> HaltTrading(form=Form.ENTRIES, why="lunch", at_ns=story.now_ns)
    story.bought("10", net="10", average="800") >> "8s"
    assert story.asked == ["a person halted (entries): lunch"]
    adopt(story)
    assert refusals(story) == ["halt: no new trade is taken: a person halted (entries): lunch"]
    assert story.stages == ["SBIN 10 new waiting"]


def test_other_products_of_a_symbol_are_other_positions():
    story = FoundStory(existing=GUARD).holds("10").holds("-4", key=NRML) >> "20s"
    assert story.adopted == ["adopted-1 10 existing rule"]
    assert story.asked == ["it fits no strategy"]


def test_a_person_adopts_with_rules_of_his_own():
    story = FoundStory().holds("10") >> "20s"
    adopt(story, stop="@790", strategy="mine", tag="x", past_stop=PastStop.EXIT)
    assert story.adopted == ["adopted-1 10 existing person"]
    trade = story.trade("adopted-1")
    assert (trade.strategy, trade.tag, trade.past_stop) == ("mine", "x", PastStop.EXIT)
    assert story.stages == []
    assert story >> 790 << "stop @ 790"
    assert story.orders == ["adopted-1-x1 SELL 10"]


def test_a_person_may_leave_the_rules_to_the_strategy():
    story = FoundStory().holds("10").holds("4", key=NRML) >> "20s"
    adopt(story, stop=None)
    assert story.trade("adopted-1").rules == CASH.rules
    assert story.trade("adopted-1").strategy == "cash"
    adopt(story, stop=None, key=NRML)
    assert refusals(story) == [
        "stop: no strategy has rules for NSE:SBIN NRML: say a stop, a target or a trail"
    ]
    adopt(story, key=NRML)
    assert story.trade("adopted-2").strategy == ""


def test_a_strategy_that_a_person_names_gives_its_own_rules_and_not_those_of_another():
    swing = Strategy(name="swing", rules=rules(stop="20pts"))
    bare = Strategy(name="bare", match=Match(product="NRML"))
    story = FoundStory(strategies=(CASH, swing, bare)).holds("10").holds("4", key=NRML) >> "20s"
    for name in ("swig", "bare"):
        adopt(story, stop=None, strategy=name)
    assert refusals(story) == [
        "stop: strategy swig has no rules for NSE:SBIN MIS: say a stop, a target or a trail",
        "stop: strategy bare has no rules for NSE:SBIN MIS: say a stop, a target or a trail",
    ]
    adopt(story, stop=None, strategy="swing")
    adopt(story, stop="7pts", strategy="swing", key=NRML)
    trades = [story.trade(name) for name in ("adopted-1", "adopted-2")]
    assert [(trade.strategy, trade.rules) for trade in trades] == [
        ("swing", rules(stop="20pts")),
        ("swing", rules(stop="7pts")),
    ]


def test_of_no_strategy_by_a_persons_word_it_has_the_rules_of_the_one_that_it_fits():
    story = FoundStory().holds("10") >> "20s"
    adopt(story, stop=None, strategy="")
    assert story.trade("adopted-1").strategy == ""
    assert story.trade("adopted-1").rules == CASH.rules


def test_what_both_books_say_is_flat_cannot_be_adopted():
    story = FoundStory().holds("10") >> "20s"
    story.bought("-10", net="0", average=None)
    adopt(story)  # at once: the broker has not said it yet
    assert story.adopted == ["adopted-1 10 existing person"]
    story = FoundStory().holds("10") >> "20s"
    story.bought("-10", net="0", average=None) >> "2s"
    adopt(story)
    assert story.adopted == []
    assert refusals(story) == [
        "position: NSE:SBIN MIS is flat, by its executions and by the broker's last reading"
    ]


def test_what_only_a_reading_says_is_flat_is_adopted():
    story = FoundStory().holds("10") >> "20s"
    story.held.clear()
    story >> "35s"
    assert [found.flat_since_ns is None for found in story.book.findings.found] == [False]
    adopt(story)
    assert story.adopted == ["adopted-1 10 existing person"]


def test_beyond_its_stop_an_adopted_trade_waits_for_a_person():
    story = FoundStory().holds("10") >> "20s"
    adopt(story) >> 780
    assert [event.answer for event in story.events(PastStopFound)] == ["ask"]
    assert story.trade("adopted-1").unguarded
    assert not story.wants(PlaceOrder)


def test_a_person_ignores_one_and_may_still_adopt_it():
    story = FoundStory().holds("10") >> "20s"
    story >> IgnoreFound(key=KEY, at_ns=story.now_ns)
    assert story.stages == ["SBIN 10 existing ignored"]
    assert [event.by for event in story.events(PositionIgnored)] == ["person"]
    story >> IgnoreFound(key=KEY, at_ns=story.now_ns)
    assert len(story.events(PositionIgnored)) == 1
    said = len(story.asked)
    assert len((story >> "20m").asked) == said
    adopt(story)
    assert story.adopted == ["adopted-1 10 existing person"]


def test_one_word_of_a_person_changes_one_position():
    story = FoundStory().holds("10").holds("4", key=NRML) >> "20s"
    story >> IgnoreFound(key=NRML, at_ns=story.now_ns)
    assert story.stages == ["SBIN 10 existing waiting", "SBIN 4 existing ignored"]


def test_what_is_not_on_the_list_cannot_be_adopted_or_ignored():
    story = FoundStory().holds("10") >> "1s"
    for key in (KEY, NRML):
        adopt(story, key=key)
        story >> IgnoreFound(key=key, at_ns=story.now_ns)
    assert len(refusals(story)) == 4
    assert not story.book.trades


def test_the_ids_of_adopted_trades_are_theirs_alone():
    story = FoundStory().holds("10") >> "20s"
    story.create(a_trade(trade_id="adopted-9", stop="5pts"))
    assert refusals(story) == [
        "trade_id: trade_id adopted-9: adopted- begins the ids of adopted trades"
    ]


def test_a_name_that_is_in_use_is_passed_over():
    story = FoundStory(existing=GUARD).holds("10").holds("7", key=KEY._replace(symbol="TCS"))
    story = story >> "20s"
    assert story.adopted == ["adopted-1 10 existing rule", "adopted-2 7 existing rule"]
    story.book.trades_made = 0
    story.holds("5", key=KEY._replace(symbol="INFY")) >> "40s"
    adopt(story, key=KEY._replace(symbol="INFY"))
    assert story.adopted[-1] == "adopted-3 5 unseen person"
