"""The engine: one input in, intents and events out. It never waits and never looks at a clock.

Live, shadow, paper, replay and simulation run this class and no other.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeGuard, get_args

from msgspec.structs import replace

from tradebot.core import restore
from tradebot.core.account import freezing, net_reads, net_replies, reconcile, trade_reads
from tradebot.core.adoption import account_reads, adopting
from tradebot.core.book import Book
from tradebot.core.events import (
    Event,
    FeedBroke,
    FeedCame,
    InstrumentBlind,
    InstrumentSeen,
    PriceDropped,
    PriceHeld,
    PriceResolved,
)
from tradebot.core.guard import admission, closes, covering, describing, guarding
from tradebot.core.guard.lines import Line
from tradebot.core.inputs import (
    AccountReply,
    Adopt,
    BookReply,
    ClockSet,
    CreateTrade,
    Execution,
    ExecutionsRead,
    ExitTrade,
    FeedState,
    HaltTrading,
    IgnoreFound,
    Input,
    InstrumentsLoaded,
    OrderChannel,
    OrderReport,
    PlaceReply,
    PolicyChanged,
    PositionsReply,
    QueryReply,
    QuoteReply,
    Reconcile,
    Release,
    Resolve,
    Tick,
    Timer,
    UpdateTrade,
)
from tradebot.core.intents import AskQuote, Intent
from tradebot.core.leaving import halting, lanes, replies, surplus, verdicts
from tradebot.core.market.price_gate import Fate, Screened
from tradebot.core.others import leftovers, resting
from tradebot.core.policy import Policy
from tradebot.core.records import Snapshot

NOTHING: Sequence[Event | Intent] = ()

# Inputs whose time is ours, and not a broker's or an exchange's.
_ByOurClock = (
    Timer
    | PlaceReply
    | QueryReply
    | BookReply
    | ExecutionsRead
    | OrderChannel
    | PositionsReply
    | AccountReply
    | Adopt
    | IgnoreFound
    | CreateTrade
    | UpdateTrade
    | ExitTrade
    | HaltTrading
    | Release
    | Resolve
    | Reconcile
    | ClockSet
)
_BY_OUR_CLOCK = frozenset(get_args(_ByOurClock))  # an execution would be compared with each

# Dropped prices come in floods: each cause is told once, then when the count has doubled.
_TOLD_COUNTS = frozenset(1 << power for power in range(64))


class Engine:
    """All decisions of the daemon, as a function of its inputs in their order."""

    def __init__(self, policy: Policy) -> None:
        """Start with an empty book."""
        self.book = Book(policy)
        self._lines = self.book.lines
        self._sessions: dict[str, tuple[int, int, int]] = {}  # asked at, opens, closes

    def restore(self, snapshot: Snapshot, at_ns: int) -> Sequence[Event | Intent]:
        """Become the engine that wrote this snapshot; what was on the wire is in doubt."""
        restore.restore(self.book, snapshot, at_ns)
        return self._taken()

    def process(self, item: Input) -> Sequence[Event | Intent]:
        """Take one input, and return what is now true and what is wanted, in order."""
        if type(item) is Tick:
            line = self._lines.get(item.instrument)
            if line is None:
                return NOTHING
            if line.gate.passes(item):
                line.seq = item.seq
                line.bid = item.bid
                line.ask = item.ask
                if line.lo < item.ltp < line.hi and not line.others:
                    return NOTHING
                if line.rises(item.ltp):
                    self.book.note_moved(line)
                    return NOTHING
                guarding.on_prices(self.book, line, (item.ltp,), item.at_ns)
            else:
                self._on_odd_tick(line, item)
        else:
            if _is_by_our_clock(item):
                self.book.now_ns = item.at_ns
                covering.hear(self.book, item.at_ns)
            self._handlers[type(item)](self, item)
        if self.book.coverage.touched:
            covering.settle(self.book)
        return self._taken() if self.book.out else NOTHING

    def tidy(self) -> bool:
        """Free one heap of what has left it, if that is most of it; say whether.

        For idle moments: it changes no answer, and a heap of 100,000 takes tens of
        milliseconds. Edits and closed trades leave entries that only a far price reaches.
        """
        return any(
            triggers.compact() for line in self._lines.values() for triggers in line.sides.values()
        )

    def hear(self, tick: Tick) -> None:
        """Note how far the ticks have come, for the records; once a batch is enough."""
        self.book.heard_seq = tick.seq
        self.book.heard_at_ns = tick.at_ns

    def next_deadline_ns(self) -> int | None:
        """Return the earliest time exit that waits; a replay moves its clock there first."""
        return self.book.deadlines[0][0] if self.book.deadlines else None

    def _taken(self) -> Sequence[Event | Intent]:
        out, self.book.out = self.book.out, []
        return out

    def _on_odd_tick(self, line: Line, tick: Tick) -> None:
        """Take a price that is not just the next one: the first, a jump, a late or a bad one."""
        was_fresh = line.gate.fresh
        screened = line.gate.screen(tick)
        if screened.prices:
            line.seq, line.bid, line.ask = tick.seq, tick.bid, tick.ask
            line.quote_asked = False
            if was_fresh:
                self._end_blindness(line, tick.received_ns)
        self._say_screened(line, tick, screened)
        if screened.prices:
            if not closes.waits(self.book, line, screened.prices, tick.received_ns):
                guarding.on_prices(self.book, line, screened.prices, line.gate.at_ns)
        elif screened.fate is Fate.HELD and line.waiting:
            guarding.arm_waiting(self.book, line, tick.received_ns)

    def _say_screened(self, line: Line, tick: Tick, screened: Screened) -> None:
        name, gate = line.instrument.id, line.gate
        if screened.fate is Fate.DROPPED:
            if gate.dropped in _TOLD_COUNTS:
                self.book.say(
                    PriceDropped(
                        instrument=name,
                        ltp=tick.ltp,
                        why=screened.why,
                        count=gate.dropped,
                        at_ns=tick.received_ns,
                    )
                )
            return
        if screened.held is not None:
            self.book.say(
                PriceResolved(
                    instrument=name,
                    ltp=screened.held,
                    by=tick.ltp,
                    confirmed=screened.fate is Fate.CONFIRMED,
                    at_ns=tick.received_ns,
                )
            )
        if screened.fate is Fate.HELD:
            self.book.say(
                PriceHeld(instrument=name, ltp=tick.ltp, before=gate.ltp, at_ns=tick.received_ns)
            )
            if line.guarded:
                self.book.want(AskQuote(instrument=name, why="a jump waits to be confirmed"))

    def _on_quote(self, reply: QuoteReply) -> None:
        """Let the second source decide a doubt, or see for a blind instrument.

        A polled price that has not changed is not a new price: it does not refresh its age.
        """
        line = self._lines.get(reply.instrument)
        if line is None:
            return
        line.quote_asked = False  # no price is an answer too: the question comes again
        closes.answered(self.book, line, reply)
        if reply.ltp is None or (line.gate.held is None and reply.ltp == line.ltp):
            return
        tick = Tick(
            instrument=reply.instrument,
            ltp=reply.ltp,
            at_ns=max(reply.at_ns, line.gate.at_ns),
            received_ns=reply.received_ns,
            seq=line.seq,
        )
        self._on_odd_tick(line, tick)

    def _on_timer(self, timer: Timer) -> None:
        guarding.on_deadlines(self.book, timer.at_ns)
        resting.wake(self.book, timer.at_ns)
        leftovers.wake(self.book, timer.at_ns)
        freezing.wake(self.book)
        lanes.wake(self.book, timer.at_ns)
        surplus.wake(self.book, timer.at_ns)
        admission.wake(self.book, timer.at_ns)
        reconcile.wake(self.book, timer.at_ns)
        account_reads.wake(self.book, timer.at_ns)
        halting.wake(self.book, timer.at_ns)
        covering.wake(self.book)
        closes.wake(self.book, timer.at_ns)
        self.book.forget_old(timer.at_ns)
        limit_ns = self.book.policy.stale_after_ns
        if limit_ns is None:
            return
        for line in self._lines.values():
            if line.guarded:
                self._look_for_silence(line, timer.at_ns, limit_ns)

    def _look_for_silence(self, line: Line, at_ns: int, limit_ns: int) -> None:
        """Count a silence from the session's open on: outside it no price is missing."""
        gate = line.gate
        seen_ns = max(gate.received_ns, line.since_ns)
        if at_ns - seen_ns <= limit_ns:
            return
        opens_ns = self._opens_ns(line, at_ns)
        if at_ns < opens_ns:
            if line.blind_since_ns is not None:
                line.end_blindness(at_ns)
            return
        seen_ns = max(seen_ns, opens_ns)
        if at_ns - seen_ns <= limit_ns:
            return
        if line.blind_since_ns is None:
            line.blind_since_ns = seen_ns + limit_ns
            gate.went_blind()
            self.book.say(
                InstrumentBlind(instrument=line.instrument.id, age_ns=at_ns - seen_ns, at_ns=at_ns)
            )
        if not line.quote_asked:
            line.quote_asked = True
            self.book.want(AskQuote(instrument=line.instrument.id, why="no price arrives"))

    def _opens_ns(self, line: Line, at_ns: int) -> int:
        """Return when the session of a time opens, or the next one; found once a session."""
        if line.gate.opens_ns <= at_ns < line.gate.closes_ns:
            return line.gate.opens_ns
        exchange = line.instrument.exchange
        found = self._sessions.get(exchange)
        if found is None or not found[0] <= at_ns < found[2]:
            found = self._sessions[exchange] = at_ns, *self.book.session(exchange).window(at_ns)
        return found[1]

    def _end_blindness(self, line: Line, at_ns: int) -> None:
        if line.blind_since_ns is not None:
            blind_ns = line.end_blindness(at_ns)
            name = line.instrument.id
            self.book.say(InstrumentSeen(instrument=name, blind_ns=blind_ns, at_ns=at_ns))

    def _on_execution(self, execution: Execution) -> None:
        book = self.book
        if not book.put_execution(execution):
            return
        if book.positions[execution.key].corrected_at_ns >= execution.at_ns:
            # The broker's net, which replaced our fold, may have had it in it already.
            net_reads.distrust(book, execution.key)
        if replies.on_execution(book, execution):
            account_reads.disown(book, execution)
        else:
            if not admission.on_execution(book, execution):
                account_reads.on_execution(book, execution)
            surplus.call_back(book, execution.key, execution.at_ns)

    def _on_report(self, report: OrderReport) -> None:
        if not replies.on_report(self.book, report):
            admission.on_report(self.book, report)

    def _on_book(self, reply: BookReply) -> None:
        if replies.is_whole(self.book, reply):
            # Nothing is sent between two rows: a later one may tell of what others have resting.
            self.book.book_unread = "", 0, 0
            for report in reply.orders or ():
                self._on_report(report)
            resting.on_book(self.book, reply)
            replies.on_book(self.book, reply.at_ns)
            # A row may have ended a trade before a later one told of what rests there.
            leftovers.wake(self.book, reply.at_ns)

    def _on_feed_state(self, state: FeedState) -> None:
        if state.up:
            self.book.say(FeedCame(at_ns=state.at_ns))
            return
        self.book.say(FeedBroke(why=state.why, at_ns=state.at_ns))
        for line in self._lines.values():
            line.quote_asked = False

    def _on_reconcile(self, _item: Reconcile) -> None:
        reconcile.compare(self.book)
        account_reads.look(self.book)

    def _on_policy(self, changed: PolicyChanged) -> None:
        skew_ns = self.book.policy.skew_ns  # it is no setting
        self.book.policy = policy = replace(changed.policy, skew_ns=skew_ns)
        self._sessions.clear()
        for line in self._lines.values():
            line.gate.configure(
                self.book.session(line.instrument.exchange),
                policy.spikes[line.instrument.kind],
                holds_jumps=policy.holds_jumps,
            )

    def _on_clock_set(self, item: ClockSet) -> None:
        guarding.set_clock(self.book, item.skew_ns, item.at_ns)
        self._sessions.clear()
        for line in self._lines.values():
            line.gate.follow(self.book.session(line.instrument.exchange), item.at_ns)

    # Of the class, not of an engine: one that referred to itself would outlive its use.
    _handlers: ClassVar[dict[type, Callable[["Engine", Any], None]]] = {
        Timer: _on_timer,
        CreateTrade: lambda self, item: admission.create(self.book, item),
        UpdateTrade: lambda self, item: admission.update(self.book, item),
        ExitTrade: lambda self, item: admission.exit_now(self.book, item),
        Execution: _on_execution,
        OrderReport: _on_report,
        PlaceReply: lambda self, item: replies.on_reply(self.book, item),
        QueryReply: lambda self, item: replies.on_query(self.book, item),
        BookReply: _on_book,
        ExecutionsRead: lambda self, item: lanes.on_executions_read(self.book, item),
        OrderChannel: lambda self, item: trade_reads.on_channel(self.book, item),
        PositionsReply: lambda self, item: net_replies.on_positions(self.book, item),
        AccountReply: lambda self, item: account_reads.on_account(self.book, item),
        Adopt: lambda self, item: adopting.adopt(self.book, item),
        IgnoreFound: lambda self, item: adopting.ignore(self.book, item),
        QuoteReply: _on_quote,
        FeedState: _on_feed_state,
        InstrumentsLoaded: lambda self, item: describing.on_instruments(self.book, item),
        PolicyChanged: _on_policy,
        ClockSet: _on_clock_set,
        HaltTrading: lambda self, item: halting.halt(self.book, item),
        Release: lambda self, item: halting.release(self.book, item),
        Resolve: lambda self, item: verdicts.resolve(self.book, item),
        Reconcile: _on_reconcile,
    }


def _is_by_our_clock(item: Input) -> TypeGuard[_ByOurClock]:
    return type(item) in _BY_OUR_CLOCK
