"""The table of sessions is read exchange by exchange."""

import datetime as dt
import re
from pathlib import Path

import pytest

from tradebot.config import BadSettingsError, changed, load
from tradebot.config.read_sessions import session_words
from tradebot.core.market.sessions import Session

NSE = """\
[sessions.NSE]
zone = "Asia/Kolkata"
open = "09:15"
close = "15:30"
days = ["mon", "fri"]
holidays = [2026-01-26, "2026-08-15"]
"""


def test_a_session_is_read(loaded):
    result = loaded(NSE)
    session = result.settings.session("NSE")
    assert session == Session(
        zone="Asia/Kolkata",
        open_minutes=555,
        close_minutes=930,
        weekdays=frozenset({0, 4}),
        holidays=frozenset({dt.date(2026, 1, 26), dt.date(2026, 8, 15)}),
    )
    assert result.origins["sessions.NSE"].endswith("config.toml:1")
    assert result.settings.session("BYBIT") == Session()
    assert session_words(session) == {
        "zone": "Asia/Kolkata",
        "open": "09:15",
        "close": "15:30",
        "days": ["mon", "fri"],
        "holidays": [dt.date(2026, 1, 26), dt.date(2026, 8, 15)],
    }


def test_a_session_without_days_is_that_of_a_week(loaded):
    text = '[sessions]\nNSE = { open = "09:15", close = "15:30" }\n'
    session = loaded(text).settings.session("NSE")
    assert (session.zone, session.weekdays, session.holidays) == (
        "UTC",
        frozenset(range(5)),
        frozenset(),
    )


def test_a_zone_alone_is_round_the_clock(loaded):
    session = loaded('[sessions.X]\nzone = "Asia/Tokyo"\n').settings.session("X")
    assert session == Session(zone="Asia/Tokyo")
    assert session_words(session) == {"zone": "Asia/Tokyo"}


def test_a_session_that_changed_takes_effect_without_a_restart(loaded):
    (change,) = changed(loaded("").settings, loaded(NSE).settings)
    assert (change.key, change.old, change.live) == ("sessions.NSE", None, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sessions.NSE = 1", "1: sessions.NSE = 1: must be a table, [sessions.NSE]"),
        ('[sessions.""]', "1: sessions: '' is no exchange: 1 to 32 printable characters, no colon"),
        ('[sessions."N:E"]', "1: sessions: 'N:E' is no exchange"),
        ('[sessions."N\\nE"]', "1: sessions: 'N\\nE' is no exchange"),
        ('[sessions." NE"]', "1: sessions: ' NE' is no exchange"),
        (f"[sessions.{'N' * 33}]", "is no exchange"),
        ('[sessions.N]\nopen = "09:15"', "1: sessions.N.close is missing; without open and close"),
        ('[sessions.N]\nclose = "09:15"', "1: sessions.N.open is missing"),
        (
            '[sessions.N]\ndays = ["mon"]',
            "1: sessions.N: days, holidays, special, pre_open need open and close",
        ),
        (
            '[sessions.N]\nopne = "9"',
            "2: sessions.N.opne = '9': no such key; did you mean \"open\"?",
        ),
        ('[sessions.N]\nopen = "9"', "2: sessions.N.open = '9' is not a time of day"),
        ('[sessions.N]\nzone = "Mars"', "2: sessions.N.zone = 'Mars': must be a time zone"),
        ('[sessions.N]\ndays = [\n"mon",\n"x"]', "4: sessions.N.days[1] = 'x' is no day"),
    ],
)
def test_a_mistake_is_named_with_its_line(text, says, loaded):
    with pytest.raises(BadSettingsError) as caught:
        loaded(text)
    (problem,) = caught.value.problems
    assert says in str(problem)


def test_the_mistakes_of_all_sessions_are_told_at_once(loaded):
    with pytest.raises(BadSettingsError) as caught:
        loaded('[sessions.A]\nopen = 1\nclose = 2\nx = 3\n[sessions.B]\nopen = "09:00"\n')
    assert len(caught.value.problems) == 4


# Special hours, the pre-open, and a file of their own.

SPECIAL = """\
[sessions.NSE]
zone = "Asia/Kolkata"
open = "09:15"
close = "15:30"
special = ["2026-11-08 18:00-19:00", "2026-01-22 09:15-13:00"]
pre_open = "09:00"
"""


def test_special_hours_and_the_pre_open_are_read(loaded):
    session = loaded(SPECIAL).settings.session("NSE")
    assert session.pre_open_minutes == 540
    assert [(str(one.day), one.open_minutes) for one in session.special] == [
        ("2026-01-22", 555),
        ("2026-11-08", 1080),
    ]
    words = session_words(session)
    assert words["special"] == ["2026-01-22 09:15-13:00", "2026-11-08 18:00-19:00"]
    assert words["pre_open"] == "09:00"


@pytest.mark.parametrize(
    ("special", "says"),
    [
        ("5", "a list of at most 1000 days"),
        ('["2026-11-08"]', "special[0] = '2026-11-08': must be a day with its hours"),
        ('["2026-13-08 18:00-19:00"]', "must be a date like"),
        ('["2026-11-08 25:00-26:00"]', "is not a time of day"),
        ('["2026-11-08 18:00-19:00", "2026-11-08 09:15-13:00"]', "not there already"),
        ("[2026-11-08]", "must be a day with its hours"),
        ("[1e309]", "must be a day with its hours"),
        ("[nan]", "must be a day with its hours"),
    ],
)
def test_special_hours_that_are_none_are_named(special, says, loaded):
    with pytest.raises(BadSettingsError, match=re.escape(says)):
        loaded(f'[sessions.N]\nopen = "09:15"\nclose = "15:30"\nspecial = {special}\n')


def test_hours_may_stand_in_a_file_of_their_own_and_the_configuration_replaces_them(tmp_path):
    own = SPECIAL + SPECIAL.replace("NSE", "BSE")
    (tmp_path / "sessions.toml").write_text(own)
    (tmp_path / "config.toml").write_text('[sessions.BSE]\nzone = "Asia/Tokyo"\n')
    result = load(tmp_path / "config.toml")
    assert result.settings.session("NSE").pre_open_minutes == 540
    assert result.settings.session("BSE") == Session(zone="Asia/Tokyo")
    assert result.origins["sessions.NSE"].endswith("sessions.toml:1")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('mode = "live"', "mode: here stand tables of [sessions.EXCHANGE] alone"),
        ("sessions = 5", "sessions: here stand tables of"),
        ('[sessions.NSE]\nopne = "9"', 'did you mean "open"?'),
    ],
)
def test_a_mistake_in_that_file_is_named_with_its_line(text, says, tmp_path):
    (tmp_path / "sessions.toml").write_text(text)
    (tmp_path / "config.toml").write_text("")
    with pytest.raises(BadSettingsError, match=re.escape(says)) as refused:
        load(tmp_path / "config.toml")
    assert "sessions.toml:" in str(refused.value)


def test_the_hours_of_india_that_are_shipped_are_read(tmp_path):
    shipped = Path(__file__).parents[2] / "examples" / "sessions.toml"
    (tmp_path / "sessions.toml").write_text(shipped.read_text())
    (tmp_path / "config.toml").write_text("")
    settings = load(tmp_path / "config.toml").settings
    assert {"NSE", "BSE", "NFO", "BFO", "CDS", "MCX"} <= set(settings.sessions)
    assert all(one.zone == "Asia/Kolkata" for one in settings.sessions.values())
    assert settings.session("NSE").pre_open_minutes == 540
