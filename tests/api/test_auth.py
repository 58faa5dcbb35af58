"""One key, known by its hash."""

import hashlib

import pytest

from tradebot.api.auth import Keys

KEYS = Keys(hashlib.sha256(b"tb_secret").digest())


def test_the_key_is_accepted():
    assert KEYS.accept("tb_secret")


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "tb_secre",
        "tb_secret ",
        "TB_SECRET",
        "ключ",
        "\ud800",
        1,
        ["tb_secret"],
        b"tb_secret",
        hashlib.sha256(b"tb_secret").hexdigest(),
    ],
)
def test_nothing_else_is(key):
    assert not KEYS.accept(key)


def test_a_hash_of_another_kind_is_a_mistake_of_ours():
    with pytest.raises(AssertionError, match="not a SHA-256"):
        Keys(b"short")
