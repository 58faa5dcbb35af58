"""``tradebot check`` reads the settings as the daemon would, and says what came of it."""

import json
import os
import tomllib

import pytest

from tradebot.cli.main import main
from tradebot.config import load, words_of

SESSION = '[sessions.NSE]\nopen = "09:15"\nclose = "15:30"\nholidays = [2026-01-26]\n'


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Stand in an empty folder, in an environment without variables of ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("TRADEBOT_"):
            monkeypatch.delenv(name)


@pytest.fixture
def check(tmp_path, capsys):
    """Write a text as config.toml and check it."""

    def run(text, *words):
        if text is not None:
            (tmp_path / "config.toml").write_text(text)
        code = main(["check", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_good_file_is_said_to_be_good(check):
    assert check('mode = "paper"') == (0, "config.toml: all is right; mode is paper\n", "")


def test_everything_that_is_wrong_is_told_at_once(check):
    code, out, err = check('mode = "live"\n[paper]\nsed = 1\n')
    assert (code, out) == (78, "")
    why = 'needs a real broker; allowed with broker.kind = "openalgo"'
    assert err.splitlines() == [
        'config.toml:3: paper.sed = 1: no such key; did you mean "seed"?',
        f"config.toml:1: mode = 'live': {why}",
    ]


def test_flags_count_as_they_do_for_the_daemon(check):
    assert check('mode = "live"\n', "--paper")[0] == 0
    code, _, err = check("", "--port", "70000", "--log-level", "loud")
    assert code == 78
    assert err.splitlines()[0].startswith("--log-level: log.level = 'loud' is not known; allowed: ")
    assert err.splitlines()[1].startswith("--port: api.listen = '127.0.0.1:70000': must be ")


def test_without_a_file_nothing_is_right(check):
    assert check(None) == (78, "", "config.toml: no such file; name one with -c FILE\n")


def test_the_file_is_named_by_flag_or_environment(check, tmp_path, monkeypatch):
    (tmp_path / "a.toml").write_text("")
    (tmp_path / "b.toml").write_text("")
    monkeypatch.setenv("TRADEBOT_CONFIG", "a.toml")
    assert check(None)[1].startswith("a.toml: all is right")
    assert check(None, "-c", "b.toml")[1].startswith("b.toml: all is right")


def test_explain_prints_every_setting_with_its_origin(check, monkeypatch):
    monkeypatch.setenv("TRADEBOT_PAPER_SEED", "7")
    code, out, _ = check(f'log.level = "debug"\n{SESSION}', "--explain", "--port", "5")
    assert code == 0
    lines = {line.split(" = ")[0]: line for line in out.splitlines()}
    assert lines["log.level"].split() == ["log.level", "=", '"debug"', "#", "config.toml:1"]
    assert lines["paper.seed"].endswith("  # TRADEBOT_PAPER_SEED")
    assert lines["api.listen"].endswith("  # --port")
    assert lines["mode"].endswith("  # default")
    assert lines["sessions.NSE"].endswith("  # config.toml:2")


def test_what_explain_prints_is_a_configuration(check, tmp_path):
    other = SESSION.replace("NSE", '"my \\"own\\""')
    _, out, _ = check(f"paper.seed = 9\n{SESSION}{other}", "--explain")
    assert tomllib.loads(out)["paper"]["seed"] == 9
    (tmp_path / "again.toml").write_text(out)
    settings = load(tmp_path / "again.toml").settings
    assert words_of(settings) == words_of(load(tmp_path / "config.toml").settings)


def test_json_has_settings_origins_and_warnings(check, monkeypatch):
    monkeypatch.setenv("TRADEBOT_PAPER_SED", "7")
    code, out, err = check(SESSION, "--json")
    answer = json.loads(out)
    assert (code, answer["ok"], answer["file"]) == (0, True, "config.toml")
    assert answer["settings"]["paper.seed"] == {"value": 1, "origin": "default"}
    assert answer["settings"]["sessions.NSE"]["value"]["holidays"] == ["2026-01-26"]
    assert "TRADEBOT_PAPER_SED" in answer["warnings"][0]
    assert err.startswith("warning: 'TRADEBOT_PAPER_SED' in the environment is ignored")


def test_json_has_every_problem_by_its_parts(check):
    code, out, err = check("[paper]\nseed = -1\n", "--json")
    assert (code, err) == (78, "")
    assert json.loads(out) == {
        "ok": False,
        "file": "config.toml",
        "problems": [
            {
                "place": "config.toml:2",
                "key": "paper.seed",
                "message": "paper.seed = -1: must be a whole number, 0 to 9223372036854775807",
            }
        ],
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without the right")
def test_a_file_that_may_not_be_read_has_a_code_of_its_own(check, tmp_path):
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "config.toml").chmod(0)
    os.seteuid(65534)
    try:
        code, _, err = check(None, "-c", "config.toml")
    finally:
        os.seteuid(0)
    assert (code, err) == (77, "config.toml: cannot be read: permission denied\n")
