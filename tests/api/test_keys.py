"""A key is known by its hash; scopes include each other."""

import pytest

from tradebot.api.keys import Scope, digest_of


@pytest.mark.parametrize(
    ("has", "may"), [("read", "read"), ("trade", "read trade"), ("admin", "read trade admin")]
)
def test_a_scope_includes_those_before_it(has, may):
    assert [scope.value for scope in Scope if Scope(has).includes(scope)] == may.split()


def test_any_text_has_a_digest():
    assert len({digest_of(key) for key in ("", "a", "ключ", "\ud800")}) == 4
