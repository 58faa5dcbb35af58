"""The broker's net is asked for once at a time, and before anything is sent after a start."""

from tests.playbook import Playbook, a_trade
from tradebot.core.events import BookDiffers
from tradebot.core.intents import ReadPosition
from tradebot.core.trades import Status


def restarted() -> Playbook:
    """Return a story that bought ten at 800, and was killed and started since."""
    story = Playbook(a_trade(stop="5pts"), broker=False)
    return story.fill(None, "10", side="BUY", order_id="B1").restarted()


def test_the_net_of_every_open_trade_is_asked_for_at_once():
    assert [want.key.symbol for want in restarted().wants(ReadPosition)] == ["SBIN"]


def test_a_stop_waits_for_the_net_and_leaves_with_it():
    story = restarted() >> 795
    assert story.trade().status is Status.TRIGGERED
    assert story.orders == []
    assert story.read("10").orders == ["T1-x1 SELL 10"]


def test_a_position_that_is_gone_is_not_sold_again():
    story = restarted().read("0") >> 795
    assert story.orders == []
    story.read("0") >> "2s"
    story.read("0")
    assert story.orders == []
    assert story.trade().status is Status.CLOSED_EXTERNAL


def test_a_net_that_is_not_ours_is_told():
    story = restarted().read("4") >> 795
    assert story.events(BookDiffers)[-1].broker == 4
    assert story.orders == ["T1-x1 SELL 4"]


def test_a_read_that_fails_is_repeated_every_second():
    story = restarted().read(None)
    assert len(story.wants(ReadPosition)) == 1
    assert len((story >> "1s").wants(ReadPosition)) == 2


def test_a_broker_that_cannot_say_it_holds_a_stop_back_for_ten_seconds_and_no_longer():
    story = restarted().read(None) >> 795
    assert (story >> "8s").orders == []
    assert (story >> "1s").orders == ["T1-x1 SELL 10"]


def test_an_answer_is_waited_for_half_a_minute_and_then_asked_for_again():
    story = Playbook(a_trade(stop="5pts"), broker=False) >> 795
    assert len((story >> "29s").wants(ReadPosition)) == 1
    assert len((story >> "31s").wants(ReadPosition)) == 2
