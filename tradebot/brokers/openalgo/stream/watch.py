"""Which instruments have fallen silent, and when that is the feed's fault.

[W] Silence is never announced: after a drop or a re-login at the broker the pings stay
healthy and no tick comes any more, and an acknowledged subscription says nothing either.
What speaks for the feed is a tick; what speaks against it is a quote that moves without one.
"""

import enum
from collections.abc import Callable, Iterable

import msgspec

from tradebot.core.market.instruments import Kind, kind_of

_SECOND_NS = 1_000_000_000


class Step(enum.Enum):
    """What to do about a feed."""

    NOTHING = enum.auto()
    RENEW = enum.auto()  # authenticate and subscribe again on the same socket: mends most [W]
    RECONNECT = enum.auto()


class Heard(enum.Enum):
    """What a tick is worth."""

    NOTHING = enum.auto()  # nobody wants it, or it came before
    PRICE = enum.auto()
    DOUBTED = enum.auto()  # the next tick, or a quote, decides
    CONFIRMED = enum.auto()  # and so is the one that was doubted


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a silence may last."""

    # [W] The proxy loses single ticks that come about 0.3 s after another one. A lost last
    # tick stays lost until the next one: a quiet instrument is asked for. Soon enough that it
    # is within three seconds, the next look and the wait for the budget in it.
    poll_ns: int = 5 * _SECOND_NS // 4
    moves: int = 2  # quotes that differ, one after the other, without a tick between
    # The first price, and one after a silence of so long, has to be near the last one that was
    # heard of, or be confirmed: [I #1732] an index's price came as that of an option, and what
    # guards takes the first price after a silence as it is. How near, as a share of the price.
    doubt_ns: int = _SECOND_NS
    same_ns: int = _SECOND_NS // 10  # frames of one price within it are one tick
    spikes: dict[Kind, float] = msgspec.field(
        default_factory=lambda: dict.fromkeys(Kind, 0.01) | {Kind.OPTION: 0.25}
    )
    # Until one that was refused is subscribed again. Later it, and one that is deaf, waits for an
    # eighth of the time since it first was, without a tick: who comes back is not kept waiting
    # for long, and who never does is soon asked for rarely.
    again_ns: int = _SECOND_NS
    again_ns_max: int = 300 * _SECOND_NS
    # Until one that nobody has answered for is, and twice as long each time: a proxy that is busy
    # answers nobody for seconds [W], and has to take every further frame after that.
    ack_ns: int = 5 * _SECOND_NS
    # One that has not ticked since it was subscribed, while others do, is held to be deaf: by one
    # quote that moves when it has had time to tick, or one that fails then, because the next is
    # asked for when all of it is over; and without any quote that says it is quiet. That leaves
    # a second for an answer. After 2 s, and with answers that take 0.8 s, each of a hundred that
    # were only quiet was subscribed again a dozen times in two minutes, after 2.5 s none.
    first_ns: int = _SECOND_NS
    unquoted_ns: int = 5 * _SECOND_NS // 2
    silent_ns: int = 15 * _SECOND_NS  # all that trade now
    renewed_ns: int = 10 * _SECOND_NS  # how long a step may take to bring a tick
    renewed_ns_max: int = 300 * _SECOND_NS  # a reconnection is a login at the broker's feed [W]


class _Watched:
    """One instrument whose ticks are wanted."""

    __slots__ = (
        *(
            "again_ns",
            "agreed_ns",
            "answered_ns",
            "asked_ns",
            "held",
            "is_first",
            "is_pending",
            "is_withheld",
            "missed_ns",
            "moved_ns",
            "moves",
            "price",
            "seen",
        ),
        *("seen_ns", "since_ns", "spike", "ticked_ns", "troubled_ns", "wished_ns"),
    )

    def __init__(self, now_ns: int, spike: float) -> None:
        self.spike = spike  # share of a price that is no jump
        self.since_ns = now_ns  # wanted, or subscribed again with all others
        self.ticked_ns = 0
        self.seen = 0.0  # price of its last frame
        self.seen_ns = 0
        self.asked_ns = 0
        self.answered_ns = 0  # when the newest quote that came was asked for
        self.agreed_ns = 0  # when the newest of those was that knew no other price
        self.missed_ns = 0  # when the newest one that did not come was asked for
        self.price: float | None = None
        self.held: float | None = None  # a tick that has to be confirmed
        self.is_withheld = False  # it was not told yet
        self.moves = 0
        self.moved_ns = 0  # when the first of these was asked for
        self.troubled_ns: int | None = None  # since when it is unanswered, refused or deaf
        self.again_ns: int | None = None  # when it is subscribed again; None: it is not
        self.wished_ns = 0  # when it was last subscribed
        self.is_pending = False  # and that is neither taken nor refused yet
        self.is_first = False  # nor was it in trouble before

    def is_near(self, ltp: float, other: float | None) -> bool:
        """Whether a price is no jump from another."""
        return other is not None and abs(ltp - other) <= self.spike * other


class Watch:
    """The instruments that are wanted, and what was heard of each."""

    def __init__(self, patience: Patience, is_open: Callable[[str, int], bool]) -> None:
        """Start with none; ``is_open`` says whether an instrument trades at a time."""
        self._patience = patience
        self._is_open = is_open
        self._watched: dict[str, _Watched] = {}
        self._doubt_ns = patience.doubt_ns
        self._same_ns = patience.same_ns
        self._grace_ns = patience.renewed_ns
        self._heard_ns = 0  # when any tick came
        self._stepped_ns: int | None = None  # when the last step was taken; None: all is well

    @property
    def names(self) -> list[str]:
        """The instruments that are wanted."""
        return list(self._watched)

    def want(self, name: str, now_ns: int) -> bool:
        """Watch an instrument; False where it is watched already."""
        if name in self._watched:
            return False
        kind = kind_of(name.partition(":")[2])
        self._watched[name] = _Watched(now_ns, self._patience.spikes[kind])
        return True

    def drop(self, name: str) -> bool:
        """Watch it no longer; False where nobody did."""
        return self._watched.pop(name, None) is not None

    def subscribed(self, now_ns: int) -> None:
        """Note that all were asked for anew; only ticks will show what came of it."""
        for watched in self._watched.values():
            watched.since_ns = now_ns
            watched.moves = 0
            watched.again_ns = watched.troubled_ns = None
            watched.is_pending = False

    def wished(self, names: Iterable[str], now_ns: int) -> None:
        """Note that the proxy was asked to subscribe these; without an answer it is again."""
        for name in names:
            watched = self._watched.get(name)
            if watched is not None:
                watched.is_first = watched.troubled_ns is None
                waited_ns = 0 if watched.troubled_ns is None else now_ns - watched.troubled_ns
                self._again(watched, now_ns, max(self._patience.ack_ns, waited_ns))
                watched.wished_ns = now_ns
                watched.is_pending = True

    def taken(self, name: str) -> None:
        """Note that the proxy has handed a subscription on; only a tick says more [I #1458]."""
        watched = self._watched.get(name)
        if watched is not None and watched.is_pending:
            watched.is_pending = False
            watched.again_ns = None
            if watched.is_first:
                watched.troubled_ns = None  # to wait for an answer is no trouble once it comes

    def failed(self, now_ns: int) -> None:
        """Note an error that names no request [W]: it may be of any that was not answered."""
        for watched in self._watched.values():
            if watched.is_pending:
                self._again(watched, now_ns, self._patience.again_ns)
                watched.is_pending = False

    def refused(self, name: str, now_ns: int) -> None:
        """Note that a subscription was not taken; it is tried again, ever more rarely."""
        watched = self._watched.get(name)
        if watched is not None:
            self._again(watched, now_ns, self._patience.again_ns)
            watched.is_pending = False

    def due(self, now_ns: int) -> list[str]:
        """Return what is to be subscribed again now, on its own: the others tick."""
        names = [
            name
            for name, watched in self._watched.items()
            if watched.again_ns is not None and watched.again_ns <= now_ns
        ]
        for name in names:
            self._watched[name].again_ns = None
        return names

    def ticked(self, name: str, ltp: float, now_ns: int) -> Heard:
        """Note a tick, and say what it is worth.

        The same price again at the same moment is the same tick, and confirms nothing: frames
        are doubled, and where other clients want more, one tick comes once in each form [W].
        """
        watched = self._watched.get(name)
        if watched is None:
            return Heard.NOTHING
        if ltp == watched.seen and now_ns - watched.seen_ns < self._same_ns:
            return Heard.NOTHING
        watched.seen, watched.seen_ns = ltp, now_ns
        is_silent = now_ns - watched.ticked_ns >= self._doubt_ns
        heard = Heard.PRICE
        price = watched.price
        if price is not None and abs(ltp - price) <= watched.spike * price:
            watched.price = ltp
            watched.held = None
        elif watched.is_near(ltp, watched.held):
            watched.price = ltp
            if watched.is_withheld:
                heard = Heard.CONFIRMED
            else:
                watched.held = None
        else:
            # Not after a silence a jump is told: who guards waits for the next one himself.
            # It is no price to measure others by before it is confirmed.
            watched.held = ltp
            watched.is_withheld = is_silent
            if is_silent:
                return Heard.DOUBTED
        watched.ticked_ns = self._heard_ns = now_ns
        watched.moves = 0
        watched.again_ns = watched.troubled_ns = None
        watched.is_pending = False
        self._stepped_ns = None
        return heard

    def doubted(self, name: str) -> float | None:
        """Return the price of a tick that has just been confirmed, which is over with this."""
        watched = self._watched[name]
        held, watched.held = watched.held, None
        return held

    def to_poll(self, now_ns: int) -> list[str]:
        """Return what trades and has been silent for long enough, or is in doubt.

        What was asked for least lately comes first: where there is more than can be asked for,
        none is left out for ever.
        """
        before_ns = now_ns - self._patience.poll_ns
        soon_ns = now_ns - self._patience.poll_ns // 4
        due = [
            (watched.asked_ns, name)
            for name, watched in self._watched.items()
            if (
                watched.asked_ns <= soon_ns
                if watched.held is not None
                else watched.ticked_ns <= before_ns and watched.asked_ns <= before_ns
            )
            and self._is_open(name, now_ns)
        ]
        return [name for _, name in sorted(due)]

    def asked(self, names: list[str], now_ns: int) -> None:
        """Note that quotes are asked for."""
        for name in names:
            if name in self._watched:
                self._watched[name].asked_ns = now_ns

    def quoted(self, name: str, ltp: float, asked_ns: int) -> bool:
        """Note a quote that was asked for then; whether it is a new price that no tick has brought.

        One that was overtaken, by a tick or by a quote that was asked for later, is older than
        that and says nothing.
        """
        watched = self._watched.get(name)
        if watched is None or max(watched.ticked_ns, watched.answered_ns) > asked_ns:
            return False
        watched.answered_ns = asked_ns
        watched.held = None  # the quote is what has to be believed
        if ltp == watched.price:
            watched.agreed_ns = asked_ns
            return False
        if watched.price is not None:
            watched.moves += 1
            if watched.moves == 1:
                watched.moved_ns = asked_ns
        watched.price = ltp
        return True

    def missed(self, names: Iterable[str], asked_ns: int) -> None:
        """Note quotes that were asked for then and will not come."""
        for name in names:
            watched = self._watched.get(name)
            if watched is not None:
                watched.missed_ns = max(watched.missed_ns, asked_ns)

    def is_any_open(self, now_ns: int) -> bool:
        """Whether anything that is wanted trades now."""
        return any(self._is_open(name, now_ns) for name in self._watched)

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

    def put_off(self) -> None:
        """Note that the first step against a trouble was not taken; it is to be."""
        self._stepped_ns = None

    def _trouble(self, now_ns: int) -> str:
        limit_ns, is_any_open = self._patience.silent_ns, False
        heard_ns = 0
        for name, watched in self._watched.items():
            is_open = self._is_open(name, now_ns)
            if self._is_deaf(watched, now_ns, is_open=is_open):
                if watched.moves >= self._patience.moves and self._heard_ns <= watched.moved_ns:
                    return f"{name} moves and no tick of it comes"
                # Others have ticked since: the socket is good, and this subscription is not.
                watched.moves = 0
                if watched.again_ns is None:  # else it is about to be, and must not wait longer
                    self._again(watched, now_ns, 0)
            if is_open:
                is_any_open = True
                # A quote that knows no other price explains the silence: it is the market's.
                heard_ns = max(heard_ns, watched.ticked_ns, watched.since_ns, watched.agreed_ns)
        if is_any_open and now_ns - heard_ns >= limit_ns:
            return f"no tick for {(now_ns - heard_ns) / _SECOND_NS:.0f} s"
        return ""

    def _is_deaf(self, watched: _Watched, now_ns: int, *, is_open: bool) -> bool:
        """Whether a subscription seems to bring nothing: of its own fault, or of all."""
        patience = self._patience
        if watched.moves >= patience.moves:
            return True
        if watched.ticked_ns >= watched.wished_ns or self._heard_ns <= watched.wished_ns:
            return False  # it has brought something, or none has
        if watched.moves and watched.moved_ns - watched.wished_ns >= patience.first_ns:
            return True
        # What has moved since its last tick is not quiet because two quotes were alike.
        agreed_ns = watched.agreed_ns if watched.moved_ns <= watched.ticked_ns else 0
        told_ns = max(watched.wished_ns, agreed_ns)
        is_missed = watched.missed_ns - told_ns >= patience.first_ns
        return is_open and (is_missed or now_ns - told_ns >= patience.unquoted_ns)

    def _again(self, watched: _Watched, now_ns: int, least_ns: int) -> None:
        """Have it subscribed again after this, or after an eighth of the time of its trouble."""
        if watched.troubled_ns is None:
            watched.troubled_ns = now_ns
        pause_ns = max(least_ns, (now_ns - watched.troubled_ns) // 8)
        watched.again_ns = now_ns + min(pause_ns, self._patience.again_ns_max)
