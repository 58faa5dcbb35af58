"""What differs between two settings, and how settings are shown to a person."""

import datetime as dt
import json
import re
from typing import NamedTuple

from tradebot.config.keys import KEYS
from tradebot.config.read_sessions import SESSIONS, session_words
from tradebot.config.read_strategies import STRATEGIES, strategy_words
from tradebot.config.settings import Settings


class Change(NamedTuple):
    """One key whose value differs."""

    key: str
    old: object  # as TOML has it; None: it was not there
    new: object
    live: bool  # in force after a reload; False: needs a restart


def changed(old: Settings, new: Settings) -> list[Change]:
    """Return what differs, in the order of the file."""
    before, after = words_of(old), words_of(new)
    return [
        # Sessions and strategies are live: the engine takes them as it takes prices' settings.
        Change(key, before.get(key), after.get(key), key not in KEYS or KEYS[key].live)
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    ]


def words_of(settings: Settings) -> dict[str, object]:
    """Return every setting by its key, as TOML has it."""
    words = {key.name: key.text(settings) for key in KEYS.values()}
    for exchange, session in settings.sessions.items():
        words[f"{SESSIONS}.{exchange}"] = session_words(session)
    for strategy in settings.strategies:
        words[f"{STRATEGIES}.{strategy.name}"] = strategy_words(strategy)
    return words


def toml_key(key: str) -> str:
    """Return a key of ``words_of`` in TOML's spelling; what a person names may be any text."""
    table, dot, name = key.partition(".")
    is_plain = table not in (SESSIONS, STRATEGIES) or re.fullmatch(r"[A-Za-z0-9_-]+", name)
    return key if is_plain else f"{table}{dot}{toml_text(name)}"


def toml_text(value: object) -> str:
    """Return a value in TOML's spelling, on one line."""
    match value:
        case dict():
            return f"{{ {', '.join(f'{key} = {toml_text(item)}' for key, item in value.items())} }}"
        case list():
            return f"[{', '.join(map(toml_text, value))}]"
        case dt.date():
            return value.isoformat()
        case _:
            return json.dumps(value, ensure_ascii=False)
