"""What nobody watched is told in all, and by trade with the worst first."""

import pytest

from tests.playbook import Playbook, a_trade
from tests.unkind_world import SECOND_NS
from tradebot.core.inputs import ExitTrade
from tradebot.core.policy import Policy
from tradebot.services import coverages as module
from tradebot.services.coverages import coverage_json, totals, worst

WATCHED = Policy(stale_after_ns=10 * SECOND_NS)


def told(story):
    return coverage_json(story.book, story.now_ns)


def test_where_everything_is_watched_there_is_nothing_to_tell():
    story = Playbook(a_trade(stop="1%")) >> 800 >> "1m"
    nothing = {"trades_unguarded": 0, "unguarded_s": 0, "blind_s": 0, "trades": []}
    assert told(story) == nothing
    assert told(Playbook()) == nothing


def test_open_units_are_guarded_or_not():
    story = Playbook(a_trade(target=[("2pts", "4")])) >> 800 >> 802 >> "1500ms"
    assert told(story) == {
        "trades_unguarded": 1,
        "unguarded_s": 1.5,
        "blind_s": 0,
        "trades": [
            {
                "trade_id": "T1",
                "instrument": "NSE:SBIN",
                "day": "2025-10-09",
                "open": 6,
                "guarded": 0,
                "unguarded": 6,
                "unguarded_s": 1.5,
                "blind_s": 0,
            }
        ],
    }


def test_sums_are_over_all_trades_those_that_ended_included():
    story = Playbook(a_trade(), a_trade(stop="1%"), a_trade(), policy=WATCHED) >> 800
    assert story >> "15s"
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    assert story >> "5s"
    story.create(a_trade(stop="1%"))
    assert story >> "5s"
    rows = worst(story.book, story.now_ns)
    assert [row.trade_id for row in rows] == ["T3", "T1", "T2", "T4"]
    sums = totals(story.book, story.now_ns)
    assert sums.trades_unguarded == 1
    assert sums.unguarded_ns == sum(row.unguarded_ns for row in rows)
    assert sums.blind_ns == sum(row.blind_ns for row in rows) > 40 * SECOND_NS
    assert rows[-1].blind_ns == 5 * SECOND_NS


def test_a_trade_that_ended_has_nothing_open():
    story = Playbook(a_trade()) >> "10s"
    story.process(ExitTrade(trade_id="T1", at_ns=story.now_ns))
    (row,) = told(story >> "5s")["trades"]
    assert (row["open"], row["guarded"], row["unguarded"], row["unguarded_s"]) == (0, 0, 0, 10)


@pytest.mark.parametrize(("limit", "count"), [("TOLD_MAX", 2), ("LOOKED_AT_MAX", 1)])
def test_one_question_tells_of_so_many_and_no_more(monkeypatch, limit, count):
    story = Playbook(*(a_trade() for _ in range(5))) >> "10s"
    monkeypatch.setattr(module, limit, count)
    assert len(told(story)["trades"]) == count
    assert told(story)["unguarded_s"] == 50
