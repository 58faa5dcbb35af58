"""The paper exchange's last prices: what its orders fill at and its quotes say."""

import math
from collections.abc import Callable

from tradebot.ports import Quote


class LastPrices:
    """Every instrument's LTP. A feed tells it each price before the engine hears of it."""

    def __init__(self, *, quotable: bool = True) -> None:
        # A recording is its own only witness: its spike must not confirm itself as a quote.
        self.quotable = quotable
        self._last: dict[str, tuple[float, int, float | None, float | None]] = {}
        self._waiting: dict[str, list[Callable[[], None]]] = {}

    def tell(
        self,
        instrument: str,
        ltp: float,
        at_ns: int,
        bid: float | None = None,
        ask: float | None = None,
    ) -> None:
        """Note a price; a number that is no price is not traded at."""
        if not 0 < ltp < math.inf:
            return
        self._last[instrument] = (ltp, at_ns, bid, ask)
        if instrument in self._waiting:
            for callback in self._waiting.pop(instrument):
                callback()

    def ltp(self, instrument: str) -> float | None:
        """Return the last price, None before the first."""
        last = self._last.get(instrument)
        return last[0] if last else None

    def quote(self, instrument: str) -> Quote | None:
        """Return the last price as a second source tells it, None where there is no such source."""
        last = self._last.get(instrument)
        if last is None or not self.quotable:
            return None
        ltp, at_ns, bid, ask = last
        return Quote(ltp=ltp, at_ns=at_ns, bid=bid, ask=ask)

    def when_known(self, instrument: str, callback: Callable[[], None]) -> None:
        """Call back once, at the next price of ``instrument``."""
        self._waiting.setdefault(instrument, []).append(callback)
