"""The same flags override the file wherever settings are read."""

import argparse
from pathlib import Path

import pytest

from tradebot.config import load
from tradebot.config.flags import add_flags, given_flags
from tradebot.config.keys import FLAGS


@pytest.fixture
def parsed():
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return lambda *words: parser.parse_args(words)


def test_nothing_given_overrides_nothing(parsed):
    assert given_flags(parsed()) == {}
    assert parsed().config is None


def test_every_flag_overrides_its_key(parsed):
    words = ["--paper", "--host", "::1", "--port", "0"]
    args = parsed("-c", "a.toml", *words, "--log-level", "debug", "--log-format", "json")
    flags = given_flags(args)
    assert args.config == Path("a.toml")
    assert flags == {
        "mode": "paper",
        "api.host": "::1",
        "api.port": "0",
        "log.level": "debug",
        "log.format": "json",
    }
    assert flags.keys() == FLAGS.keys()
    loaded = load(None, flags=flags)
    assert str(loaded.settings.api.listen) == "[::1]:0"
    assert loaded.origins["log.level"] == "--log-level"


def test_a_path_that_is_empty_is_a_mistake(parsed, capsys):
    with pytest.raises(SystemExit) as end:
        parsed("-c", "")
    assert end.value.code == 2
    assert "-c/--config: is empty; name a path, or leave the option out" in capsys.readouterr().err
