"""What is now true of positions that no trade guards."""

from decimal import Decimal

import msgspec

from tradebot.core.adoption.found import Origin


class PositionFound(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Nobody guards a position at the broker: said now, and again until a person answers."""

    instrument: str
    product: str
    net: Decimal
    average: Decimal | None
    origin: Origin
    why: str
    at_ns: int


class PositionAdopted(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A position that was found is a trade from now on."""

    trade_id: str
    instrument: str
    product: str
    net: Decimal
    origin: Origin
    by: str  # person | rule
    at_ns: int


class PositionIgnored(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A position that was found is left alone until it is flat."""

    instrument: str
    product: str
    net: Decimal
    by: str  # person | rule
    at_ns: int


class PositionGone(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """A position that waited for a person is no more, or has a trade of its own."""

    instrument: str
    product: str
    net: Decimal  # what it was
    why: str
    at_ns: int


class PositionHandedOver(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Units of an adopted trade are those of another trade that was made for them."""

    trade_id: str
    quantity: Decimal
    at_ns: int
