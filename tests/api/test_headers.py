"""Which version was seen, and which request comes again."""

from typing import Any

import pytest
from litestar import Request

from tradebot.api.headers import idempotency_key, wanted_versions
from tradebot.errors import InputError


def request(name, *values):
    scope: Any = {
        "type": "http",
        "headers": [(name.encode(), value.encode("latin-1")) for value in values],
    }
    made: Request[Any, Any, Any] = Request(scope)
    return made


@pytest.mark.parametrize(
    ("values", "versions"),
    [
        ((), None),
        (("*",), None),
        ((" * ",), None),
        (('"7"',), {7}),
        (('"7", "8"',), {7, 8}),
        (('"7"', '"8"'), {7, 8}),
        (('W/"7"',), set()),
        (('"somebody else\'s"'.replace(" ", ""),), set()),
        (('""',), set()),
        (('"' + "9" * 19 + '"',), set()),
    ],
)
def test_if_match_names_versions(values, versions):
    assert wanted_versions(request("if-match", *values)) == versions


@pytest.mark.parametrize("value", ["", "7", '"7', '"7",', '"7" "8"', '*, "7"', '"a"b"', "ü"])
def test_what_is_no_list_of_tags_is_refused(value):
    with pytest.raises(InputError, match="If-Match must be"):
        wanted_versions(request("if-match", value))


@pytest.mark.parametrize("key", ["a", "x" * 128, "T1 stop, again!", "0b6c1f1e-2a"])
def test_a_request_may_carry_a_key(key):
    assert idempotency_key(request("idempotency-key", key)) == key
    assert idempotency_key(request("x", "y")) is None


@pytest.mark.parametrize("values", [("",), ("x" * 129,), ("ü",), ("a\tb",), ("a", "a")])
def test_what_is_no_key_is_refused(values):
    with pytest.raises(InputError, match="Idempotency-Key must be one key"):
        idempotency_key(request("idempotency-key", *values))
