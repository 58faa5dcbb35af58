"""The engine's policy says what the operator's file said."""

from decimal import Decimal

import pytest

from tradebot.app.policy import policy_of
from tradebot.config import load
from tradebot.core.instruments import Kind


@pytest.fixture
def policy(tmp_path):
    def of(text: str = ""):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return policy_of(load(path).settings)

    return of


def test_percents_of_the_file_are_fractions_of_the_engine(policy):
    told = policy('[price.option]\nspike = "12.5%"\n[price.cash]\nspike = "2%"\n')
    assert told.spikes[Kind.OPTION] == Decimal("0.125")
    assert told.spikes[Kind.CASH] == Decimal("0.02")
    assert set(told.spikes) == set(Kind)


def test_silence_is_judged_after_the_time_that_is_set(policy):
    assert policy('[price]\nstale_after = "7s"\n').stale_after_ns == 7_000_000_000


def test_sessions_are_those_of_the_settings_and_cannot_change_under_the_engine(policy, tmp_path):
    (tmp_path / "none.toml").write_text("")
    settings = load(tmp_path / "none.toml").settings
    told = policy_of(settings)
    assert told.sessions == dict(settings.sessions)
    assert told.sessions is not settings.sessions
