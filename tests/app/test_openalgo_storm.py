"""A small storm: the real daemon at the fake server, with every kind of fault and a kill."""

from tests.openalgo.faults import Fault
from tests.storm.run import Storm
from tests.storm.switches import ALL, APART

SECONDS, SYMBOLS = 12.0, 12


def test_a_storm_has_every_fault_of_the_server():
    assert {rule.fault for rule in ALL} | APART == set(Fault)


# Longer ones: python3 dev.py soak openalgo_storm.
async def test_in_a_storm_every_trade_that_is_reached_leaves_exactly_once(tmp_path):
    """34: OA 810, VN 2355, ibx 113."""
    storm = Storm(tmp_path, seed=1, seconds=SECONDS, symbols=SYMBOLS)
    figures = await storm.run(["proxy down", "killed"])
    assert figures.wrong == []
    assert figures.settled_s is not None
    assert figures.crossed >= SYMBOLS
    assert figures.blind_s > 0.0
    assert figures.lives == 1 + sum(event.event == "killed" for event in figures.events)
