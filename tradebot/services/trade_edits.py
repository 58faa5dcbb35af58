"""An edit of a trade's rules: what it says, and what the rules are after it."""

from collections.abc import Collection, Mapping

import msgspec

from tradebot.core.guard.trades import Rules, Trade
from tradebot.core.words.fields import Json, json_object, text
from tradebot.core.words.rule_words import RULE_KEYS, RULE_MEANINGS, parse_rules
from tradebot.errors import InputError, RefusedError

_FIELDS = {key: "targets" if key == "target" else key for key in RULE_KEYS}


class StaleVersionError(RefusedError):
    """The trade is no longer the one that the caller has seen; ``version`` is the present one."""

    def __init__(self, trade: Trade, seen: Collection[int]) -> None:
        """Take the trade as it is, and the versions that would have done."""
        versions = " or ".join(str(version) for version in sorted(seen)) or "none that is ours"
        message = f"trade {trade.trade_id} is at version {trade.version}, not {versions}"
        super().__init__("If-Match", message)
        self.version = trade.version


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a trade's rules, anew."""

    trade_id: str
    words: Mapping[str, object]  # the rules to replace; None takes one away

    def applied_to(self, trade: Trade) -> Rules:
        """Return the trade's rules after the edit; what it does not name stays.

        Raises:
            InputError: a level is wrong, or the targets are more than the trade.
        """
        given = parse_rules(self.words, quantity=trade.quantity)
        changes = {_FIELDS[key]: getattr(given, _FIELDS[key]) for key in self.words}
        return msgspec.structs.replace(trade.rules, **changes)


def parse_edit(obj: object) -> Edit:
    """Read an edit, as far as it can be read without the trade.

    Raises:
        InputError: the first mistake found.
    """
    known = json_object(obj, ("trade_id", *RULE_KEYS), "trade edit", meanings=RULE_MEANINGS)
    trade_id = text(known, "trade_id")
    assert isinstance(obj, Mapping), "an object that is none"
    words: Json = {key: obj[key] for key in RULE_KEYS if key in obj}
    if not words:
        message = f"an edit changes something: give {', '.join(RULE_KEYS)}, or null for one"
        raise InputError("trade_id", message)
    parse_rules(words)  # what is wrong with them whatever the trade
    return Edit(trade_id=trade_id, words=words)
