"""How what others execute becomes known: told by the broker itself, or read before an exit."""

import msgspec

from tradebot.core.market.instruments import NetKey


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of that, and who waits for it; replaced as a whole. Times are by our clock."""

    is_told: bool | None = None  # the broker tells it by itself; None: as the policy says
    asked_ns: int | None = None  # executions are being read since then
    leave_until_ns: int = 0  # until then nothing needs to be read before an exit
    waits: tuple[tuple[NetKey, int], ...] = ()  # lanes that wait for a read, and since when

    def since_ns(self, key: NetKey) -> int | None:
        """Return since when a lane waits; None: it does not."""
        return next((since_ns for waits, since_ns in self.waits if waits == key), None)
