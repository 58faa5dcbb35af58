"""This machine's clock beside the server's: sessions go by ours, and either may be wrong."""

from collections.abc import Mapping

import msgspec

from tradebot.brokers.openalgo.calls.skew import Offset
from tradebot.core.market.sessions import Session
from tradebot.ports import Finding, Level

WARNING_S, ERROR_S = 2, 30  # how far they may be apart
_S = 1_000_000_000
_TODO = "set the one that is wrong (timedatectl on both machines): sessions open and close by ours"


class Clocks(msgspec.Struct, frozen=True):
    """What both showed at one moment."""

    ours_ns: int
    offset: Offset | None  # of the server's from ours; None: no answer has told it

    @property
    def servers_ns(self) -> int:
        """What the server's showed, as far as it is sure; ours where nothing is."""
        return self.ours_ns + (0 if self.offset is None else self.offset.surely_ns)

    @property
    def distance(self) -> str:
        """How far the server's is from ours, at least, and in which direction."""
        seconds = (self.servers_ns - self.ours_ns) / _S
        return f"{_length(seconds)} {'ahead of' if seconds > 0 else 'behind'} ours"

    def disagree(self, session: Session) -> bool:
        """Whether an exchange is open by one of them and closed by the other."""
        return session.is_open(self.ours_ns) != session.is_open(self.servers_ns)

    def words(self, session: Session) -> str:
        """Return what an exchange is by each of them."""
        ours, servers = (
            "open" if session.is_open(at_ns) else "closed"
            for at_ns in (self.ours_ns, self.servers_ns)
        )
        return f"{servers} by the server's clock and {ours} by ours"


def clocks_of(offset: Offset | None, now_ns: int, wall_ahead_ns: int) -> Clocks:
    """Return both clocks.

    Args:
        offset: of the server's clock from the one that times our requests.
        now_ns: the time by that one.
        wall_ahead_ns: how far the clock on this machine's wall is ahead of it, which sessions
            go by: it was set since the start.
    """
    if offset is not None:
        offset = Offset(offset.least_ns - wall_ahead_ns, offset.most_ns - wall_ahead_ns)
    return Clocks(now_ns + wall_ahead_ns, offset)


def clock_finding(clocks: Clocks, sessions: Mapping[str, Session]) -> Finding:
    """Return how far they are apart, and which exchange is open by one of them alone."""
    if clocks.offset is None:
        text = "the server's answers carry no Date: nothing to compare our clock with"
        return _found("warning", text)
    text = f"the server's clock is at least {clocks.distance}"
    torn = [
        f"{name} is {clocks.words(session)}"
        for name, session in sessions.items()
        if clocks.disagree(session)
    ]
    if torn:
        text = f"{text}, so that {', '.join(torn)}: it is the clock, and not the hours"
        return _found("error", text, _TODO)
    off_s = abs(clocks.servers_ns - clocks.ours_ns) / _S
    if off_s >= WARNING_S:
        return _found("error" if off_s >= ERROR_S else "warning", text, _TODO)
    most_s = max(abs(clocks.offset.least_ns), abs(clocks.offset.most_ns)) / _S
    return _found("ok", f"both clocks agree within {most_s:.1f} s")


def _length(seconds: float) -> str:
    """Return a time in the unit that a person would use."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= 2 * size:
            return f"{abs(seconds) / size:.1f} {unit}"
    return f"{abs(seconds):.1f} s"


def _found(level: Level, text: str, todo: str = "") -> Finding:
    return Finding(what="clock", level=level, text=text, todo=todo)
