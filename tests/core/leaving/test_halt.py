"""Three forms, each of which stops what the one before it stops, and more."""

import pytest

from tradebot.core.leaving.halt import Form, Halt


@pytest.mark.parametrize(
    ("form", "takes_trades", "leaves_trades", "sends"),
    [
        (None, True, False, True),
        (Form.ENTRIES, False, False, True),
        (Form.FLATTEN, False, True, True),
        (Form.EVERYTHING, False, False, False),
    ],
)
def test_a_form_says_what_it_stops(form, takes_trades, leaves_trades, sends):
    halt = Halt(form=form)
    assert (halt.takes_trades, halt.leaves_trades, halt.sends) == (
        takes_trades,
        leaves_trades,
        sends,
    )


@pytest.mark.parametrize("form", [None, *Form])
def test_only_a_stronger_form_replaces_one_in_force(form):
    strength = [None, *Form]
    for other in Form:
        assert Halt(form=form).gives_way_to(other) == (strength.index(other) > strength.index(form))


def test_nothing_is_halted_until_somebody_says_so():
    assert Halt().form is None
    assert Halt().version == 0
