"""Mistakes are collected, so that a person repairs a file once."""

import pytest

from tradebot.config.problems import PROBLEMS_MAX, BadSettingsError, Problems
from tradebot.errors import ConfigError, InputError


def test_all_mistakes_are_told_in_their_order():
    problems = Problems()
    problems.add("config.toml:3", "mode", "mode = 'x': no")
    problems.refused("--port", InputError("api.listen", "api.listen = 'y': no"), "api.listen")
    assert problems.keys == {"mode", "api.listen"}
    with pytest.raises(BadSettingsError) as caught:
        problems.check()
    assert str(caught.value) == "config.toml:3: mode = 'x': no\n--port: api.listen = 'y': no"
    assert isinstance(caught.value, ConfigError)
    assert not caught.value.unreadable


def test_without_a_mistake_one_may_go_on():
    Problems().check()


def test_nobody_reads_more_than_a_hundred_mistakes():
    problems = Problems()
    for number in range(PROBLEMS_MAX - 1):
        problems.add(f"config.toml:{number}", "key", "no")
    with pytest.raises(BadSettingsError) as caught:
        problems.add("config.toml:999", "key", "no")
    assert len(caught.value.problems) == PROBLEMS_MAX
