"""Settings are built from the values of all keys."""

import pytest

from tradebot.config.build import settings_of
from tradebot.config.forms import CLOCK_OR_NONE, PATH_OR_NONE, SECRET, SERVER, STOP_OR_NONE
from tradebot.config.keys import KEYS

DEFAULTS = {key.name: key.form.read(key.default, key.name) for key in KEYS.values()}
OR_NONE = (PATH_OR_NONE, SECRET, SERVER, CLOCK_OR_NONE, STOP_OR_NONE)


def test_every_value_has_its_place():
    settings = settings_of(DEFAULTS, {})
    assert {key.name: key.of(settings) for key in KEYS.values()} == DEFAULTS


@pytest.mark.parametrize("name", [name for name in DEFAULTS if KEYS[name].form not in OR_NONE])
def test_a_value_that_no_form_has_read_is_a_broken_promise(name):
    with pytest.raises(AssertionError):
        settings_of({**DEFAULTS, name: None}, {})
