"""Positions at the broker that no trade guards, as they were found there."""

import enum
from decimal import Decimal

import msgspec

from tradebot.core.guard.trades import Side
from tradebot.core.market.instruments import NetKey


class Origin(enum.StrEnum):
    """How a position came to be, as far as we have seen it."""

    EXISTING = "existing"  # it was there when the account was first looked at
    NEW = "new"  # executions have opened it since, and we have seen them all
    UNSEEN = "unseen"  # it was opened while nobody told us


class Stage(enum.StrEnum):
    """What becomes of a position that was found."""

    SEEN = "seen"  # once: it may be in motion, or a trade may come for it
    WAITING = "waiting"  # nobody guards it, and a person was asked
    IGNORED = "ignored"  # a person, or the settings, leave it alone


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A net position that belongs to no trade of ours. Replaced as a whole."""

    key: NetKey
    net: Decimal  # signed units, never 0
    average: Decimal | None  # the entry price per unit; None: the broker does not say it
    origin: Origin
    stage: Stage = Stage.SEEN
    since_ns: int  # the first reading that had just this net
    why: str = ""  # it waits
    flat_since_ns: int | None = None  # it is missing in every reading since then

    @property
    def side(self) -> Side:
        """The side of a trade that guards it."""
        return Side.LONG if self.net > 0 else Side.SHORT


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, in the order in which they were found, and when we first looked."""

    first_look_ns: int = 0  # 0: the account has not been read yet
    found: tuple[Found, ...] = ()
    version: int = 0  # one more at each change

    def of(self, key: NetKey) -> Found | None:
        """Return what was found on a key."""
        return next((found for found in self.found if found.key == key), None)


class Look(msgspec.Struct, kw_only=True):
    """When the account is read, and when a person is told again what was found in it."""

    asked_ns: int | None = None  # it is being read since then
    due_ns: int = 0
    say_due_ns: int = 0
