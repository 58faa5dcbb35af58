"""The forms that a value of config.toml can have: how each is read and how it is written.

A reader is given the value and the name of its key, and refuses with both and with what
is allowed. A writer returns what the reader reads.
"""

import datetime as dt
import enum
import ipaddress
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tradebot.config.settings import Listen, SecretName
from tradebot.core.market.sessions import WEEKDAYS, SpecialHours
from tradebot.core.money import plain
from tradebot.core.words.did_you_mean import hint, shown, suggestion
from tradebot.core.words.fields import repeatable, text, word, wrong
from tradebot.core.words.levels import Level, parse_clock_minutes, parse_duration_ns, parse_level
from tradebot.core.words.rule_words import clock_text, duration_text
from tradebot.errors import InputError

FILES_MAX = 1000
HOLIDAYS_MAX = 1000
_SPECIAL = re.compile(r"(\d{4}-\d{2}-\d{2}) +([0-9:]+)-([0-9:]+)")

_PERCENT = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)%")
_HOST_LENGTH_MAX = 253
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_PORT_MAX = 65535
_PATH_LENGTH_MAX = 4096
_ADDRESS_LENGTH_MAX = 512
_ADDRESS = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9.\[\]:_-]{0,259}(?:/[A-Za-z0-9._~/-]*)?")
_SECRET = re.compile(
    r"(credential):([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})|(env):([A-Za-z_][A-Za-z0-9_]{0,127})"
)
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,189}")
_MAILS_MAX = 20
_ELEMENT = re.compile(r".*\[(\d+)\]")
_Word = TypeVar("_Word", bound=enum.StrEnum)
_Kind = TypeVar("_Kind")


class Form(NamedTuple):
    """One form: ``write(read(value, key))`` is the value again, in its usual spelling."""

    read: Callable[[object, str], object]
    write: Callable[[object], object]
    is_text: bool = True  # in TOML; what is not is read as TOML from the environment


def one_of(kind: type[_Word]) -> Form:
    """One of the words of an enumeration."""
    return Form(lambda value, key: word({key: value}, key, kind), str)


def some_of(kind: type[_Word]) -> Form:
    """Any of the words of an enumeration, each once; none at all too."""

    def read(value: object, key: str) -> tuple[_Word, ...]:
        if not isinstance(value, list) or len(value) > len(kind):
            raise wrong(key, value, f"a list of words, of {', '.join(kind)}")
        read_one = one_of(kind).read
        found = tuple(
            known(read_one(item, f"{key}[{place}]"), kind) for place, item in enumerate(value)
        )
        return tuple(dict.fromkeys(found))

    return Form(read, lambda words: [str(item) for item in known(words, tuple)], is_text=False)


def name(length_min: int = 1, length_max: int = 64) -> Form:
    """A printable text."""
    return Form(
        lambda value, key: text({key: value}, key, length_min=length_min, length_max=length_max),
        str,
    )


