"""The table [sessions.EXCHANGE]: when each exchange trades."""

from collections.abc import Mapping

from tradebot.config.files import TomlFile
from tradebot.config.forms import element_of, known
from tradebot.config.keys import SESSION_DAYS, SESSION_KEYS
from tradebot.config.problems import Problems
from tradebot.core.market.sessions import Session
from tradebot.core.words.did_you_mean import hint, shown, tidy_key
from tradebot.errors import InputError

SESSIONS = "sessions"
SESSIONS_FILE = "sessions.toml"  # beside config.toml
_NAME_LENGTH_MAX = 32
_OF_HOURS = ("days", "holidays", "special", "pre_open")


def read_sessions(
    file: TomlFile, words: Mapping[str, object], problems: Problems, origins: dict[str, str]
) -> dict[str, Session]:
    """Return the sessions by exchange; what is wrong goes to ``problems``."""
    sessions = {}
    for exchange, value in words.items():
        place, name = file.place(SESSIONS, exchange), f"{SESSIONS}.{exchange}"
        tidy = exchange.isprintable() and ":" not in exchange and exchange == exchange.strip()
        if not tidy or not 1 <= len(exchange) <= _NAME_LENGTH_MAX:
            what = f"1 to {_NAME_LENGTH_MAX} printable characters, no colon"
            problems.add(place, SESSIONS, f"{SESSIONS}: {shown(exchange)} is no exchange: {what}")
        elif not isinstance(value, dict):
            problems.add(place, name, f"{name} = {shown(value)}: must be a table, [{name}]")
        else:
            session = _session(file, exchange, value, problems)
            if session is not None:
                sessions[exchange] = session
                origins[name] = place
    return sessions


def _session(
    file: TomlFile, exchange: str, words: Mapping[str, object], problems: Problems
) -> Session | None:
    name = f"{SESSIONS}.{exchange}"
    read: dict[str, object] = {}
    is_whole = True
    for word, value in words.items():
        form, field = SESSION_KEYS.get(word), f"{name}.{tidy_key(word)}"
        place = file.place(SESSIONS, exchange, word)
        if form is None:
            what = f"{field} = {shown(value)}: no such key; {hint(word, SESSION_KEYS)}"
            problems.add(place, field, what)
            is_whole = False
            continue
        try:
            read[word] = form.read(value, field)
        except InputError as error:
            where = file.place(SESSIONS, exchange, word, *element_of(error.field))
            problems.refused(where, error, field)
            is_whole = False
    if not is_whole:
        return None
    if ("open" in read) != ("close" in read):
        missing = "close" if "open" in read else "open"
        what = f"{name}.{missing} is missing; without open and close it trades round the clock"
    elif "open" not in read and {*_OF_HOURS} & read.keys():
        what = f"{name}: {', '.join(_OF_HOURS)} need open and close"
    else:
        return _built(read)
    problems.add(file.place(SESSIONS, exchange), name, what)
    return None


def _built(read: Mapping[str, object]) -> Session:
    if "open" not in read:
        return Session(zone=known(read.get("zone", "UTC"), str))
    days = read.get("days", SESSION_KEYS["days"].read(SESSION_DAYS, "days"))
    return Session(
        zone=known(read.get("zone", "UTC"), str),
        open_minutes=known(read["open"], int),
        close_minutes=known(read["close"], int),
        weekdays=known(days, frozenset),
        holidays=known(read.get("holidays", frozenset()), frozenset),
        special=known(read.get("special", ()), tuple),
        pre_open_minutes=known(read["pre_open"], int) if "pre_open" in read else None,
    )


def session_words(session: Session) -> dict[str, object]:
    """Return a session as TOML has it."""
    words: dict[str, object] = {"zone": session.zone}
    if session.open_minutes is not None:
        words["open"] = SESSION_KEYS["open"].write(session.open_minutes)
        words["close"] = SESSION_KEYS["close"].write(session.close_minutes)
        words["days"] = SESSION_KEYS["days"].write(session.weekdays)
        words["holidays"] = SESSION_KEYS["holidays"].write(session.holidays)
        if session.special:
            words["special"] = SESSION_KEYS["special"].write(session.special)
        if session.pre_open_minutes is not None:
            words["pre_open"] = SESSION_KEYS["pre_open"].write(session.pre_open_minutes)
    return words
