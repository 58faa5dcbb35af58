"""SIGKILL at a system call on the way of an order to OpenAlgo: every trade is left once."""

import pytest

from tests.socket_kills import Kills
from tests.traced import missing


# More, drawn over all that a life does: python3 dev.py soak openalgo_kills.
@pytest.mark.parametrize(
    "points",
    [[("fdatasync", 1)], [("write", 20), ("write", 30)]],
    ids=["decided, and not on the disk", "on the wire, and at the next start"],
)
async def test_killed_on_the_way_to_the_socket_every_trade_is_left_exactly_once(tmp_path, points):
    if why := missing():
        pytest.skip(why)
    kills = Kills(tmp_path)
    try:
        found = await kills.round(1, points)
    finally:
        kills.close()
    assert found.wrong == []
    assert all(death.was_reached for death in found.deaths)
