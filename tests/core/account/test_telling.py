"""Who waits for what others have executed."""

from tests.playbook import KEY
from tradebot.core.account.telling import Telling


def test_a_lane_that_waits_is_known_with_its_time():
    waits = ((KEY._replace(symbol="TCS"), 5), (KEY, 7))
    assert Telling().since_ns(KEY) is None
    assert Telling(waits=waits).since_ns(KEY) == 7
    assert Telling(waits=waits[:1]).since_ns(KEY) is None
