"""A key of a JSON object is read exactly, or refused with its name, value and limits."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.guard.trades import Side
from tradebot.core.words import fields
from tradebot.errors import InputError


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (50, "50"),
        (0.1, "0.1"),
        (812.0333333333333, "812.0333333333333"),
        (1e15, "1000000000000000.0"),
        (1e-7, "0.0000001"),
        ("812.50", "812.50"),
        ("1000000000000000.123456789012345678", None),  # above 1e15
        ("999999999999999.123456789012345678", "999999999999999.123456789012345678"),
        (Decimal("1E+3"), "1000"),
        (10**15, "1000000000000000"),
        (10**15 + 1, None),
        pytest.param(10**5000, None, id="huge"),
        (0, None),
        (-1, None),
        (0.0, None),
        (-0.5, None),
        (1e16, None),
        (1e-19, None),
        (5e-324, None),
        (float("nan"), None),
        (float("inf"), None),
        (Decimal("sNaN"), None),
        (Decimal("1E-999999"), None),
        (True, None),
        (False, None),
        ("1e3", None),
        ("-5", None),
        ("+5", None),
        (" 5", None),
        ("5\n", None),
        ("\u0665", None),  # a digit, but not one that a program may compare as text
        ("1_000", None),
        ("1,000", None),
        ("", None),
        ([], None),
        ({}, None),
    ],
)
def test_a_number_is_exact_above_zero_and_bounded(value, exact):
    if exact is None:
        with pytest.raises(InputError, match=r"^quantity = .* must be a number above 0") as caught:
            fields.number({"quantity": value}, "quantity")
        assert caught.value.field == "quantity"
        assert len(str(caught.value)) < 250
    else:
        assert format(fields.number({"quantity": value}, "quantity"), "f") == exact


def test_a_number_that_is_left_out_is_none():
    assert fields.number({}, "quantity") is None


@given(st.floats(min_value=1e-3, max_value=1e15))
def test_a_float_enters_through_its_shortest_text(price):
    try:
        exact = fields.number({"p": price}, "p")
    except InputError:
        assert len(repr(price).partition(".")[2]) > 18
    else:
        assert exact is not None
        assert float(exact) == price


@pytest.mark.parametrize("value", ["", " a", "a ", "a\nb", "a\x1b[0m", "\ud800", "x" * 65, 5, None])
def test_a_text_is_printable_bounded_and_tidy(value):
    with pytest.raises(InputError, match=r"^symbol = .* 1 to 64 printable characters"):
        fields.text({"symbol": value}, "symbol")


def test_a_text_has_a_default_or_must_be_there():
    assert fields.text({}, "tag", default="", length_min=0) == ""
    assert fields.text({"symbol": "NIFTY 50"}, "symbol") == "NIFTY 50"
    with pytest.raises(InputError, match=r"^symbol is missing$"):
        fields.text({}, "symbol")


@pytest.mark.parametrize(
    ("value", "guess"),
    [
        ("long", 'did you mean "LONG"?'),
        ("BUY", 'did you mean "LONG"?'),
        ("up", "allowed: LONG, SHORT"),
        (1, "allowed: LONG, SHORT"),
        (["LONG"], "allowed: LONG, SHORT"),
    ],
)
def test_a_word_that_is_not_known_is_refused_with_the_one_that_was_meant(value, guess):
    with pytest.raises(InputError) as caught:
        fields.word({"side": value}, "side", Side, meanings={"buy": "LONG"})
    assert str(caught.value).endswith(f"is not known; {guess}")


def test_a_word_is_read_has_a_default_or_must_be_there():
    assert fields.word({"side": "SHORT"}, "side", Side) is Side.SHORT
    assert fields.word({}, "side", Side, default=Side.LONG) is Side.LONG
    with pytest.raises(InputError, match=r"^side is missing$"):
        fields.word({}, "side", Side)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("text", "trail = 'text': must be an object with by, step"),
        (None, "trail = null: must be an object with by, step"),
        ({"bu": 1}, 'trail.bu is no key of a trail; did you mean "by"?'),
        ({"colour\n": 1}, "trail.'colour\\n' is no key of a trail; allowed: by, step"),
        ({7: 1}, "trail.7 is no key of a trail; allowed: by, step"),
    ],
)
def test_an_object_has_only_known_keys(value, message):
    with pytest.raises(InputError) as caught:
        fields.json_object(value, ("by", "step"), "trail", prefix="trail.")
    assert str(caught.value) == message


def test_an_object_that_is_not_one_is_named_by_what_it_should_be():
    with pytest.raises(InputError) as caught:
        fields.json_object([], ("symbol",), "trade")
    assert caught.value.field == "trade"


def test_a_key_that_is_null_is_a_key_left_out():
    assert fields.json_object({"by": None, "step": 1}, ("by", "step"), "trail") == {"step": 1}


def test_a_value_that_no_message_can_hold_is_repeated_in_short():
    assert fields.repeatable("1.5%") == "1.5%"
    assert repr(fields.repeatable(10**5000)) == "a number of more than 18 digits"
    assert len(repr(fields.repeatable("9" * 10**6))) < 80
