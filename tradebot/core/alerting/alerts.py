"""Alerts: what a person should know of, how it grows, ends and is acknowledged."""

import enum

import msgspec

_MINUTE_NS = 60_000_000_000
SAME_NS = 10 * _MINUTE_NS  # what comes again within this is the same news
QUIET_NS = 150_000_000_000  # what is said every minute, and is not said any more, is over
TEXT_LENGTH_MAX = 400
BY_LENGTH_MAX = 64
_DIGITS_MAX = 18


class Severity(enum.StrEnum):
    """How soon a person should look."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    def reaches(self, least: "Severity") -> bool:
        """Whether this is at least as severe."""
        return _RANKS[self] >= _RANKS[least]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Category(enum.StrEnum):
    """What it is about."""

    TRADE = "trade"
    PORTFOLIO = "portfolio"  # a net position, or all of them
    SYSTEM = "system"  # the daemon, its feed, its disks, the broker's door


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person should know of has happened, or holds."""

    key: str  # equal keys are the same matter
    category: Category
    severity: Severity
    text: str
    trade_id: str | None = None
    lasts: bool = False  # it holds until it is over, rather than having happened
    is_repeated: bool = False  # who raises it does so every minute for as long as it holds


class Over(msgspec.Struct, frozen=True, kw_only=True):
    """A matter that lasted is over."""

    key: str


Change = Raised | Over


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One matter as a person sees it, with how often it came."""

    number: int
    key: str
    category: Category
    severity: Severity
    text: str
    trade_id: str | None
    first_ns: int
    last_ns: int
    count: int = 1
    lasts: bool = False
    is_repeated: bool = False
    over_ns: int | None = None  # of what lasted
    acked_ns: int | None = None
    acked_by: str = ""
    unsent: bool = False  # the life that raised it ended before any way out had taken it

    @property
    def id(self) -> str:
        """The name by which a person acknowledges it."""
        return f"A{self.number}"

    @property
    def is_acked(self) -> bool:
        """Whether a person has seen it."""
        return self.acked_ns is not None

    @property
    def holds(self) -> bool:
        """Whether it lasts still."""
        return self.lasts and self.over_ns is None

    @property
    def insists(self) -> bool:
        """Whether it is told every minute: nobody has seen it, and it is bad and holds."""
        return self.severity is Severity.CRITICAL and self.holds and not self.is_acked

    @property
    def is_settled(self) -> bool:
        """Whether nobody waits for anything of it."""
        seen = self.is_acked or self.severity is Severity.INFO
        return seen and not self.holds

    def is_same(self, raised: Raised, at_ns: int) -> bool:
        """Whether ``raised`` is more of this, rather than news."""
        assert raised.key == self.key, f"{raised.key} is not {self.key}"
        if self.holds and raised.lasts:
            # Who has seen the lesser evil has not seen the greater one.
            return not self.is_acked or self.severity.reaches(raised.severity)
        return not self.is_acked and at_ns - max(self.last_ns, self.over_ns or 0) < SAME_NS

    def is_quiet(self, at_ns: int) -> bool:
        """Whether whoever says it every minute has stopped to."""
        return self.holds and self.is_repeated and at_ns - self.last_ns > QUIET_NS


def begun(number: int, raised: Raised, at_ns: int) -> Alert:
    """Return a new alert."""
    return Alert(
        number=number,
        key=raised.key,
        category=raised.category,
        severity=raised.severity,
        text=tidy(raised.text),
        trade_id=raised.trade_id,
        first_ns=at_ns,
        last_ns=at_ns,
        lasts=raised.lasts,
        is_repeated=raised.is_repeated,
    )


def again(alert: Alert, raised: Raised, at_ns: int) -> Alert:
    """Return an alert that has come once more: it is as severe as it ever was."""
    worse = raised.severity.reaches(alert.severity)
    return msgspec.structs.replace(
        alert,
        text=tidy(raised.text),
        severity=raised.severity if worse else alert.severity,
        last_ns=max(alert.last_ns, at_ns),
        count=alert.count + 1,
        lasts=raised.lasts,
        is_repeated=raised.is_repeated,
        over_ns=None,
    )


def over(alert: Alert, at_ns: int) -> Alert:
    """Return an alert whose matter lasts no longer."""
    return msgspec.structs.replace(alert, over_ns=at_ns)


def acked(alert: Alert, by: str, at_ns: int) -> Alert:
    """Return an alert that a person has seen; the first one to see it counts."""
    if alert.is_acked:
        return alert
    return msgspec.structs.replace(alert, acked_ns=at_ns, acked_by=by[:BY_LENGTH_MAX])


def tidy(text: str) -> str:
    """Return a text of one printable line that is not too long: servers' words are in it."""
    words = " ".join(text[: 4 * TEXT_LENGTH_MAX].split())
    if not words.isprintable():
        words = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return words if len(words) <= TEXT_LENGTH_MAX else f"{words[: TEXT_LENGTH_MAX - 1]}…"


def number_of(name: str) -> int | None:
    """Return the number of an alert's id; None: it is none."""
    digits = name[1:]
    is_id = name[:1] in ("A", "a") and digits.isascii() and digits.isdecimal()
    return int(digits) if is_id and len(digits) <= _DIGITS_MAX else None
