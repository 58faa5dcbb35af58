"""What people add to an adopted position is guarded too, and nothing is guarded twice."""

from decimal import Decimal

import pytest

from tests.core.found_stories import FoundStory
from tests.playbook import a_trade, rules
from tradebot.core.adoption.found_events import PositionHandedOver
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import UpdateTrade
from tradebot.core.policy import Answer, ManualAdd

GUARD = Answer.GUARD


def adopted(**words):
    """Ten SBIN at 800, adopted with a stop of five points, at a price above it."""
    return FoundStory(existing=GUARD, **words).holds("10") >> "20s" >> 802


def unguarded():
    """The same beyond their stop: a person is asked."""
    story = FoundStory(existing=GUARD).holds("10") >> "20s" >> 780
    assert story.trade("adopted-1").unguarded
    return story


def trade_of(story):
    trade = story.trade("adopted-1")
    return trade.remaining, trade.entry


def test_an_adopted_trade_grows_with_what_is_added_and_its_levels_follow():
    story = adopted().bought("10", "810", net="20", average="805")
    assert trade_of(story) == (20, 805)
    assert story.trade("adopted-1").quantity == 20
    assert story >> 800 << "stop @ 800"
    assert story.orders == ["adopted-1-x1 SELL 20"]


def test_a_short_grows_too():
    story = FoundStory(existing=GUARD).holds("-10") >> "20s"
    story.bought("-10", "790", net="-20", average="795")
    assert trade_of(story) == (20, 795)


def test_what_is_taken_away_leaves_with_no_exit_and_comes_back_guarded():
    story = adopted().bought("-4", "810", net="6", average="800")
    assert trade_of(story) == (10, 800)
    story.bought("4", "805", net="10", average="802")
    assert trade_of(story) == (10, 800)  # it was never let go
    story.bought("-4", "810", net="6", average="800") >> 795
    assert story.orders == ["adopted-1-x1 SELL 6"]


def test_only_what_goes_beyond_the_trade_is_added():
    story = adopted().bought("-4", "810", net="6", average="800")
    story.bought("6", "812", net="12", average="800")
    assert trade_of(story)[0] == 12


def test_the_settings_may_leave_it_alone():
    story = adopted(manual_add=ManualAdd.IGNORE).bought("10", net="20", average="800")
    assert trade_of(story) == (10, 800)


def test_a_trade_of_the_api_stays_as_it_is():
    story = FoundStory(a_trade(stop="5pts")).holds("10") >> "20s"
    story.bought("10", net="20", average="800") >> "1m"
    assert story.trade("T1").remaining == 10


def test_a_trade_that_is_being_left_grows_no_more():
    story = adopted() >> 795
    story.bought("10", "795", net="20", average="797")
    assert trade_of(story) == (10, 800)


def test_one_without_a_guard_grows_all_the_same_and_stays_without():
    story = unguarded()
    story.bought("10", "780", net="20", average="790")
    assert trade_of(story) == (20, 790)
    assert story.trade("adopted-1").unguarded


# A trade that is made for what was adopted.


def test_a_trade_that_is_made_for_all_of_it_takes_it_over():
    story = adopted()
    story.create(a_trade(stop="9pts")) >> "1m"
    assert story.trade("adopted-1").status is Status.CLOSED_EXTERNAL
    assert [event.quantity for event in story.events(PositionHandedOver)] == [10]
    assert story >> 795 << None >> 791 << "stop @ 791"
    assert story.orders == ["T2-x1 SELL 10"]


def test_a_trade_that_is_made_for_a_part_of_it_takes_that_part():
    story = adopted()
    story.create(a_trade(stop="9pts", quantity="4")) >> "1m"
    assert trade_of(story) == (6, 800)
    assert story.trade("adopted-1").quantity == 6
    assert story >> 795 << "stop @ 795"
    assert story.orders == ["adopted-1-x1 SELL 6"]


def test_an_entry_order_whose_units_were_adopted_is_not_guarded_twice():
    story = adopted()
    story.bought("5", "810", net="15", average="803")
    order_id = next(reversed(list(story.store.executions.values()))).order_id
    assert trade_of(story)[0] == 15
    story.create(a_trade(order_id=order_id, stop="9pts")) >> "1m"
    assert trade_of(story)[0] == 10
    assert story.trade("adopted-1").status is Status.ACTIVE


def test_nothing_is_handed_over_while_the_books_differ_or_an_exit_is_open():
    story = adopted()
    story.is_silent = True
    story = story >> "40s"
    story.create(a_trade(stop="9pts", quantity="4"))
    story.holds("12")
    story >> story.reading()
    assert trade_of(story) == (10, 800)
    story.holds("10") >> 795  # it is being left
    story >> story.reading()
    assert story.trade("adopted-1").remaining == 10


def test_one_without_a_guard_is_handed_over_in_part_and_stays_without():
    story = unguarded()
    story.create(a_trade(stop="90pts", quantity="4")) >> "1m"
    assert trade_of(story) == (6, 800)
    assert story.trade("adopted-1").unguarded


def test_an_adopted_trade_alone_gives_nothing_away():
    story = adopted().bought("-4", "810", net="6", average="800") >> "2m"
    assert trade_of(story) == (10, 800)
    story >> UpdateTrade(trade_id="adopted-1", rules=rules(stop="3pts"), at_ns=story.now_ns)
    assert story >> 797 << "stop @ 797"
    assert story.orders == ["adopted-1-x1 SELL 6"]


@pytest.mark.parametrize("units", ["3", "10"])
def test_growth_and_parts_survive_a_death(units):
    story = adopted().bought(units, "805", net=str(10 + int(units)), average="801")
    before = trade_of(story)
    assert before[0] == 10 + Decimal(units)
    assert trade_of(story.restarted()) == before
