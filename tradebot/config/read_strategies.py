"""The table [strategies.NAME]: which positions belong to a strategy, and its rules."""

from collections.abc import Mapping

from tradebot.config.files import TomlFile
from tradebot.config.forms import name as text_form
from tradebot.config.keys import MATCH_KEYS
from tradebot.config.problems import Problems
from tradebot.core.adoption.strategies import Match, OnCorporateAction, Strategy
from tradebot.core.words.did_you_mean import hint, shown, tidy_key
from tradebot.core.words.fields import word as word_of
from tradebot.core.words.rule_words import RULE_KEYS, rules_json, rules_of
from tradebot.errors import InputError

STRATEGIES = "strategies"
MATCH = "match"
ON_CORPORATE_ACTION = "on_corporate_action"
_WORDS = (MATCH, *RULE_KEYS, ON_CORPORATE_ACTION)
_NAME = text_form()


def read_strategies(
    file: TomlFile, words: Mapping[str, object], problems: Problems, origins: dict[str, str]
) -> list[Strategy]:
    """Return the strategies in the order of the file; what is wrong goes to ``problems``."""
    strategies = []
    for name, value in words.items():
        place, label = file.place(STRATEGIES, name), f"{STRATEGIES}.{tidy_key(name)}"
        try:
            _NAME.read(name, STRATEGIES)
        except InputError as error:
            problems.refused(place, error, STRATEGIES)
            continue
        if not isinstance(value, dict):
            problems.add(place, label, f"{label} = {shown(value)}: must be a table, [{label}]")
            continue
        strategy = _strategy(file, name, value, problems)
        if strategy is not None:
            strategies.append(strategy)
            origins[f"{STRATEGIES}.{name}"] = place
    return strategies


def strategy_words(strategy: Strategy) -> dict[str, object]:
    """Return a strategy as TOML has it."""
    words: dict[str, object] = {}
    if (match := strategy.match) is not None:
        patterns = {key: getattr(match, key) for key in MATCH_KEYS}
        words[MATCH] = {key: glob for key, glob in patterns.items() if glob != "*"}
    words |= rules_json(strategy.rules)
    words[ON_CORPORATE_ACTION] = str(strategy.on_corporate_action)
    return words


def _strategy(
    file: TomlFile, name: str, words: Mapping[str, object], problems: Problems
) -> Strategy | None:
    label = f"{STRATEGIES}.{tidy_key(name)}"
    action, match, is_whole = OnCorporateAction.PAUSE, None, True
    for word, value in words.items():
        place, field = file.place(STRATEGIES, name, word), f"{label}.{tidy_key(word)}"
        if word == MATCH:
            match = _match(file, name, value, problems)
            is_whole = is_whole and match is not None
        elif word not in _WORDS:
            what = f"{field} = {shown(value)}: no such key; {hint(word, _WORDS)}"
            problems.add(place, field, what)
            is_whole = False
        else:
            try:
                if word == ON_CORPORATE_ACTION:
                    action = word_of({word: value}, word, OnCorporateAction)
                else:
                    rules_of({word: value}, None)
            except InputError as error:
                problems.add(place, field, f"{label}.{error}")
                is_whole = False
    if not is_whole:
        return None
    rules = rules_of(dict(words), None)
    return Strategy(name=name, match=match, rules=rules, on_corporate_action=action)


def _match(file: TomlFile, name: str, value: object, problems: Problems) -> Match | None:
    label = f"{STRATEGIES}.{tidy_key(name)}.{MATCH}"
    if not isinstance(value, dict):
        what = '{ exchange = "NSE", product = "MIS", symbol = "NIFTY*" }'
        place = file.place(STRATEGIES, name, MATCH)
        problems.add(place, label, f"{label} = {shown(value)}: must be a table like {what}")
        return None
    read: dict[str, str] = {}
    for word, pattern in value.items():
        place, field = file.place(STRATEGIES, name, MATCH, word), f"{label}.{tidy_key(word)}"
        if word not in MATCH_KEYS:
            what = f"{field} = {shown(pattern)}: no such key; {hint(word, MATCH_KEYS)}"
            problems.add(place, field, what)
            continue
        try:
            read[word] = str(MATCH_KEYS[word].read(pattern, field))
        except InputError as error:
            problems.refused(place, error, field)
    return Match(**read) if len(read) == len(value) else None
