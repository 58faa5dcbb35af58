"""One input in, intents and events out."""

from tests.playbook import Playbook, a_trade


def test_trail_follows_the_high_water_mark_and_never_falls_back():
    assert (
        Playbook(a_trade(trail="5pts")) >> 801 << None >> 806 << None >> 802 << None >> 801
        << "trail @ 801"
    )
