"""Each sink that is named is said to have what it needs, or not; what it has is never said."""

import pytest

from tradebot.app.sink_secrets import sink_findings, unsent
from tradebot.config import load

ENVIRON = {
    "BOT": "110201543:s3cret",
    "HOOK": "https://hooks.example/s3cret",
    "CHECK": "https://check.example/s3cret",
    "PASSWORD": "s3cret",
}
ALL = """
[alerts]
telegram = { token = "env:BOT", chat = 5 }
webhook = { url = "env:HOOK" }
email = { server = "h:25", user = "u", password = "env:PASSWORD", from = "a@b.c", to = ["d@e.f"] }
dead_man_url = "env:CHECK"
"""
SINKS = ["telegram", "webhook", "email", "dead man"]


@pytest.fixture
def look(tmp_path):
    def findings(text=ALL, environ=ENVIRON, reasons=None):
        file = tmp_path / "config.toml"
        file.write_text(text)
        found = list(sink_findings(load(file).settings.alerts, environ, reasons))
        assert "s3cret" not in str(found)
        return found

    return findings


def test_where_no_sink_is_named_nothing_is_sent(look):
    (found,) = look("")
    assert (found.level, found.what) == ("ok", "alerts")
    assert "sent nowhere" in found.text


def test_sinks_that_have_all_they_need_are_well(look):
    found = look()
    assert [one.what for one in found] == [f"alerts by {name}" for name in SINKS]
    assert [one.level for one in found] == ["ok"] * 4
    assert found[0].text == "its secret env:BOT is there"


@pytest.mark.parametrize(
    ("name", "place"), [("BOT", 0), ("HOOK", 1), ("PASSWORD", 2), ("CHECK", 3)]
)
def test_a_secret_that_is_missing_is_named_and_what_to_do(look, name, place):
    found = look(environ={**ENVIRON, name: ""})
    assert [one.level for one in found].count("warning") == 1
    assert found[place].text == (
        f"no alert is sent by {SINKS[place]}: the secret env:{name}: "
        "there is no such variable of the environment, or it is empty"
    )
    assert "restart" in found[place].todo


def test_an_address_has_to_be_one(look):
    found = look(environ={**ENVIRON, "HOOK": "hooks.example/s3cret"})
    assert found[1].text.endswith("the secret env:HOOK is no address: it must begin with https://")


def test_mail_without_a_password_needs_none(look):
    text = '[alerts]\nemail = { server = "h:25", from = "a@b.c", to = ["d@e.f"] }'
    (found,) = look(text, environ={})
    assert (found.level, found.text) == ("ok", "it needs no secret")


def test_a_daemon_that_runs_knows_what_it_was_given_and_this_process_does_not(look):
    found = look(environ={}, reasons=["the disk is full", unsent("webhook", "there is none")])
    assert [one.level for one in found] == ["ok", "warning", "ok", "ok"]
    assert found[0].text == "its secret env:BOT was there when the daemon started"
    assert found[1].text == "no alert is sent by webhook: there is none"
