"""A broker's clock may be wrong: our pauses are ours."""

import msgspec
import pytest

from tests.core.exit_stories import leaving
from tradebot.core.inputs import Acked
from tradebot.core.intents import QueryOrder

HOUR_NS = 3_600_000_000_000


@pytest.mark.parametrize("off_ns", [-HOUR_NS, 0, HOUR_NS])
def test_pauses_are_counted_by_our_clock_and_not_by_the_brokers(off_ns):
    story = leaving().reply("T1-x1", Acked("B1")) >> "1s"
    rejected = story.report("T1-x1", "rejected")
    story >> msgspec.structs.replace(rejected, at_ns=story.now_ns + off_ns)
    assert story.orders == ["T1-x1 SELL 10"]
    assert len((story >> "900ms").orders) == 1
    assert len((story >> "100ms").orders) == 2


@pytest.mark.parametrize("off_ns", [-HOUR_NS, 0, HOUR_NS])
def test_what_is_left_of_a_fill_is_looked_at_in_time_by_our_clock(off_ns):
    story = leaving() >> "1s"
    filled = story.execution("T1-x1", "4")
    story >> msgspec.structs.replace(filled, at_ns=story.now_ns + off_ns)
    assert story.wants(QueryOrder) == []
    assert len((story >> "2s").wants(QueryOrder)) == 1
