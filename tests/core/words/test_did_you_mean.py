"""A mistyped word leads to the right one, and no value breaks a message."""

import datetime as dt
from decimal import Decimal

import pytest

from tradebot.core.words.did_you_mean import hint, shown, suggestion, tidy_key

KNOWN = ("stop", "target", "trail", "quantity")
MEANINGS = {"sl": "stop", "gone": "not among the known"}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("stop", "stop"),
        ("STOP", "stop"),
        ("stp", "stop"),
        ("stpo", "stop"),  # two neighbours swapped are one mistake
        ("targett", "target"),
        ("tarjet", "target"),
        ("quantiti", "quantity"),
        ("qauntity", "quantity"),
        ("sl", "stop"),
        ("SL", "stop"),
        ("gone", None),
        ("xy", None),
        ("", None),
        ("banana", None),
        ("s" * 10_000, None),
    ],
)
def test_a_word_leads_to_what_was_meant_or_to_nothing(word, meant):
    assert suggestion(word, KNOWN, MEANINGS) == meant


def test_nothing_is_suggested_where_nothing_is_known():
    assert suggestion("stop", ()) is None


def test_a_hint_lists_what_is_allowed_where_nothing_resembles_the_word():
    assert hint("stpo", KNOWN) == 'did you mean "stop"?'
    assert hint("banana", KNOWN) == "allowed: stop, target, trail, quantity"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\nb", "'a\\nb'"),
        ("x" * 61, f"'{'x' * 60}...'"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (12, "12"),
        pytest.param(10**5000, "a number of more than 18 digits", id="huge"),
        (1.5, "1.5"),
        (float("nan"), "nan"),
        ({"a": 1}, "{...}"),
        ([1], "[...]"),
        ((1,), "[...]"),
        (Decimal("-1.5"), "-1.5"),
        (Decimal("1e20"), "1E+20"),
        pytest.param(Decimal("1." + "1" * 100), f"1.{'1' * 58}", id="long"),
        (dt.time(9, 15), "09:15:00"),
        (dt.date(2026, 1, 26), "2026-01-26"),
        (b"x" * 100, repr(b"x" * 100)[:60]),
    ],
)
def test_a_value_is_shown_on_one_short_line(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(
    ("key", "text"),
    [("sl", "sl"), ("a\nb", "'a\\nb'"), ("k" * 61, f"'{'k' * 60}...'"), ("", "")],
)
def test_a_key_is_shown_as_it_is_unless_it_would_break_the_line(key, text):
    assert tidy_key(key) == text
