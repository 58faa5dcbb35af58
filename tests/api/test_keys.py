"""A key is known by its hash; scopes include each other; the file says both and no more."""

import datetime as dt
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.api.keys import Scope, digest_of, keys_text, listed_key, read_keys
from tradebot.errors import InputError

AT = dt.datetime(2026, 1, 5, 3, 45, tzinfo=dt.UTC)


def listed(key="tb_secret", name="phone", scope="read", per_minute=None):
    return listed_key(key, name=name, scope=scope, per_minute=per_minute, at=AT)


@pytest.mark.parametrize(
    ("has", "may"), [("read", "read"), ("trade", "read trade"), ("admin", "read trade admin")]
)
def test_a_scope_includes_those_before_it(has, may):
    assert [scope.value for scope in Scope if Scope(has).includes(scope)] == may.split()


def test_any_text_has_a_digest():
    assert len({digest_of(key) for key in ("", "a", "ключ", "\ud800")}) == 4


@pytest.mark.parametrize(
    ("scope", "allowance"), [("read", 100), ("trade", 1_000), ("admin", 1_000)]
)
def test_a_scope_has_its_allowance_unless_the_key_has_its_own(scope, allowance):
    assert listed(scope=scope).per_minute == allowance
    assert listed(scope=scope, per_minute=7).per_minute == 7


def test_the_file_holds_hashes_and_never_a_key():
    key = listed("tb_very-secret")
    text = keys_text([key])
    assert "tb_" not in text
    assert hashlib.sha256(b"tb_very-secret").hexdigest() in text
    assert key.id == key.sha256[:12]
    assert "secret" not in repr(key)


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True).filter(
    lambda name: not name.startswith("tb_") and name != "local"
)


@given(
    st.lists(
        st.tuples(names, st.sampled_from(["read", "trade", "admin"]), st.integers(1, 1_000_000)),
        unique_by=lambda words: words[0],
        max_size=5,
    )
)
def test_what_is_written_is_what_is_read(words):
    keys = [listed(f"tb_{name}", name, scope, per_minute) for name, scope, per_minute in words]
    assert read_keys(keys_text(keys)) == keys


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"name": ""}, "the name must be"),
        ({"name": "tb_AbCdEfGh"}, "the name must be"),
        ({"name": "a b"}, "the name must be"),
        ({"name": 'a"'}, "the name must be"),
        ({"name": "a\n"}, "the name must be"),
        ({"name": "-a"}, "the name must be"),
        ({"name": "x" * 65}, "the name must be"),
        ({"name": "ключ"}, "the name must be"),
        ({"name": "local"}, "local tools"),
        ({"scope": "write"}, "allowed are read, trade and admin"),
        ({"per_minute": 0}, "tier = 0"),
        ({"per_minute": -5}, "tier = -5"),
        ({"per_minute": 1_000_001}, "must be 1 to 1000000"),
    ],
)
def test_a_key_that_cannot_be_is_refused(words, told):
    with pytest.raises(InputError, match=told):
        listed(**words)


GOOD = keys_text([listed()])


@pytest.mark.parametrize(
    "text",
    [
        "no toml",
        "[[keys]]",
        "key = 3",
        "[[key]]",
        GOOD.replace("read", "write"),
        GOOD.replace("100", "0"),
        GOOD.replace("100", "true"),
        GOOD.replace("+00:00", ""),
        GOOD.replace('sha256 = "', 'sha256 = "0'),
        GOOD + "apikey = 'x'",
        GOOD + GOOD.replace("phone", "other"),
        GOOD + keys_text([listed("tb_other")]),
    ],
)
def test_a_file_that_is_none_is_refused(text):
    with pytest.raises(InputError):
        read_keys(text)


def test_an_empty_file_has_no_keys():
    assert read_keys("") == []
