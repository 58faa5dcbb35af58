"""The clock was set back while nobody ran: what an earlier life wrote lies ahead of the time."""

from decimal import Decimal

import pytest

from tests.core.exit_stories import holding, leaving, state_of
from tests.core.found_stories import FoundStory
from tests.playbook import Playbook, a_trade
from tradebot.core.account.positions import corrected
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import Refused, Unknown
from tradebot.core.leaving.exit import State
from tradebot.core.policy import Answer, ExitPolicy, Policy
from tradebot.core.restore import PAUSE_NS_MAX

HOUR_NS = 3_600_000_000_000
PLAIN = Policy(exits=ExitPolicy(tagged=False, hold_ns=120_000_000_000))


def set_back(story, by_ns=HOUR_NS):
    """Let the process die, the clock be set back, and a new life begin."""
    story.now_ns -= by_ns
    return story.restarted()


def test_an_exit_between_two_tries_waits_no_hour():
    story = leaving().reply("T1-x1", Refused("margin"))
    assert story.read("10") >> "1s"
    story.reply("T1-x2", Refused("margin"))
    assert state_of(set_back(story)) is State.RETRY_WAIT
    sent = len(story.orders)
    for _ in range(PAUSE_NS_MAX // 10**9 + 15):
        story = story >> "1s" >> story.net("10")
    assert len(story.orders) == sent + 1


def test_a_request_in_doubt_is_held_for_its_whole_life_from_now_and_not_longer():
    story = (holding(10, policy=PLAIN) >> 795).reply("T1-x1", Unknown("timeout"))
    exit_ = set_back(story).book.exits["T1"][1]
    assert exit_.state is State.UNKNOWN
    assert exit_.sent_at_ns == story.now_ns


def test_what_executes_after_the_start_moves_the_position():
    story = holding(10)
    position = story.book.positions[story.trade().key]
    net = corrected(position, Decimal(12), asked_at_ns=story.now_ns, at_ns=story.now_ns)
    story.book.put_position(net)
    assert story >> "1s"
    set_back(story).fill(None, "2", order_id="by hand")
    assert story.book.net(position.key) == 10


@pytest.mark.parametrize(("by_ns", "left_s"), [(0, 2698), (HOUR_NS, 2700), (-HOUR_NS, -902)])
def test_a_trade_is_left_after_its_time_at_the_latest(by_ns, left_s):
    story = Playbook(a_trade(after="45m")) >> 801 >> "1s"
    set_back(story, by_ns)
    assert story.trade().deadline_ns == story.now_ns + left_s * 10**9


def test_a_time_of_day_stays_that_time():
    story = Playbook(a_trade(at="15:10")) >> 801
    before = story.trade().deadline_ns
    assert set_back(story).trade().deadline_ns == before
    assert story.trade().status is Status.ACTIVE


def test_what_was_found_is_seen_again_from_now_on():
    story = FoundStory(existing=Answer.GUARD).holds("10") >> "1s"
    assert set_back(story).stages == ["SBIN 10 existing seen"]
    assert (story >> "20s").adopted == ["adopted-1 10 existing rule"]


def test_what_is_opened_after_the_start_is_new():
    story = FoundStory(new=Answer.GUARD) >> "1m"
    (set_back(story) >> "1s").bought("10", net="10", average="800")
    assert (story >> "20s").adopted == ["adopted-1 10 new rule"]
