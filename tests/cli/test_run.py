"""``tradebot run`` is the daemon itself: its flags, its life, its exit code."""

import argparse

import pytest

from tradebot.app import main as app_main
from tradebot.cli import run
from tradebot.cli.main import main


def test_it_takes_the_daemons_own_flags():
    ours, daemons = argparse.ArgumentParser(), argparse.ArgumentParser()
    run.add_arguments(ours)
    app_main.add_arguments(daemons)
    words = ["--paper", "--port", "0", "--state-dir", "here", "-c", "a.toml"]
    assert ours.parse_args(words) == daemons.parse_args(words)


def test_its_exit_code_is_the_daemons(monkeypatch):
    ran = []

    def daemon(args):
        ran.append(args.port)
        return 75

    monkeypatch.setattr(run, "run", daemon)
    assert main(["run", "--port", "7"]) == 75
    assert ran == ["7"]


def test_a_configuration_that_is_missing_keeps_it_from_starting(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRADEBOT_CONFIG", raising=False)
    assert main(["run", "--port", "0", "--state-dir", "state"]) == 78
    assert capsys.readouterr().err == "config.toml: no such file; name one with -c FILE\n"
    assert list(tmp_path.iterdir()) == []


def test_its_help_says_what_each_exit_code_means(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    told = capsys.readouterr().out
    assert "exit codes: 0 stopped in order" in told
    assert "75 the port or the state directory is taken" in told
