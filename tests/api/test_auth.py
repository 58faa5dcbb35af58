"""The door: a key is known by its hash, and does what its scope allows."""

from typing import Any

import pytest
from litestar import Request

from tradebot.api.auth import Keys
from tradebot.api.errors import ForbiddenError, UnauthorizedError
from tradebot.api.keys import Key, Scope, digest_of

SCOPE: Any = {"type": "http", "path": "/", "client": ("10.0.0.9", 4711)}
REQUEST: Request[Any, Any, Any] = Request(SCOPE)
TRADER = Key(name="trader", scope=Scope.TRADE, per_minute=1_000)
KEYS = Keys(lambda: {digest_of("tb_secret"): TRADER})


@pytest.mark.parametrize("scope", [Scope.READ, Scope.TRADE])
def test_a_key_may_do_what_its_scope_includes(scope):
    assert KEYS.admit(REQUEST, "tb_secret", scope) is TRADER


def test_and_no_more():
    with pytest.raises(ForbiddenError):
        KEYS.admit(REQUEST, "tb_secret", Scope.ADMIN)


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
        digest_of("tb_secret"),
        digest_of("tb_secret").hex(),
    ],
)
def test_nothing_else_is_a_key(key):
    with pytest.raises(UnauthorizedError):
        KEYS.admit(REQUEST, key, Scope.READ)
