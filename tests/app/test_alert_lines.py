"""The table of lines of the log that a person is alerted of, held against the lines there are."""

import re
from pathlib import Path

import pytest

from tradebot.app.alert_lines import ENDS, LINES, changes_of_line
from tradebot.core.alerting.alerts import Over, Severity

ROOT = Path(__file__).parents[2] / "tradebot"
SAID = re.compile(r'say\(\s*"([a-z_]+\.[a-z_]+)"')
PROGRAM = "\n".join(path.read_text() for path in ROOT.rglob("*.py"))


@pytest.mark.parametrize("event", [*LINES, *ENDS])
def test_every_line_of_the_table_is_said_somewhere(event):
    assert event in SAID.findall(PROGRAM)


@pytest.mark.parametrize("event", LINES)
def test_every_field_of_a_text_is_one_that_the_line_has(event):
    line = LINES[event]
    for field in {*re.findall(r"{(\w+)}", line.text), *([line.per] if line.per else [])}:
        said = re.compile(rf'"{event}"[^"]*(?:"[^"]*"[^"]*)*?\b{field}=')
        assert said.search(PROGRAM) or event == "daemon.ready", field


def test_what_lasts_has_an_end_and_every_end_a_beginning():
    assert {line.lasts for line in LINES.values()} - {""} == set(ENDS.values())


def test_a_line_is_an_alert_in_words():
    (change,) = changes_of_line("store.failed", "critical", {"error": "disk I/O", "rows": 3})
    assert not isinstance(change, Over)
    assert change.text == "the database refuses, trades are guarded in memory: disk I/O"
    assert (change.key, change.lasts, change.severity) == ("store", True, Severity.CRITICAL)
    assert changes_of_line("store.back", "warning", {}) == (Over(key="store"),)


def test_matters_of_one_kind_are_told_apart():
    keys = {
        change.key
        for task in ("a", "b", "a")
        for change in changes_of_line("task.failed", "error", {"task": task})
        if not isinstance(change, Over)
    }
    assert keys == {"task.failed:a", "task.failed:b"}


def test_a_field_that_is_missing_is_told_as_such():
    (change,) = changes_of_line("journal.failed", "critical", {})
    assert not isinstance(change, Over)
    assert change.text.endswith(": ?")


@pytest.mark.parametrize(
    ("level", "fields", "text"),
    [
        ("critical", {"why": "x{y}", "token": "secret"}, "new.line: x{y}"),
        ("critical", {}, "new.line"),
        ("error", {"why": "x"}, None),
        ("info", {}, None),
    ],
)
def test_a_critical_line_that_nobody_has_listed_is_told_in_its_own_words(level, fields, text):
    told = [c.text for c in changes_of_line("new.line", level, fields) if not isinstance(c, Over)]
    assert told == ([] if text is None else [text])
