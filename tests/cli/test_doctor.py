"""``tradebot doctor``: a line for each thing, what to do below it, and a code for scripts."""

import json

import pytest

from tests.cli.commanding import Shell
from tradebot.app.shadow_setup import KEPT_KEY, Wish, make
from tradebot.app.state import StateDirectory
from tradebot.cli.client import AnswerError, Daemon


@pytest.fixture
def config(tmp_path):
    (tmp_path / "config.toml").write_text("")
    return "-c", str(tmp_path / "config.toml")


async def test_a_line_for_each_thing_and_what_to_do(tmp_path, capsys, config):
    (tmp_path / "admin.key").touch()
    (tmp_path / "admin.key").chmod(0o644)
    code, out, err = await Shell(tmp_path, capsys).run("doctor", *config)
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == "ok       config: every setting is allowed"
    at = lines.index(f"error    state directory: {tmp_path}/admin.key may be read by others")
    assert lines[at + 1] == f"         -> chmod 600 {tmp_path}/admin.key"


async def test_warnings_alone_are_no_failure_and_json_has_all(tmp_path, capsys, config):
    state = tmp_path / "state"
    state.mkdir(mode=0o750)
    code, out, _ = await Shell(state, capsys).run("doctor", *config, "--json")
    told = json.loads(out)
    assert (code, told["ok"]) == (0, True)
    levels = {finding["what"]: finding["level"] for finding in told["findings"]}
    assert (levels["reserve"], levels["backups"], levels["daemon"]) == ("warning", "warning", "ok")


async def test_a_running_daemon_is_asked_how_it_is(world, shell, config):
    _, told = await shell.json("doctor", *config)
    (database,) = [f for f in told["findings"] if f["what"] == "database"]
    assert "the daemon has it open" in database["text"]


async def test_settings_that_are_wrong_are_one_finding_among_others(tmp_path, capsys, config):
    (tmp_path / "config.toml").write_text("x = 1")
    code, out, _ = await Shell(tmp_path, capsys).run("doctor", *config)
    assert code == 1
    assert out.startswith("error    config: ")
    assert "free space" in out


async def test_a_shadow_is_looked_at_by_its_own_settings(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text("x = 1")  # of something else that runs here
    state = StateDirectory(tmp_path / "shadow")
    wish = Wish(rest="http://127.0.0.1:1", feed="ws://127.0.0.1:2", key=KEPT_KEY, stop="2%")
    make(state, wish, "a-key")
    shell = Shell(state.path, capsys)
    _, out, _ = await shell.run("doctor")
    assert out.startswith("ok       config: every setting is allowed")
    _, out, _ = await shell.run("doctor", "--broker")
    assert "http://127.0.0.1:1" in out  # with its key: the server is asked
    _, out, _ = await shell.run("doctor", "-c", str(tmp_path / "config.toml"))
    assert out.startswith("error    config: ")  # that which is named
    monkeypatch.setenv("TRADEBOT_CONFIG", "config.toml")
    assert (await shell.run("doctor"))[1].startswith("error    config: ")


async def test_the_broker_is_looked_at_when_that_is_wanted(tmp_path, capsys, config):
    (tmp_path / "state").mkdir(mode=0o750)
    shell = Shell(tmp_path / "state", capsys)
    code, out, _ = await shell.run("doctor", *config, "--broker")
    assert code == 0
    assert "ok       broker: on paper there is nobody to ask" in out
    assert " broker: " not in (await shell.run("doctor", *config))[1]


async def test_a_daemon_looks_at_its_broker_itself(world, shell, config):
    _, told = await shell.json("doctor", *config, "--broker")
    assert "broker" not in [finding["what"] for finding in told["findings"]]


async def test_a_daemon_that_cannot_look_is_an_error(world, shell, config, monkeypatch):
    def refused(self, *_):
        raise AnswerError("busy", "too many requests", {})

    monkeypatch.setattr(Daemon, "ask", refused)
    code, told = await shell.json("doctor", *config, "--broker")
    last = told["findings"][-1]
    assert (code, last["text"]) == (1, "the daemon answered: too many requests")