def whole(low: int, high: int) -> Form:
    """A whole number."""

    def read(value: object, key: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        raise wrong(key, value, f"a whole number, {low} to {high}")

    return Form(read, _as_is, is_text=False)


def real(low: float, high: float) -> Form:
    """A number."""

    def read(value: object, key: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        raise wrong(key, value, f"a number, {low:.15g} to {high:.15g}")

    return Form(read, _as_is, is_text=False)


def _read_switch(value: object, key: str) -> bool:
    if isinstance(value, bool):
        return value
    raise wrong(key, value, "true or false, without quotes")


SWITCH = Form(_read_switch, lambda value: value, is_text=False)


def duration(low: str, high: str) -> Form:
    """A length of time, as nanoseconds."""
    low_ns, high_ns = parse_duration_ns(low, "low"), parse_duration_ns(high, "high")

    def read(value: object, key: str) -> int:
        ns = parse_duration_ns(repeatable(value), key)
        if not low_ns <= ns <= high_ns:
            raise wrong(key, value, f'"{low}" to "{high}"')
        return ns

    return Form(read, lambda ns: duration_text(known(ns, int)))


def percent(high: int) -> Form:
    """A percent above 0, as a number: ``"1.5%"`` is 1.5."""

    def read(value: object, key: str) -> Decimal:
        match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
        share = Decimal(match[1]) if match else Decimal(0)
        if not 0 < share <= high:
            raise wrong(key, value, f'a percent like "1.5%", above 0% and at most {high}%')
        return share

    return Form(read, lambda share: f"{plain(known(share, Decimal))}%")


def _read_distance(value: object, key: str) -> Level:
    return parse_level(repeatable(value), key, price_allowed=False)


DISTANCE = Form(_read_distance, str)


def _read_stop(value: object, key: str) -> Level | None:
    level = None if value == "" else _read_distance(value, key)
    if level is not None and not level.value:
        raise wrong(key, value, 'above 0, or ""')
    return level


STOP_OR_NONE = Form(_read_stop, lambda level: "" if level is None else str(level))


def _read_listen(value: object, key: str) -> Listen:
    allowed = f'"HOST:PORT" like "127.0.0.1:4800" or "[::1]:4800", port 0 to {_PORT_MAX}'
    if isinstance(value, str) and len(value) <= _HOST_LENGTH_MAX + 8:
        host, colon, port = value.rpartition(":")
        in_brackets = host.startswith("[") and host.endswith("]")
        host = host[1:-1] if in_brackets else host
        is_host = is_ipv6(host) if in_brackets else _HOST.fullmatch(host)
        if colon and is_host and re.fullmatch("[0-9]{1,5}", port) and int(port) <= _PORT_MAX:
            return Listen(host, int(port))
    raise wrong(key, value, allowed)


def is_ipv6(host: str) -> bool:
    """Whether this is an address of IP version 6, which stands in brackets before a port."""
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


LISTEN = Form(_read_listen, str)


def _read_server(value: object, key: str) -> Listen | None:
    if value == "":
        return None
    try:
        server = known(_read_listen(value, key), Listen)
    except InputError:
        server = Listen("", 0)
    if not server.port:
        raise wrong(key, value, f'"HOST:PORT" like "smtp.example.com:587", port 1 to {_PORT_MAX}')
    return server


SERVER = Form(_read_server, lambda server: "" if server is None else str(server))


def _read_mail(value: object, key: str) -> str:
    if isinstance(value, str) and _MAIL.fullmatch(value):
        return value
    raise wrong(key, value, 'an address like "trader@example.com"')


def _read_mails(value: object, key: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MAILS_MAX:
        raise wrong(key, value, f"a list of at most {_MAILS_MAX} addresses")
    return tuple(_read_mail(item, f"{key}[{place}]") for place, item in enumerate(value))


MAIL_ADDRESS = Form(lambda value, key: "" if value == "" else _read_mail(value, key), str)
MAIL_ADDRESSES = Form(_read_mails, lambda to: list(known(to, tuple)), is_text=False)


def address(*schemes: str) -> Form:
    """The address of a server of somebody else's, without anything secret in it."""
    example = f"{schemes[0]}://127.0.0.1:{8765 if 'ws' in schemes else 5000}"
    allowed = f'an address like "{example}", of {" or ".join(schemes)}, without name and password'

    def read(value: object, key: str) -> str:
        if isinstance(value, str) and len(value) <= _ADDRESS_LENGTH_MAX and value.isprintable():
            scheme, mark, rest = value.partition("://")
            host, _, _path = rest.partition("/")
            if scheme in schemes and mark and _ADDRESS.fullmatch(rest) and _has_port(host):
                return value
        if isinstance(value, str) and "@" in value:
            raise InputError(key, f"{key}: must be {allowed}")
        raise wrong(key, value, allowed)

    return Form(read, str)


def _has_port(host: str) -> bool:
    """Whether what stands behind the colon of a host, if anything does, is a port."""
    before, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return True
    return bool(before) and port.isdecimal() and int(port) <= _PORT_MAX


def _read_secret(value: object, key: str) -> SecretName | None:
    if value == "":
        return None
    match = _SECRET.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        # Never with the value: it may be the secret itself.
        what = 'must name where the key is kept, "credential:NAME" or "env:NAME", and not be it'
        raise InputError(key, f"{key}: {what}{_meant(value)}")
    kind, name = match[1] or match[3], match[2] or match[4]
    return SecretName(kind, name)


def _meant(value: object) -> str:
    """Return what somebody most likely meant by a name that is none, without a letter of it."""
    kind, colon, _name = value.partition(":") if isinstance(value, str) else ("", "", "")
    meant = suggestion(kind, ("credential", "env")) if colon else None
    if meant == "env" and kind == meant:
        return "; the name of a variable has letters, digits and _ alone"
    return "" if meant in (None, kind) else f'; did you mean "{meant}:NAME"?'


SECRET = Form(_read_secret, lambda secret: "" if secret is None else str(secret))


def _read_path(value: object, key: str) -> Path:
    usable = isinstance(value, str) and 0 < len(value) <= _PATH_LENGTH_MAX
    if not isinstance(value, str) or not usable or not value.isprintable():
        raise wrong(key, value, "the path of a file")
    return Path(value)


def _read_path_or_none(value: object, key: str) -> Path | None:
    return None if value == "" else _read_path(value, key)


def _read_paths(value: object, key: str) -> tuple[Path, ...]:
    if not isinstance(value, list) or len(value) > FILES_MAX:
        raise wrong(key, value, f"a list of at most {FILES_MAX} paths")
    return tuple(_read_path(item, f"{key}[{place}]") for place, item in enumerate(value))


PATH_OR_NONE = Form(_read_path_or_none, lambda path: "" if path is None else str(path))
PATHS = Form(_read_paths, lambda paths: [str(path) for path in known(paths, tuple)], is_text=False)


def _read_zone(value: object, key: str) -> str:
    zone = text({key: value}, key)
    try:
        ZoneInfo(zone)
    # OSError: "Europe" is a folder of zones.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if zone == "UTC":  # a machine without time zone data knows this one all the same
            return zone
        allowed = 'a time zone like "Asia/Kolkata"'
        guess = hint(zone, available_timezones())
        more = f"; {guess}" if guess.startswith("did") else ""
        raise InputError(key, f"{key} = {shown(zone)}: must be {allowed}{more}") from None
    return zone


def _read_days(value: object, key: str) -> frozenset[int]:
    if not isinstance(value, list) or not value:
        raise wrong(key, value, f"a list of days, of {', '.join(WEEKDAYS)}")
    for place, item in enumerate(value):
        if item not in WEEKDAYS:
            guess = hint(item if isinstance(item, str) else "", WEEKDAYS)
            field = f"{key}[{place}]"
            raise InputError(field, f"{field} = {shown(item)} is no day; {guess}")
    return frozenset(WEEKDAYS.index(item) for item in value)


def _read_holidays(value: object, key: str) -> frozenset[dt.date]:
    if not isinstance(value, list) or len(value) > HOLIDAYS_MAX:
        raise wrong(key, value, f"a list of at most {HOLIDAYS_MAX} dates")
    return frozenset(_date(item, f"{key}[{place}]") for place, item in enumerate(value))


def _read_special(value: object, key: str) -> tuple[SpecialHours, ...]:
    if not isinstance(value, list) or len(value) > HOLIDAYS_MAX:
        raise wrong(key, value, f"a list of at most {HOLIDAYS_MAX} days with their hours")
    days: dict[dt.date, SpecialHours] = {}
    for place, item in enumerate(value):
        field = f"{key}[{place}]"
        match = _SPECIAL.fullmatch(item) if isinstance(item, str) else None
        if match is None:
            raise wrong(field, item, 'a day with its hours like "2026-11-08 18:00-19:00"')
        day, (opens, closes) = _date(match[1], field), match.groups()[1:]
        if day in days:
            raise wrong(field, item, "a day that is not there already")
        days[day] = SpecialHours(
            day=day,
            open_minutes=parse_clock_minutes(opens, field),
            close_minutes=parse_clock_minutes(closes, field),
        )
    return tuple(sorted(days.values()))


def _special_words(value: object) -> list[str]:
    return [
        f"{one.day} {clock_text(one.open_minutes)}-{clock_text(one.close_minutes)}"
        for one in known(value, tuple)
    ]


def _date(value: object, key: str) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return dt.date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise wrong(key, value, "a date like 2026-01-26") from None


CLOCK = Form(
    lambda value, key: parse_clock_minutes(repeatable(value), key),
    lambda minutes: clock_text(known(minutes, int)),
)
CLOCK_OR_NONE = Form(
    lambda value, key: None if value == "" else CLOCK.read(value, key),
    lambda minutes: "" if minutes is None else CLOCK.write(minutes),
)
ZONE = Form(_read_zone, str)
DAYS = Form(
    _read_days,
    lambda days: [WEEKDAYS[day] for day in sorted(known(days, frozenset))],
    is_text=False,
)
SPECIAL = Form(_read_special, _special_words, is_text=False)
HOLIDAYS = Form(_read_holidays, lambda dates: sorted(known(dates, frozenset)), is_text=False)


def element_of(field: str) -> tuple[str, ...]:
    """Return the place of the list's element that an error names: ``("1",)`` of ``days[1]``."""
    match = _ELEMENT.fullmatch(field)
    return match.groups() if match else ()


def relative_to(base: Path, value: object) -> object:
    """Return what was read, its paths relative to ``base``."""
    if type(value) is tuple:  # an address is one of its own kind
        return tuple(relative_to(base, item) for item in value)
    return base / value if isinstance(value, Path) else value


def known(value: object, kind: type[_Kind]) -> _Kind:
    """Return what a form has read as the type that it reads."""
    assert isinstance(value, kind), f"{value!r} is no {kind.__name__}"
    return value


def _as_is(value: object) -> object:
    return value
