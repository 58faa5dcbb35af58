"""A position whose books go on contradicting each other is frozen, and thaws when they agree."""

from decimal import Decimal

import pytest

from tests.core.exit_stories import holding, leaving
from tests.playbook import KEY, a_trade
from tradebot.core.account import net_reads
from tradebot.core.account.freezing import CORRECTIONS_MAX, freeze
from tradebot.core.events import BookDiffers, PositionFrozen, PositionThawed, TradeRefused
from tradebot.core.guard.covering import unguarded_quantity
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import Resolve, Verdict


def told(story, net):
    """Let the broker say a net when it is asked now."""
    net_reads.ask(story.book, KEY)
    story.process(story.net(net))
    return story


def corrected(story, net):
    """Let the broker say a net that is not ours until it is believed."""
    return told(told(story, net) >> "3s", net)


def frozen(net=None):
    """Return a story in which the broker has changed its mind once too often."""
    story = holding(10) >> "15s"
    for number in range(CORRECTIONS_MAX):
        corrected(story, "4" if number % 2 else "7") >> "10s"
    return story if net is None else told(story, net)


def resolved(story, verdict):
    story.process(Resolve(trade_id="T1", verdict=verdict, why="I looked", at_ns=story.now_ns))
    return story


def test_corrections_that_follow_each_other_freeze_the_position():
    story = frozen() >> 795
    assert len(story.events(BookDiffers)) == CORRECTIONS_MAX
    (said,) = story.events(PositionFrozen)
    assert (said.instrument, said.exits_waiting, said.frozen_s) == ("NSE:SBIN", 0, 0)
    assert said.why == "our net was corrected 5 times in 5 minutes"
    assert story.trade().status is Status.TRIGGERED
    assert story.orders == []


def test_corrections_that_are_far_apart_are_people_who_trade():
    story = holding(10) >> "15s"
    for number in range(2 * CORRECTIONS_MAX):
        corrected(story, "4" if number % 2 else "7") >> "80s"
    assert len(story.events(BookDiffers)) == 2 * CORRECTIONS_MAX
    assert (story >> 795).orders == ["T1-x1 SELL 4"]


def test_the_first_net_of_a_position_corrects_nothing():
    story = corrected(holding(10), "10")
    assert story.book.corrections == {}


def test_a_person_is_told_every_minute():
    story = frozen() >> 795 >> "121s"
    assert [said.exits_waiting for said in story.events(PositionFrozen)] == [0, 1, 1]
    assert story.events(PositionFrozen)[-1].frozen_s >= 120


def test_a_position_that_is_frozen_already_keeps_its_reason_and_its_time():
    story = frozen()
    before = story.book.frozen[KEY]
    freeze(story.book, KEY, "another reason")
    assert story.book.frozen[KEY] is before
    assert story >> "49s"
    assert len(story.events(PositionFrozen)) == 1


def test_it_thaws_when_both_books_have_been_the_same_for_half_a_minute():
    story = frozen() >> 795
    for _ in range(5):
        assert told(story, "7").orders == []
        story >> "6s"
    assert told(story, "7").orders == ["T1-x1 SELL 7"]
    assert story.events(PositionThawed)[0].frozen_s == story.now_ns // 10**9 - (
        story.events(PositionFrozen)[0].at_ns // 10**9
    )


@pytest.mark.parametrize("between", [None, "4"])
def test_a_read_that_fails_or_differs_begins_the_while_anew(between):
    story = told(frozen("7") >> "29s", between) >> "2s"
    told(story, "7") >> 795
    assert story.orders == []
    assert story.events(PositionThawed) == []


def test_nothing_is_closed_because_a_frozen_position_reads_flat():
    story = frozen()
    for _ in range(9):
        corrected(story, "0") >> "5s"
        corrected(story, "7") >> "5s"
    assert story.trade().status is Status.ACTIVE


def test_what_asks_for_a_frozen_net_goes_on_asking():
    story = leaving()
    story.fill("T1-x1", "4").process(story.report("T1-x1", "cancelled", filled="4"))
    for number in range(CORRECTIONS_MAX):
        corrected(story >> "15s", "4" if number % 2 else "7")
    before = story.orders
    assert told(story >> "15s", "0").orders == before


def test_the_net_is_asked_for_while_it_is_frozen():
    story = frozen()
    reads = len(story.wanted)
    story >> "1s" >> story.net("7") >> "11s"
    assert len(story.wanted) > reads


@pytest.mark.parametrize("price", [801, 795])
def test_a_person_who_has_looked_lets_exits_leave_again(price):
    story = resolved(frozen() >> price, Verdict.RESEND)
    assert len(story.events(PositionThawed)) == 1
    assert (told(story, "7") >> 795).orders == ["T1-x1 SELL 7"]


def test_that_nothing_is_left_to_do_is_no_answer_to_a_frozen_position():
    story = resolved(frozen(), Verdict.DONE)
    assert len(story.events(TradeRefused)) == 1
    assert story.events(PositionThawed) == []


def test_frozen_units_are_not_guarded():
    story = frozen()
    assert unguarded_quantity(story.book, story.trade()) == 10
    resolved(story, Verdict.RESEND)
    assert unguarded_quantity(story.book, story.trade()) == 0


def test_other_positions_go_on():
    story = holding(10, a_trade(stop="5pts"), a_trade(symbol="TCS", stop="5pts"))
    story.fill(None, "10", side="BUY", order_id="E9", key=KEY._replace(symbol="TCS")) >> "15s"
    for number in range(CORRECTIONS_MAX):
        corrected(story, "4" if number % 2 else "7") >> "10s"
    story.process(story.tick(790, symbol="TCS"))
    assert story.orders == ["T2-x1 SELL 10"]
    assert story.book.net(KEY) == Decimal(7)
