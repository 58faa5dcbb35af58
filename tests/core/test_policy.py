"""What the operator decides has defaults that guard."""

from decimal import Decimal

from tradebot.core.instruments import Kind
from tradebot.core.policy import Policy


def test_every_class_of_instruments_has_a_jump_that_is_suspect():
    assert Policy().spikes.keys() == set(Kind)
    assert Policy().spikes[Kind.OPTION] == Decimal("0.25")


def test_settings_are_not_shared_between_policies():
    assert Policy().spikes is not Policy().spikes
    assert Policy() == Policy()


def test_jumps_are_held_and_opposite_trades_refused_unless_somebody_says_so():
    assert Policy().holds_jumps
    assert not Policy().opposite_allowed
