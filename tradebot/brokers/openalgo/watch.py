"""Which instruments have fallen silent, and when that is the feed's fault.

[W] Silence is never announced: after a drop or a re-login at the broker the pings stay
healthy and no tick comes any more, and an acknowledged subscription says nothing either.
What speaks for the feed is a tick; what speaks against it is a quote that moves without one.
"""

import enum
from collections.abc import Callable

import msgspec

_SECOND_NS = 1_000_000_000


class Step(enum.Enum):
    """What to do about a feed."""

    NOTHING = enum.auto()
    RENEW = enum.auto()  # authenticate and subscribe again on the same socket: mends most [W]
    RECONNECT = enum.auto()


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a silence may last."""

    # [W] The proxy loses single ticks that come about 0.3 s after another one. A lost last
    # tick stays lost until the next one: a quiet instrument is asked for.
    poll_ns: int = 2 * _SECOND_NS
    moves: int = 2  # quotes that differ, one after the other, without a tick between
    silent_ns: int = 15 * _SECOND_NS  # all that trade now
    renewed_ns: int = 10 * _SECOND_NS  # how long a step may take to bring a tick
    renewed_ns_max: int = 300 * _SECOND_NS  # a reconnection is a login at the broker's feed [W]


class _Watched:
    """One instrument whose ticks are wanted."""

    __slots__ = ("asked_ns", "moves", "price", "since_ns", "ticked_ns")

    def __init__(self, now_ns: int) -> None:
        self.since_ns = now_ns  # wanted, or subscribed again
        self.ticked_ns = 0
        self.asked_ns = 0
        self.price: float | None = None
        self.moves = 0


class Watch:
    """The instruments that are wanted, and what was heard of each."""

    def __init__(self, patience: Patience, is_open: Callable[[str, int], bool]) -> None:
        """Start with none; ``is_open`` says whether an instrument trades at a time."""
        self._patience = patience
        self._is_open = is_open
        self._watched: dict[str, _Watched] = {}
        self._grace_ns = patience.renewed_ns
        self._stepped_ns: int | None = None  # when the last step was taken; None: all is well

    @property
    def names(self) -> list[str]:
        """The instruments that are wanted."""
        return list(self._watched)

    def want(self, name: str, now_ns: int) -> bool:
        """Watch an instrument; False where it is watched already."""
        if name in self._watched:
            return False
        self._watched[name] = _Watched(now_ns)
        return True

    def drop(self, name: str) -> bool:
        """Watch it no longer; False where nobody did."""
        return self._watched.pop(name, None) is not None

    def subscribed(self, now_ns: int) -> None:
        """Note that all were asked for anew; only ticks will show what came of it."""
        for watched in self._watched.values():
            watched.since_ns = now_ns
            watched.moves = 0

    def ticked(self, name: str, ltp: float, now_ns: int) -> bool:
        """Note a tick; False where it is of nothing that is wanted."""
        watched = self._watched.get(name)
        if watched is None:
            return False
        watched.ticked_ns = now_ns
        watched.price = ltp
        watched.moves = 0
        self._stepped_ns = None
        return True

    def to_poll(self, now_ns: int) -> list[str]:
        """Return what trades and has been silent for long enough to be asked for."""
        before_ns = now_ns - self._patience.poll_ns
        return [
            name
            for name, watched in self._watched.items()
            if watched.ticked_ns <= before_ns
            and watched.asked_ns <= before_ns
            and self._is_open(name, now_ns)
        ]

    def asked(self, names: list[str], now_ns: int) -> None:
        """Note that quotes are asked for."""
        for name in names:
            if name in self._watched:
                self._watched[name].asked_ns = now_ns

    def quoted(self, name: str, ltp: float) -> bool:
        """Note a quote; whether it is a new price that no tick has brought.

        One that was overtaken by a tick is older than it and says nothing.
        """
        watched = self._watched.get(name)
        if watched is None or watched.ticked_ns > watched.asked_ns or ltp == watched.price:
            return False
        watched.moves += watched.price is not None
        watched.price = ltp
        return True

    def judge(self, now_ns: int) -> tuple[Step, str]:
        """Say what to do about a feed that is connected, and why."""
        why = self._trouble(now_ns)
        if not why:
            return Step.NOTHING, ""
        if self._stepped_ns is None:
            self._stepped_ns, self._grace_ns = now_ns, self._patience.renewed_ns
            return Step.RENEW, why
        if now_ns - self._stepped_ns < self._grace_ns:
            return Step.NOTHING, ""
        self._stepped_ns = now_ns
        self._grace_ns = min(2 * self._grace_ns, self._patience.renewed_ns_max)
        return Step.RECONNECT, why

    def _trouble(self, now_ns: int) -> str:
        limit_ns, is_any_open = self._patience.silent_ns, False
        heard_ns = 0
        for name, watched in self._watched.items():
            if watched.moves >= self._patience.moves:
                return f"{name} moves and no tick of it comes"
            if self._is_open(name, now_ns):
                is_any_open = True
                heard_ns = max(heard_ns, watched.ticked_ns, watched.since_ns)
        if is_any_open and now_ns - heard_ns >= limit_ns:
            return f"no tick for {(now_ns - heard_ns) / _SECOND_NS:.0f} s"
        return ""
