"""What becomes of an order in the broker's book, drawn from the switches when it comes."""

from decimal import Decimal
from typing import NamedTuple

import msgspec

from tests.openalgo.faults import Fault, Switchboard

ZERO = Decimal(0)
RESTS_AT = 0.005  # of the price: a limit that the market has left behind


class Step(NamedTuple):
    """What happens next to an order that could be filled."""

    quantity: Decimal
    goes_on: bool = False
    then_cancelled: bool = False


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """The unkindness that one order meets."""

    rejected: str = ""
    rests_at: float | None = None
    by_hand: bool = False
    fills_after_s: float = 0.0
    parts: int = 1
    part: Decimal | None = None  # it fills that much; 0: half
    then_cancelled: bool = False

    def next_fill(self, quantity: Decimal, filled: Decimal) -> Step:
        missing = quantity - filled
        if self.part is not None:
            wanted = self.part or Decimal(int(quantity / 2))
            now = max(ZERO, min(wanted, quantity) - filled)
            return Step(now, then_cancelled=self.then_cancelled)
        if self.parts > 1:
            now = min(missing, max(Decimal(1), Decimal(int(quantity / self.parts))))
            done = filled + now
            # The last part takes what the division left over.
            if quantity - done < now:
                now = missing
            return Step(now, goes_on=filled + now < quantity)
        return Step(missing)


def fate_of(faults: Switchboard, symbol: str) -> Fate:
    """Draw the fate of an order of one instrument; each switch met counts once."""
    rejected = faults.hit(Fault.REJECTED, symbol=symbol)
    rests = faults.hit(Fault.RESTS, symbol=symbol)
    slowly = faults.hit(Fault.FILLS_SLOWLY, symbol=symbol)
    never = faults.hit(Fault.FILLS_NEVER, symbol=symbol)
    parts = faults.hit(Fault.FILLS_IN_PARTS, symbol=symbol)
    part = faults.hit(Fault.FILLS_A_PART, symbol=symbol)
    cut_off = faults.hit(Fault.PART_THEN_CANCELLED, symbol=symbol)
    partly = part or cut_off
    return Fate(
        rejected=rejected.text("RMS: margin exceeds available balance") if rejected else "",
        rests_at=rests.number(RESTS_AT) if rests else None,
        by_hand=never is not None,
        fills_after_s=slowly.number(5.0) if slowly else 0.0,
        parts=int(parts.number(2)) if parts else 1,
        part=Decimal(str(partly.number(0))) if partly else None,
        then_cancelled=cut_off is not None,
    )
