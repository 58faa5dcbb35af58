"""Errors are told apart by what the caller must do."""

import pytest

from tradebot import errors
from tradebot.errors import InputError, RefusedError, TradebotError


@pytest.mark.parametrize("kind", [InputError, RefusedError])
def test_an_error_about_a_key_names_it_beside_its_message(kind):
    error = kind("stop", "stop 790 is above entry 780")
    assert (error.field, str(error)) == ("stop", "stop 790 is above entry 780")


def test_every_error_is_one_of_ours_and_says_what_to_do():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert all(issubclass(kind, TradebotError) and kind.__doc__ for kind in kinds)
