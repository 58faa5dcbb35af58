"""SIGKILL at a system call of the order path: each trade is left once, the others guarded."""

import pytest

from tests.kill_points import Point, Prepared
from tests.traced import missing


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    if why := missing():
        pytest.skip(why)
    made = Prepared(tmp_path_factory.mktemp("kills"))
    yield made
    made.close()


# More, drawn over the whole of a life: python3 dev.py soak kill_points.
@pytest.mark.parametrize(
    "points",
    [
        [Point("fdatasync", "", 3)],  # the decision is written, and not on the disk
        [Point("pwrite64", "paper.db-wal", 150), Point("fsync", "", 1)],  # and in the start after
        [Point("pwrite64", "tradebot.db-wal", 100), Point("pwrite64", "tradebot.db-wal", 20)],
        [Point("write", "", 120), Point("epoll_pwait", "", 40)],  # anywhere
    ],
    ids=["decided", "placed", "committed", "anywhere"],
)
def test_killed_at_a_system_call_every_trade_is_left_exactly_once(prepared, points):
    found = prepared.round(points)
    assert found.wrong == []
    assert [death.file is None for death in found.deaths] == [False] * len(points)
