"""Each form reads what it allows, refuses the rest by name, and writes what it reads."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest

from tradebot.config import forms
from tradebot.config.settings import Listen, Market, SecretName
from tradebot.core.words.levels import Level, Unit
from tradebot.errors import InputError

READS = [
    (forms.one_of(Market), "replay", Market.REPLAY, "replay"),
    (forms.name(), "PAPER-1", "PAPER-1", "PAPER-1"),
    (forms.whole(0, 9), 9, 9, 9),
    (forms.SWITCH, True, True, True),
    (forms.SWITCH, False, False, False),
    (forms.real(0, 1), 1, 1.0, 1.0),
    (forms.real(0, 1), 0.25, 0.25, 0.25),
    (forms.duration("1ms", "1h"), "0.25s", 250_000_000, "250ms"),
    (forms.percent(100), "1.50%", Decimal("1.50"), "1.5%"),
    (forms.percent(100), "100%", Decimal(100), "100%"),
    (forms.DISTANCE, "2pts", Level(Unit.POINTS, Decimal(2)), "2pts"),
    (forms.STOP_OR_NONE, "2%", Level(Unit.PERCENT, Decimal(2)), "2%"),
    (forms.STOP_OR_NONE, "", None, ""),
    (forms.LISTEN, "127.0.0.1:0", Listen("127.0.0.1", 0), "127.0.0.1:0"),
    (forms.LISTEN, "localhost:65535", Listen("localhost", 65535), "localhost:65535"),
    (forms.LISTEN, "[::1]:4800", Listen("::1", 4800), "[::1]:4800"),
    (
        forms.address("http", "https"),
        "https://algo.example:443/x",
        *["https://algo.example:443/x"] * 2,
    ),
    (forms.address("ws"), "ws://[::1]:8765", "ws://[::1]:8765", "ws://[::1]:8765"),
    (forms.SECRET, "env:ALGO_KEY", SecretName("env", "ALGO_KEY"), "env:ALGO_KEY"),
    (forms.SECRET, "credential:a-1.b", SecretName("credential", "a-1.b"), "credential:a-1.b"),
    (forms.SECRET, "", None, ""),
    (forms.PATH_OR_NONE, "a/b.csv", Path("a/b.csv"), "a/b.csv"),
    (forms.PATH_OR_NONE, "", None, ""),
    (forms.PATHS, [], (), []),
    (forms.PATHS, ["a", "b"], (Path("a"), Path("b")), ["a", "b"]),
    (forms.CLOCK, "09:15", 555, "09:15"),
    (forms.CLOCK_OR_NONE, "09:05", 545, "09:05"),
    (forms.CLOCK_OR_NONE, "", None, ""),
    (forms.some_of(Market), [], (), []),
    (forms.some_of(Market), ["replay", "replay"], (Market.REPLAY,), ["replay"]),
    (forms.SERVER, "smtp.example.com:587", Listen("smtp.example.com", 587), "smtp.example.com:587"),
    (forms.SERVER, "", None, ""),
    (forms.MAIL_ADDRESS, "a.b+c@example.com", *["a.b+c@example.com"] * 2),
    (forms.MAIL_ADDRESS, "", "", ""),
    (forms.MAIL_ADDRESSES, ["a@b.c"], ("a@b.c",), ["a@b.c"]),
    (forms.ZONE, "Asia/Kolkata", "Asia/Kolkata", "Asia/Kolkata"),
    (forms.ZONE, "UTC", "UTC", "UTC"),
    (forms.DAYS, ["tue", "mon"], frozenset({0, 1}), ["mon", "tue"]),
    (forms.HOLIDAYS, [], frozenset(), []),
    (
        forms.HOLIDAYS,
        ["2026-08-15", dt.date(2026, 1, 26)],
        frozenset({dt.date(2026, 8, 15), dt.date(2026, 1, 26)}),
        [dt.date(2026, 1, 26), dt.date(2026, 8, 15)],
    ),
]


@pytest.mark.parametrize(("form", "value", "meant", "written"), READS)
def test_a_value_is_read_and_written_in_its_usual_spelling(form, value, meant, written):
    assert form.read(value, "key") == meant
    assert form.write(meant) == written
    assert form.read(written, "key") == meant


@pytest.mark.parametrize(
    ("form", "value", "says"),
    [
        (forms.one_of(Market), "relpay", "key = 'relpay' is not known; did you mean \"replay\"?"),
        (forms.one_of(Market), 5, "key = 5 is not known; allowed: simulated, replay"),
        (forms.name(), "a\nb", "key = 'a\\nb': must be 1 to 64 printable characters"),
        (forms.name(length_max=3), "abcd", "must be 1 to 3 printable"),
        (forms.whole(0, 9), 10, "key = 10: must be a whole number, 0 to 9"),
        (forms.whole(0, 9), True, "key = true: must be a whole number"),
        (forms.whole(0, 9), 1.0, "key = 1.0: must be a whole number"),
        (forms.whole(0, 9), "1", "key = '1': must be a whole number"),
        (forms.SWITCH, 1, "key = 1: must be true or false, without quotes"),
        (forms.SWITCH, "true", "key = 'true': must be true or false"),
        (forms.real(0, 1), 1.5, "key = 1.5: must be a number, 0 to 1"),
        (forms.real(0, 1e6), float("nan"), "key = nan: must be a number, 0 to 1000000"),
        (forms.real(0, 1), False, "key = false: must be a number"),
        (forms.real(0, 1), 10**400, "a number of more than 18 digits: must be a number"),
        (forms.duration("1ms", "1h"), 10, "key = 10 is not a duration; write"),
        (forms.duration("1ms", "1h"), "2h", 'key = \'2h\': must be "1ms" to "1h"'),
        (forms.duration("1ms", "1h"), "0ms", 'key = \'0ms\': must be "1ms" to "1h"'),
        (forms.percent(100), "0%", 'must be a percent like "1.5%", above 0% and at most 100%'),
        (forms.percent(100), "101%", "at most 100%"),
        (forms.percent(100), 1, "key = 1: must be a percent"),
        (forms.percent(100), "1", "key = '1': must be a percent"),
        (forms.STOP_OR_NONE, "0%", 'must be above 0, or ""'),
        (forms.STOP_OR_NONE, "@5", 'is not a level; write "1.5%" (percent) or "12.5pts"'),
        (forms.DISTANCE, "@5", 'is not a level; write "1.5%" (percent) or "12.5pts"'),
        (forms.LISTEN, "4800", 'must be "HOST:PORT"'),
        (forms.LISTEN, "127.0.0.1", 'must be "HOST:PORT"'),
        (forms.LISTEN, "127.0.0.1:65536", "port 0 to 65535"),
        (forms.LISTEN, "127.0.0.1:-1", "port 0 to 65535"),
        (forms.LISTEN, "::1:4800", 'must be "HOST:PORT"'),
        (forms.LISTEN, "[127.0.0.1]:4800", 'must be "HOST:PORT"'),
        (forms.LISTEN, "http://127.0.0.1:4800", 'must be "HOST:PORT"'),
        (forms.LISTEN, ":4800", 'must be "HOST:PORT"'),
        (forms.LISTEN, 4800, "key = 4800: must be"),
        (forms.LISTEN, "a" * 300 + ":1", 'must be "HOST:PORT"'),
        (
            forms.address("http"),
            "127.0.0.1:5000",
            'must be an address like "http://127.0.0.1:5000"',
        ),
        (forms.address("http"), "ws://127.0.0.1:5000", "must be an address"),
        (forms.address("http"), "http://", "must be an address"),
        (forms.address("http"), "http://a:b", "must be an address"),
        (forms.address("http"), "http://a:70000", "must be an address"),
        (forms.address("http"), "http://a b/", "must be an address"),
        (forms.address("http"), "http://a?key=1", "must be an address"),
        (forms.address("http"), "http://a/" + "b" * 600, "must be an address"),
        (forms.address("http"), 5000, "key = 5000: must be an address"),
        (forms.SECRET, 5, 'key: must name where the key is kept, "credential:NAME"'),
        (forms.SECRET, "env:", "must name where the key is kept"),
        (forms.SECRET, "file:x", "must name where the key is kept"),
        (forms.SECRET, "credentail:x", 'and not be it; did you mean "credential:NAME"?'),
        (forms.SECRET, "Env:K", 'and not be it; did you mean "env:NAME"?'),
        (forms.SECRET, "env:ALGO-KEY", "the name of a variable has letters, digits and _ alone"),
        (forms.address("ws", "wss"), "http://127.0.0.1:8765", 'like "ws://127.0.0.1:8765", of ws'),
        (forms.PATH_OR_NONE, 5, "key = 5: must be the path of a file"),
        (forms.PATH_OR_NONE, "a\0b", "must be the path of a file"),
        (forms.PATHS, "a.csv", "key = 'a.csv': must be a list of at most 1000 paths"),
        (forms.PATHS, ["a"] * 1001, "must be a list of at most 1000 paths"),
        (forms.PATHS, ["a", ""], "key[1] = '': must be the path of a file"),
        (forms.CLOCK, "9:15", "is not a time of day"),
        (forms.CLOCK_OR_NONE, "9:15", "is not a time of day"),
        (forms.some_of(Market), "replay", "must be a list of words, of simulated, replay"),
        (forms.some_of(Market), ["replay"] * 3, "must be a list of words"),
        (forms.some_of(Market), ["relpay"], "key[0] = 'relpay' is not known; did you mean"),
        (forms.SERVER, "smtp.example.com", 'must be "HOST:PORT" like "smtp.example.com:587"'),
        (forms.SERVER, "smtp.example.com:0", "port 1 to 65535"),
        (forms.SERVER, 587, "key = 587: must be"),
        (forms.MAIL_ADDRESS, "me", 'must be an address like "trader@example.com"'),
        (forms.MAIL_ADDRESS, "a@b.c\nBcc: d@e.f", "must be an address"),
        (forms.MAIL_ADDRESSES, "a@b.c", "must be a list of at most 20 addresses"),
        (forms.MAIL_ADDRESSES, ["a@b.c", ""], "key[1] = '': must be an address"),
        (forms.ZONE, "Asia/Kolkatta", '; did you mean "Asia/Kolkata"?'),
        (forms.ZONE, "Europe", "key = 'Europe': must be a time zone"),  # a folder
        (forms.ZONE, "../x", "must be a time zone"),
        (forms.ZONE, "nowhere at all", 'must be a time zone like "Asia/Kolkata"'),
        (forms.ZONE, 5, "key = 5: must be"),
        (forms.DAYS, [], "key = [...]: must be a list of days, of mon, tue"),
        (forms.DAYS, "mon", "must be a list of days"),
        (forms.DAYS, ["mon", "tues"], "key[1] = 'tues' is no day; did you mean \"tue\"?"),
        (forms.DAYS, [1], "key[0] = 1 is no day; allowed: mon"),
        (forms.DAYS, [[]], "key[0] = [...] is no day; allowed: mon"),
        (forms.HOLIDAYS, "2026-01-26", "must be a list of at most 1000 dates"),
        (forms.HOLIDAYS, [5], "key[0] = 5: must be a date like 2026-01-26"),
        (forms.HOLIDAYS, ["26.1."], "must be a date"),
        (forms.HOLIDAYS, [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)], "must be a date"),
    ],
)
def test_what_is_not_allowed_is_refused_with_key_and_value(form, value, says):
    with pytest.raises(InputError) as caught:
        form.read(value, "key")
    assert says in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (forms.SECRET, "0123456789abcdef"),
        (forms.SECRET, "env:0123456789abcdef/x"),
        (forms.address("http"), "http://me:0123456789abcdef@127.0.0.1:5000"),
    ],
)
def test_what_may_be_a_secret_is_refused_without_being_told(form, value):
    with pytest.raises(InputError) as caught:
        form.read(value, "key")
    assert "0123456789abcdef" not in str(caught.value)


def test_utc_is_known_where_a_machine_has_no_time_zone_data(monkeypatch):
    def no_data(key):
        raise ZoneInfoNotFoundError(key)

    monkeypatch.setattr(forms, "ZoneInfo", no_data)
    assert forms.ZONE.read("UTC", "key") == "UTC"
    with pytest.raises(InputError):
        forms.ZONE.read("Asia/Kolkata", "key")


@pytest.mark.parametrize(
    ("field", "place"), [("days[2]", ("2",)), ("a.b[12]", ("12",)), ("days", ()), ("", ())]
)
def test_the_element_of_a_list_is_told_from_its_field(field, place):
    assert forms.element_of(field) == place


@pytest.mark.parametrize(
    ("value", "moved"),
    [
        (Path("a"), Path("/base/a")),
        (Path("/a"), Path("/a")),
        ((Path("a"), Path("b")), (Path("/base/a"), Path("/base/b"))),
        (Listen("h", 1), Listen("h", 1)),
        (None, None),
        ("text", "text"),
    ],
)
def test_only_paths_are_relative_to_the_file(value, moved):
    assert forms.relative_to(Path("/base"), value) == moved


def test_a_value_of_another_form_is_a_broken_promise():
    with pytest.raises(AssertionError):
        forms.percent(5).write("text")
