"""The table of keys, the settings and the shipped config.toml say the same."""

import re
from pathlib import Path

import pytest

from tradebot.config import load, words_of
from tradebot.config.keys import KEYS, SESSION_DAYS, SESSION_KEYS
from tradebot.config.toml_lines import key_lines

SHIPPED = Path(__file__).resolve().parents[2] / "config.toml"


def test_the_shipped_file_is_the_defaults():
    assert load(SHIPPED).settings == load(None).settings


def test_the_shipped_file_has_every_key():
    origins = load(SHIPPED).origins
    assert [key for key in KEYS if origins[key] == "default"] == []


def test_the_shipped_file_is_all_paper_and_simulated():
    words = words_of(load(SHIPPED).settings)
    assert (words["mode"], words["broker.kind"]) == ("paper", "paper")
    assert (words["paper.market"], words["api.listen"]) == ("simulated", "127.0.0.1:4800")


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_every_key_of_the_shipped_file_has_a_comment(key):
    text = SHIPPED.read_text()
    line = text.splitlines()[key_lines(text)[key.path] - 1]
    assert re.search(r"  # \S.{4,}", line), f"{key.name} has no comment beside it"


@pytest.mark.parametrize("word", ["source", "spike"])
def test_what_stands_in_an_inline_table_is_explained_above_it(word):
    assert f"\n# {word}: " in SHIPPED.read_text()


def test_the_session_that_the_shipped_file_shows_is_one(tmp_path):
    text = SHIPPED.read_text()
    shown = re.findall(
        r"^# (\[sessions.*\]|(?:zone|open|close|days|holidays|special|pre_open) = .*)$",
        text,
        re.MULTILINE,
    )
    assert len(shown) == 1 + len(SESSION_KEYS)
    (tmp_path / "config.toml").write_text("\n".join(shown))
    session = load(tmp_path / "config.toml").settings.session("NSE")
    assert session.zone == "Asia/Kolkata"
    assert session.weekdays == SESSION_KEYS["days"].read(SESSION_DAYS, "days")


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: key.name)
def test_a_default_is_what_its_form_reads_and_where_the_settings_have_it(key):
    assert key.text(load(None).settings) == key.default
    assert key.of(load(None).settings) == key.form.read(key.default, key.name)


def test_every_key_has_a_variable_of_its_own():
    assert len({key.variable for key in KEYS.values()}) == len(KEYS)
    assert KEYS["paper.seed"].variable == "TRADEBOT_PAPER_SEED"
