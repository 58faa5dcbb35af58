"""The door: a key is known by its hash, does what its scope allows, as often as it may."""

from typing import Any

import pytest
from litestar import Request

from tradebot.api.auth import Keys
from tradebot.api.errors import ForbiddenError, TooManyError, UnauthorizedError
from tradebot.api.keys import Key, Scope, digest_of

TRADER = Key(name="trader", scope=Scope.TRADE, per_minute=5)
OTHER = Key(name="other", scope=Scope.READ, per_minute=5)


class Door:
    """The keys, a clock that is moved by hand, and what the log was told."""

    def __init__(self):
        self.known = {digest_of("tb_secret"): TRADER, digest_of("tb_other"): OTHER}
        self.at_ns = 0
        self.said = []
        self.keys = Keys(lambda: self.known, say=self.say, elapsed_ns=lambda: self.at_ns)

    def say(self, event, level="info", /, **fields):
        self.said.append((event, level, fields))

    def admit(self, key="tb_secret", scope=Scope.READ, address: str | None = "127.0.0.1"):
        client = None if address is None else (address, 4711)
        asking: Any = {"type": "http", "path": "/", "client": client, "state": {}}
        request: Request[Any, Any, Any] = Request(asking)
        try:
            assert self.keys.admit(request, key, scope) is self.known[digest_of(key)]
        finally:
            self.state = asking["state"]

    def outcome(self, *words, **more):
        try:
            self.admit(*words, **more)
        except (UnauthorizedError, ForbiddenError, TooManyError) as error:
            return error.status_code
        return 200


@pytest.fixture
def door():
    return Door()


def test_a_key_may_do_what_its_scope_includes_and_no_more(door):
    assert [door.outcome(scope=scope) for scope in Scope] == [200, 200, 403]


def test_who_is_let_in_is_known_by_name(door):
    door.admit(scope=Scope.TRADE)
    assert (door.state["caller"], door.state["is_change"]) == ("trader", True)
    door.admit(scope=Scope.READ)
    assert door.state["is_change"] is False


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
        {"tb_secret": 1},
        b"tb_secret",
        digest_of("tb_secret"),
        digest_of("tb_secret").hex(),
    ],
)
def test_nothing_else_is_a_key(door, key):
    assert door.outcome(key) == 401
    assert "caller" not in door.state


def why(door, key):
    with pytest.raises(UnauthorizedError) as refused:
        door.admit(key)
    return refused.value.why


def test_a_key_that_is_known_no_more_is_none(door):
    assert door.outcome() == 200
    door.known.clear()
    assert door.outcome() == 401


def test_no_key_is_told_from_a_wrong_one_and_no_wrong_one_from_another(door):
    missing = {why(door, key) for key in (None, "")}
    del door.known[digest_of("tb_other")]
    unknown: tuple[object, ...] = ("tb_other", "tb_secre", "x", 0, False, [], {"a": 1})
    wrong = {why(door, key) for key in unknown}
    assert (len(missing), len(wrong), missing & wrong) == (1, 1, set())
    assert "none was sent" in missing.pop()
    assert "is not known here" in wrong.pop()


@pytest.mark.parametrize("key", [0, False, [], {}])
def test_what_is_empty_and_no_text_is_a_wrong_key_and_counts_as_one(door, key):
    assert [door.outcome(key) for _ in range(21)] == [401] * 20 + [429]


def test_a_key_may_ask_as_often_as_it_may_and_hears_when_again(door):
    assert [door.outcome() for _ in range(6)] == [200] * 5 + [429]
    with pytest.raises(TooManyError, match="429") as refused:
        door.admit()
    assert refused.value.headers == {"Retry-After": "12"}
    door.at_ns += 12_000_000_000
    assert [door.outcome() for _ in range(2)] == [200, 429]


def test_questions_use_up_nothing_that_changes_need(door):
    assert [door.outcome() for _ in range(6)][-1] == 429
    assert door.outcome(scope=Scope.TRADE) == 200


def test_one_key_uses_up_nothing_of_another(door):
    assert [door.outcome() for _ in range(6)][-1] == 429
    assert door.outcome("tb_other") == 200


def test_what_its_scope_refuses_counts_too(door):
    outcomes = [door.outcome("tb_other", Scope.TRADE) for _ in range(6)]
    assert outcomes == [403] * 5 + [429]


def test_after_twenty_wrong_keys_an_address_waits_and_the_log_hears_of_it_once(door):
    assert [door.outcome(f"tb_{number}") for number in range(25)] == [401] * 20 + [429] * 5
    assert door.said == [("api.wrong_keys", "warning", {"address": "127.0.0.1", "allowed": 20})]
    door.at_ns += 3_000_000_000
    assert [door.outcome("tb_wrong") for _ in range(2)] == [401, 429]


def test_a_flood_of_wrong_keys_keeps_no_right_one_out(door):
    for number in range(1_000):
        door.outcome(f"tb_{number}")
    assert door.outcome() == 200


def test_who_gives_no_key_guesses_none(door):
    assert {door.outcome(None) for _ in range(50)} == {401}
    assert {door.outcome("") for _ in range(50)} == {401}


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8::2:3:4:5", True),  # whoever has one has them all
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2", True),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        (None, "", True),
        ("a.socket", "another.socket", False),
    ],
)
def test_failures_are_counted_by_address(door, one, other, are_one):
    for _ in range(20):
        door.outcome("tb_wrong", address=one)
    assert door.outcome("tb_wrong", address=other) == (429 if are_one else 401)


def test_many_addresses_take_bounded_memory(door):
    for number in range(5_000):
        door.outcome("tb_wrong", address=f"10.0.{number // 250}.{number % 250}")
    assert len(door.keys._failed._paid_until) == 4_096
