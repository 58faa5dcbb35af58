"""Strategies of the operator: which positions are theirs, and by which rules they are guarded."""

import enum
import functools
import re
from collections.abc import Iterable

import msgspec

from tradebot.core.guard.trades import Rules
from tradebot.core.market.instruments import NetKey


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Which net positions belong to a strategy: patterns in which * and ? stand for any letters.

    ``[CP]`` is one of these letters. A pattern holds the whole word, capitals and all.
    """

    exchange: str = "*"
    product: str = "*"
    symbol: str = "*"

    def fits(self, key: NetKey) -> bool:
        """Whether a position is one of these."""
        pairs = (
            (self.exchange, key.exchange),
            (self.product, key.product),
            (self.symbol, key.symbol),
        )
        return all(_pattern(glob).fullmatch(word) for glob, word in pairs)


class OnCorporateAction(enum.StrEnum):
    """What a price does that a split, a bonus or a dividend explains better than a fall."""

    PAUSE = "pause"  # it leaves nothing until a person has set the levels anew
    GAP = "gap"  # it is judged as any other, at once


class Strategy(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator has laid down under one name."""

    name: str
    match: Match | None = None  # None: no position is its own by itself
    rules: Rules = Rules()
    on_corporate_action: OnCorporateAction = OnCorporateAction.PAUSE


def strategy_of(key: NetKey, strategies: Iterable[Strategy]) -> Strategy | None:
    """Return the first strategy that a position belongs to."""
    for strategy in strategies:
        if strategy.match is not None and strategy.match.fits(key):
            return strategy
    return None


def strategy_named(name: str, strategies: Iterable[Strategy]) -> Strategy | None:
    """Return the strategy of a name, where the operator has laid one down."""
    return next((strategy for strategy in strategies if strategy.name == name), None)


@functools.lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    """Return a glob as an expression; a bracket that is never closed stands for itself."""
    parts, at = [], 0
    while at < len(glob):
        letter = glob[at]
        end = glob.find("]", at + 2) if letter == "[" else -1
        if end > 0:
            inside = glob[at + 1 : end].replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^")
            parts.append(f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]")
            at = end
        else:
            parts.append({"*": ".*", "?": "."}.get(letter, re.escape(letter)))
        at += 1
    return re.compile("".join(parts), re.DOTALL)
