"""The doors to the world are protocols: whoever fits may come in."""

import inspect

import msgspec
import pytest

from tradebot import ports

DOORS = [
    door
    for _, door in inspect.getmembers(ports, inspect.isclass)
    if door.__module__ == ports.__name__ and not issubclass(door, msgspec.Struct | tuple)
]


@pytest.mark.parametrize("door", DOORS)
def test_a_door_has_words_and_no_walls(door):
    assert getattr(door, "_is_protocol", False)
    assert door.__doc__
    for name, method in vars(door).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            assert method.__doc__, f"{door.__name__}.{name}"


def test_a_quote_may_lack_its_sides():
    quote = ports.Quote(ltp=800.0, at_ns=1)
    assert (quote.bid, quote.ask) == (None, None)
    with pytest.raises(AttributeError):
        quote.ltp = 801.0  # type: ignore[misc]  # that it cannot be set is the test


@pytest.mark.parametrize(
    ("subject", "text", "whole"),
    [
        ("a daemon: 2 alerts", "one\ntwo", "a daemon: 2 alerts\none\ntwo"),
        ("a daemon: one", "one", "a daemon: one"),
        ("a daemon", "", "a daemon"),
    ],
)
def test_a_letter_says_nothing_twice(subject, text, whole):
    assert ports.Letter(subject=subject, text=text).whole == whole
