"""What a shadow has left and the account still holds, and what leaving would have been worth."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tradebot.core.inputs import OrderSide
from tradebot.core.market.instruments import NetKey
from tradebot.core.money import NO_UNITS


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """Units that left on paper in one execution, and what became of them at the account.

    They are ``open`` until the person leaves them too. What is neither open nor ``left`` is
    gone from the account in a way that nobody told of: its price is not known.
    """

    execution_id: str
    trade_id: str
    key: NetKey
    side: OrderSide  # of the order that left
    quantity: Decimal
    price: Decimal
    at_ns: int
    open: Decimal
    left: Decimal = NO_UNITS
    notional: Decimal = NO_UNITS  # quantity times price of what was left

    @property
    def net(self) -> Decimal:
        """By how much the shadow's net differs from the account's: signed units."""
        return self.side.sign * self.open

    def followed(self, units: Decimal, price: Decimal | None) -> "Departure":
        """Return it after the person left some of it, at this price; None: nobody knows it."""
        assert 0 < units <= self.open, f"{units} of {self.open} open units"
        if price is None:
            return msgspec.structs.replace(self, open=self.open - units)
        return msgspec.structs.replace(
            self,
            open=self.open - units,
            left=self.left + units,
            notional=self.notional + units * price,
        )


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What all departures of one trade were worth, beside the account's own way."""

    trade_id: str
    key: NetKey
    side: OrderSide
    quantity: Decimal
    notional: Decimal  # of the shadow's executions
    at_ns: int  # of the last of them
    open: Decimal  # the account still holds it
    left: Decimal
    left_notional: Decimal

    @property
    def price(self) -> Decimal:
        """The average price of the shadow's executions."""
        return self.notional / self.quantity

    @property
    def left_price(self) -> Decimal | None:
        """The average price at which the person left; None: he has left nothing yet."""
        return self.left_notional / self.left if self.left else None

    def saved(self, ltp: Decimal | None) -> Decimal | None:
        """Return what leaving would have saved, below zero what it would have cost.

        Against the person's own prices, and the price now for what the account still holds.
        Units whose way out nobody knows are left out. None: there is no price to compare with.

        Args:
            ltp: the price now; None: not known.
        """
        if self.open and ltp is None:
            return None
        units = self.left + self.open
        if not units:
            return None
        theirs = self.left_notional + (self.open * ltp if ltp is not None else NO_UNITS)
        return self.side.sign * (theirs - self.price * units)


def net_of(departures: Iterable[Departure], real: Decimal) -> Decimal:
    """Return how far a shadow's net is from that of its account, which is ``real``.

    The shadow never holds more than the account, and never the other side of it: what is
    said to be open beyond that is gone.
    """
    net = sum((each.net for each in departures), NO_UNITS)
    if real > 0:
        return max(-real, min(net, NO_UNITS))
    return min(-real, max(net, NO_UNITS))


def gone_of(departures: Iterable[Departure], real: Decimal) -> Decimal:
    """Return how many open units an account that has ``real`` cannot hold any more."""
    each = list(departures)
    return abs(sum((one.net for one in each), NO_UNITS)) - abs(net_of(each, real))


def outcomes(departures: Iterable[Departure]) -> list[Outcome]:
    """Return the outcome of each trade and side that has left, oldest first."""
    found: dict[tuple[str, OrderSide], Outcome] = {}
    for each in departures:
        name = each.trade_id, each.side
        before = found.get(name)
        found[name] = Outcome(
            trade_id=each.trade_id,
            key=each.key,
            side=each.side,
            quantity=each.quantity + (before.quantity if before else NO_UNITS),
            notional=each.quantity * each.price + (before.notional if before else NO_UNITS),
            at_ns=max(each.at_ns, before.at_ns if before else 0),
            open=each.open + (before.open if before else NO_UNITS),
            left=each.left + (before.left if before else NO_UNITS),
            left_notional=each.notional + (before.left_notional if before else NO_UNITS),
        )
    return list(found.values())
