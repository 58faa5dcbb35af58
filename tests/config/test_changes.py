"""What differs between two settings is told key by key."""

import datetime as dt
import tomllib

import pytest

from tradebot.config import Change, changed, load, toml_key, toml_text, words_of
from tradebot.config.keys import KEYS

OTHER = {  # a value that is not the default
    "price.cash.source": "mid",
    "price.future.source": "mid",
    "price.option.source": "mid",
    "price.perpetual.source": "mid",
    "price.cash.spike": "3%",
    "price.future.spike": "3%",
    "price.option.spike": "3%",
    "price.perpetual.spike": "3%",
    "price.stale_after": "5s",
    "exit.hold_tagged": "1s",
    "exit.hold_plain": "1s",
    "exit.hold_smart": "1s",
    "exit.reconcile_every": "5s",
    "exit.resting_orders.persons": "leave",
    "adopt.existing": "ignore",
    "adopt.new": "ignore",
    "adopt.manual_add": "ignore",
    "adopt.past_stop": "exit",
    "adopt.grace": "1s",
    "account.id": "PAPER-2",
    "defaults.strategy": "swing",
    "defaults.product": "CNC",
    "paper.seed": 2,
    "paper.speed": 2.0,
    "paper.latency": "1s",
    "paper.slippage": "1%",
    "shadow.stop": "2%",
    "paper.partial_fills": 0.5,
    "paper.rejects": 0.5,
    "broker.rest": "https://algo.example",
    "broker.feed": "wss://algo.example/ws",
    "broker.key": "env:ALGO_KEY",
    "api.listen": "127.0.0.1:1",
    "store.sync_every": "1s",
    "store.backup_every": "1m",
    "store.backups_kept": 3,
    "record.on": True,
    "record.rotate": "5m",
    "record.keep": "1d",
    "alerts.telegram.min": "info",
    "alerts.telegram.commands": ["status", "halt"],
    "alerts.telegram.server": "http://127.0.0.1:8081",
    "alerts.webhook.url": "env:HOOK",
    "alerts.webhook.min": "critical",
    "alerts.email.tls": "implicit",
    "alerts.email.user": "me",
    "alerts.email.from": "bot@example.com",
    "alerts.email.to": ["me@example.com"],
    "alerts.email.min": "critical",
    "alerts.dead_man_url": "env:CHECK",
    "log.level": "debug",
    "log.format": "json",
}
ONE_VALUE_ONLY = {"mode", "broker.kind", "paper.market"}  # in this version, or without files


@pytest.fixture
def loaded(tmp_path):
    def load_text(text):
        (tmp_path / "config.toml").write_text(text)
        (tmp_path / "a.csv").write_text("")
        return load(tmp_path / "config.toml").settings

    return load_text


def test_the_same_settings_have_no_changes():
    assert changed(load(None).settings, load(None).settings) == []


@pytest.mark.parametrize(("key", "value"), OTHER.items())
def test_each_key_that_changed_is_told_alone(key, value, loaded):
    new = loaded(f"{key} = {toml_text(value)}")
    assert changed(load(None).settings, new) == [
        Change(key, KEYS[key].default, value, KEYS[key].live)
    ]


def test_every_key_is_compared(loaded, tmp_path):
    paths = {
        "paper.replay_files": ["a.csv"],
        "paper.instruments_file": "a.csv",
        "record.directory": "r",
    }
    pairs = {  # of which none goes alone
        "alerts.telegram.token": "env:TOKEN",
        "alerts.telegram.chat": -17,
        "alerts.email.server": "smtp.example.com:587",
        "alerts.email.password": "env:PASSWORD",
        "alerts.daily_report_at": "09:05",
    }
    wanted = {"alerts.email.user": "me", "alerts.email.from": "a@b.c", "alerts.email.to": ["d@e.f"]}
    text = "".join(f"{key} = {toml_text(v)}\n" for key, v in (paths | pairs | wanted).items())
    found = {change.key for change in changed(load(None).settings, loaded(text))}
    assert found == {*paths, *pairs, *wanted}
    assert set(KEYS) == {*OTHER, *paths, *pairs, *ONE_VALUE_ONLY}


def test_what_a_running_guard_may_take_over_is_told_from_what_needs_a_restart():
    live = {key.name for key in KEYS.values() if key.live}
    tables = ("exit.", "adopt.", "price.", "defaults.", "record.", "shadow.")
    taken_over = {key for key in OTHER if key.startswith(tables)}
    taken_over |= {"store.sync_every", "store.backup_every", "record.directory", "log.level"}
    assert live == taken_over


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('a\n"b"', '"a\\n\\"b\\""'),
        (True, "true"),
        (1, "1"),
        (1.0, "1.0"),
        ([], "[]"),
        (["mon", "tue"], '["mon", "tue"]'),
        (dt.date(2026, 1, 26), "2026-01-26"),
        (
            {"open": "09:15", "holidays": [dt.date(2026, 1, 26)]},
            '{ open = "09:15", holidays = [2026-01-26] }',
        ),
    ],
)
def test_a_value_is_shown_as_toml_has_it(value, text):
    assert toml_text(value) == text
    assert tomllib.loads(f"value = {text}") == {"value": value}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("paper.seed", "paper.seed"),
        ("sessions.NSE-1", "sessions.NSE-1"),
        ("sessions.a.b", 'sessions."a.b"'),
        ('sessions.N "E', 'sessions."N \\"E"'),
        ("strategies.my swing", 'strategies."my swing"'),
    ],
)
def test_a_key_is_shown_as_toml_has_it(key, text):
    assert toml_key(key) == text


def test_every_setting_has_words(loaded):
    words = words_of(loaded('[sessions.X]\nzone = "Asia/Tokyo"\n[strategies.s]\nstop = "1%"\n'))
    assert list(words) == [*KEYS, "sessions.X", "strategies.s"]
