"""A secret shows itself to nobody who does not ask for it."""

import traceback

from tradebot.core.secret import Secret


def test_it_hides_in_every_picture_of_itself():
    secret = Secret("a-key-of-mine")
    assert secret.reveal() == "a-key-of-mine"
    assert "a-key" not in f"{secret} {secret!r} {[secret]}"


def test_it_hides_in_tracebacks():
    error = ValueError(Secret("a-key-of-mine"))
    assert "a-key" not in "".join(traceback.format_exception(error))


def test_it_is_cut_out_of_what_others_say():
    assert Secret("k3y").cleaned("no k3y, bad k3y") == "no ***, bad ***"
    assert Secret("").cleaned("text") == "text"
