"""A daemon's alerts hear what happens, outlive it, and never keep it from starting."""

import asyncio

from tests.app.test_announcer import an_event
from tests.services.fakes import FakeClock, Said
from tradebot.app.alerting import Alerting
from tradebot.app.state import StateDirectory
from tradebot.core import events as ev
from tradebot.core.engine import Engine
from tradebot.core.policy import Policy
from tradebot.services import supervisor as supervisor_module
from tradebot.services.supervisor import Supervisor


def alerting(folder, said=None):
    state = StateDirectory(folder)
    state.prepare()
    return Alerting(state, clock=FakeClock(10**18), say=said or Said())


def texts(made):
    return [alert.text for alert in made.alerts.listed()]


def test_a_line_is_written_and_alerted_of(tmp_path):
    said = Said()
    made = alerting(tmp_path, said)
    made.say("journal.failed", "critical", error="full")
    made.say("config.changed", setting="x")
    assert said.events == ["journal.failed", "config.changed"]
    assert texts(made) == ["the journal refuses: full"]


def test_an_event_is_alerted_of_where_the_table_says_so(tmp_path):
    made = alerting(tmp_path)
    made.hear(an_event(ev.TradeStuck))
    made.hear(an_event(ev.EntryFilled))
    assert len(texts(made)) == 1


async def test_a_later_life_knows_them_and_what_cannot_last_is_over(tmp_path):
    made = alerting(tmp_path)
    made.hear(an_event(ev.TradeStuck))  # its trade is gone, and whoever says it says it again
    made.hear(an_event(ev.Halted))
    made.say("journal.failed", "critical", error="full")
    await made.close()
    later = alerting(tmp_path)
    later.settle(Engine(Policy()).book)
    assert [(alert.key, alert.holds) for alert in later.alerts.listed()] == [
        ("journal", False),
        ("halt", False),
        ("stuck:NSE:SBIN", True),
    ]


def test_a_file_that_cannot_be_read_is_told_of_and_no_reason_not_to_start(tmp_path):
    (tmp_path / "alerts.jsonl").mkdir()
    said = Said()
    assert "cannot be read" in texts(alerting(tmp_path, said))[0]
    assert said.events == ["alerts.unread"]


async def test_damaged_lines_are_counted_and_the_rest_is_read(tmp_path):
    made = alerting(tmp_path)
    made.hear(an_event(ev.TradeClosed))
    await made.close()
    with (tmp_path / "alerts.jsonl").open("a") as file:
        file.write("junk\nmore junk\n")
    said = Said()
    assert len(texts(alerting(tmp_path, said))) == 2
    assert str(said.lines[0][2]["why"]).startswith("2 lines of ")


async def test_its_tasks_are_the_supervisors_and_are_begun_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor_module, "ANEW_S", 0)
    said = Said()
    made = alerting(tmp_path, said)
    supervisor = Supervisor(said)
    made.start(supervisor)
    made.hear(an_event(ev.TradeClosed))
    await made.alerts.durable()
    assert {line.partition(":")[0] for line in supervisor.dump()} == {"alerts", "alert file"}
    await supervisor.stop_all()
    await asyncio.sleep(0)
    assert "trade" in (tmp_path / "alerts.jsonl").read_text()
