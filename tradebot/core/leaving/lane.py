"""The single lane of a net position: the exits on it that are not over."""

from collections.abc import Iterator
from decimal import Decimal

from tradebot.core.leaving.exit import Exit


class Lane:
    """The exits of one net position that are not over, in the order of their decisions.

    It counts as it goes: a price that ends thousands of trades asks it as often.
    """

    __slots__ = ("_exits", "alive", "doubts", "orders", "wanted")

    def __init__(self) -> None:
        """Start empty."""
        self._exits: dict[tuple[str, int], Exit] = {}
        self.doubts = 0  # requests that may be on the wire without an answer
        self.orders = 0  # orders that may still fill
        self.alive = Decimal(0)  # units that these may fill
        self.wanted = Decimal(0)  # units that its exits are still to leave

    def __iter__(self) -> Iterator[Exit]:
        """Yield the exits as they are at this moment, whatever is put meanwhile."""
        return iter(list(self._exits.values()))

    def __len__(self) -> int:
        return len(self._exits)

    def put(self, exit_: Exit) -> None:
        """Keep an exit in its present state; one that is over leaves."""
        name = exit_.trade_id, exit_.number
        before = self._exits.pop(name, None) if exit_.is_over else self._exits.get(name)
        if before is not None:
            self.wanted -= before.remaining
            if before.is_alive:
                self.doubts -= before.state.is_in_doubt
                self.orders -= 1
                self.alive -= before.alive
        if not exit_.is_over:
            self._exits[name] = exit_
            self.wanted += exit_.remaining
            if exit_.is_alive:
                self.doubts += exit_.state.is_in_doubt
                self.orders += 1
                self.alive += exit_.alive
