"""One rule says which state directory is meant, for the daemon and the commands beside it."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tradebot.app.state_flag import add_state_flag, state_dir


@pytest.fixture
def parsed():
    parser = argparse.ArgumentParser()
    add_state_flag(parser, "where everything is written")
    return lambda *words: parser.parse_args(words)


@pytest.mark.parametrize(
    ("given", "environ", "chosen"),
    [
        (Path("a"), {"TRADEBOT_STATE_DIR": "b", "STATE_DIRECTORY": "c"}, "a"),
        (None, {"TRADEBOT_STATE_DIR": "b", "STATE_DIRECTORY": "c"}, "b"),
        (None, {"STATE_DIRECTORY": "c"}, "c"),
        (None, {"TRADEBOT_STATE_DIR": "", "STATE_DIRECTORY": ""}, "state"),
        (None, {}, "state"),
    ],
)
def test_the_state_directory_is_the_flags_then_the_environments(given, environ, chosen):
    assert os.fspath(state_dir(given, environ)) == chosen


def test_the_flag_is_a_path_or_nothing(parsed):
    assert parsed("--state-dir", "a/b").state_dir == Path("a/b")
    assert parsed().state_dir is None


def test_an_empty_directory_is_a_mistake(parsed, capsys):
    with pytest.raises(SystemExit) as end:
        parsed("--state-dir", "")
    assert end.value.code == 2
    assert "--state-dir: is empty; name a path, or leave the option out" in capsys.readouterr().err


def test_it_costs_a_command_no_settings():
    code = (
        "import sys, tradebot.app.state_flag;"
        "print({'msgspec', 'tradebot.config', 'tradebot.app.app'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
