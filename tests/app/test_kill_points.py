"""SIGKILL at a system call of the order path: each trade is left once, the others guarded."""

import pytest

from tests.kill_points import JOURNAL, QUICK, SLOW, Point, Prepared
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
    ("points", "latency"),
    [
        ([Point("fdatasync", JOURNAL, 3)], QUICK),  # the decision is written, not on the disk
        ([Point("pwrite64", JOURNAL, 13)], SLOW),  # the order is alive, its answer not written
        ([Point("pwrite64", "paper.db-wal", 40), Point("fsync", "", 1)], SLOW),  # orders are alive
        ([Point("pwrite64", "tradebot.db-wal", 100), Point("fdatasync", "", 2)], QUICK),
        ([Point("write", "", 120), Point("epoll_pwait", "", 40)], QUICK),  # anywhere
    ],
    ids=["decided", "in doubt", "placed", "committed", "anywhere"],
)
def test_killed_at_a_system_call_every_trade_is_left_exactly_once(prepared, points, latency):
    found = prepared.round(points, latency)
    assert found.wrong == []
    assert [death.file is None for death in found.deaths] == [False] * len(points)
