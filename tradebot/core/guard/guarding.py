"""Guarding trades: arming them, judging prices for them, and deciding to leave."""

import heapq
from decimal import Decimal

import msgspec

from tradebot.core.book import Book
from tradebot.core.events import (
    BreakevenReached,
    ExitDecided,
    PastStopFound,
    TrailActivated,
)
from tradebot.core.guard.lines import Line
from tradebot.core.guard.trade_rules import (
    Candidate,
    Leave,
    Levels,
    candidates,
    effective_stop,
    judge,
    trail_level,
)
from tradebot.core.guard.trades import Marks, PastStop, Reason, Rules, Status, Trade
from tradebot.core.leaving import lanes
from tradebot.core.leaving.exit import Exit
from tradebot.core.money import exact
from tradebot.core.words.levels import Level, Unit

LEAPT_NS = 60_000_000_000  # for whoever is told that the clock was set
HALF_DAY_NS = 43_200_000_000_000


def arm(book: Book, trade: Trade, at_ns: int, *, is_new: bool = False) -> None:
    """Guard a trade from the next price on; past its stop, do what was asked for.

    Without a fit price the question waits for the first one. A trade that ``is_new``
    waits while a jump is held: a price from before it opened never judges it.
    """
    line = book.line(trade.instrument)
    if is_new and line.gate.held is not None:
        line.waiting.add(trade.trade_id)
        line.refresh()
        return
    if trade.past_stop is not PastStop.EXIT and not trade.armed:
        if line.ltp is None or line.gate.fresh:
            line.waiting.add(trade.trade_id)
            line.refresh()
            return
        trade = _past_stop(
            book, trade, line.price_for(trade.side, trade.price_source, line.ltp), at_ns
        )
        if trade.unguarded:
            return
        trade = book.put_trade(trade, armed=True)
    triggers = line.triggers(trade.side, trade.price_source)
    triggers.add(trade.trade_id, book.levels[trade.trade_id], trade.marks)
    book.note_moved(line)
    line.refresh()


def disarm(book: Book, trade: Trade) -> Trade:
    """Stop judging a trade by prices; return it with the best price that it reached."""
    trade = book.live(trade)
    line = book.line(trade.instrument)
    line.disarm(trade)
    return trade


def on_prices(book: Book, line: Line, prices: tuple[float, ...], at_ns: int) -> None:
    """Judge accepted prices for every trade on a line, one after the other."""
    if line.waiting:
        # Of a confirmed jump, the price that was held came before those that wait.
        for price in prices[:-1]:
            _on_price(book, line, price, at_ns)
        prices = prices[-1:]
        arm_waiting(book, line, at_ns)
    for price in prices:
        _on_price(book, line, price, at_ns)


def arm_waiting(book: Book, line: Line, at_ns: int) -> None:
    """Guard the trades that waited for a price of their own time, be it one that is held."""
    waiting, line.waiting = sorted(line.waiting), set()
    for trade_id in waiting:
        arm(book, book.put_trade(book.trades[trade_id]), at_ns)


def _on_price(book: Book, line: Line, ltp: float, at_ns: int) -> None:
    """Judge one price: move the best prices, and settle every trade that it reaches."""
    hits: list[tuple[int, str, Marks, float]] = []
    for (side, source), triggers in line.sides.items():
        price = line.price_for(side, source, ltp)
        x = side.sign * price
        if triggers.floor < x < triggers.ceiling:
            continue
        book.note_moved(line)
        if triggers.rise(x):
            continue
        for trade_id, marks in triggers.reached(x):
            hits.append((book.trades[trade_id].number, trade_id, marks, price))
    hits.sort(key=lambda hit: hit[0])
    for _number, trade_id, marks, price in hits:
        _settle(book, line, book.trades[trade_id], marks, price=price, at_ns=at_ns)
    line.refresh()


def _settle(
    book: Book, line: Line, trade: Trade, before: Marks, *, price: float, at_ns: int
) -> None:
    """Judge a trade that the index proposed, and arm it again if something of it stays."""
    levels = book.levels[trade.trade_id]
    verdict = judge(levels, before, price)
    leaves = verdict.leaves
    if leaves and leaves[0].part is not None and not book.unassigned(trade):
        leaves = ()  # its targets wait for what the entry may still bring
    if leaves:
        if before is not trade.marks:
            trade = msgspec.structs.replace(trade, marks=before)
        for taken in leaves:
            trade = _take(book, line, trade, taken, verdict.stops, price=price, at_ns=at_ns)
            if trade.status is not Status.ACTIVE:
                return
        levels = book.put_levels(trade)
    marks = verdict.marks
    # A best price that was judged here is in no high of the line: the row must say it.
    if leaves or marks is not before:
        trade = book.put_trade(trade, marks=marks)
        _say_marks(book, trade, levels, before, ltp=price, at_ns=at_ns)
    line.triggers(trade.side, trade.price_source).add(trade.trade_id, levels, marks)


def _take(
    book: Book,
    line: Line,
    trade: Trade,
    taken: Leave,
    stops: tuple[Candidate, ...],
    *,
    price: float,
    at_ns: int,
) -> Trade:
    """Carry out one decision of a verdict; a target's part of nothing is left to be taken."""
    asked = None
    if taken.part is not None:
        if not book.unassigned(trade):
            return trade
        asked = trade.rules.targets[taken.part].quantity
        trade = msgspec.structs.replace(trade, targets_done=trade.targets_done | 1 << taken.part)
    return leave(
        book,
        trade,
        taken.reason,
        at_ns,
        asked=asked,
        level=taken.level,
        part=taken.part,
        price=price,
        line=line,
        stops=stops,
    )


def leave(
    book: Book,
    trade: Trade,
    reason: Reason,
    at_ns: int,
    *,
    line: Line,
    asked: Decimal | None = None,
    level: Decimal | None = None,
    part: int | None = None,
    price: float | None = None,
    stops: tuple[Candidate, ...] | None = None,
) -> Trade:
    """Decide to leave ``asked`` units of a trade, None for all: it can never be decided twice.

    Units that exits have claimed are theirs to leave. The trade is TRIGGERED in this very
    call when nothing of it is left to guard and, after a target's part, nothing more can
    come. Of nothing, only the decision is kept: for what the entry still brings.
    """
    left = book.unassigned(trade)
    quantity = left if asked is None else min(left, asked)
    exit_ = Exit(
        trade_id=trade.trade_id,
        number=trade.exits + 1,
        key=trade.key,
        side=lanes.leaving_side(trade),
        quantity=quantity,
        reason=reason,
        decided_at_ns=at_ns,
        part=part,
    )
    if stops is None:
        stops = candidates(book.levels[trade.trade_id], trade.marks)
    _say_decided(book, trade, exit_, line, stops, level=level, price=price)
    takes_all = quantity == left
    whole = takes_all and not (_is_part(trade, part) and lanes.entry_may_fill(book, trade))
    trade = book.put_trade(
        trade,
        exits=exit_.number,
        status=Status.TRIGGERED if whole else trade.status,
        reason=reason if takes_all else trade.reason,
    )
    if quantity > 0:
        book.put_exit(exit_)
        lanes.advance(book, exit_.key, at_ns)
    return book.trades[trade.trade_id]


def _say_decided(
    book: Book,
    trade: Trade,
    exit_: Exit,
    line: Line,
    stops: tuple[Candidate, ...],
    *,
    level: Decimal | None,
    price: float | None,
) -> None:
    """Tell a decision with all that it was made of."""
    gate, ltp = line.gate, line.ltp
    book.say(
        ExitDecided(
            trade_id=trade.trade_id,
            exit=exit_.number,
            reason=exit_.reason,
            quantity=exit_.quantity,
            at_ns=exit_.decided_at_ns,
            level=level,
            ltp=ltp if price is None else price,
            source=trade.price_source,
            tick_at_ns=None if ltp is None else gate.at_ns,
            received_ns=None if ltp is None else gate.received_ns,
            seq=line.seq,
            best_price=trade.marks.best_price if trade.marks.trail_active else None,
            entry=book.levels[trade.trade_id].entry,
            candidates=stops,
        )
    )


def _is_part(trade: Trade, part: int | None) -> bool:
    """Whether a decision is a target's for a quantity of its own."""
    return part is not None and trade.rules.targets[part].quantity is not None


def on_deadlines(book: Book, at_ns: int) -> None:
    """Leave every trade whose time is up, in the order of the deadlines."""
    while book.deadlines and book.deadlines[0][0] <= at_ns:
        deadline_ns, _number, trade_id = heapq.heappop(book.deadlines)
        trade = book.trades.get(trade_id)
        if trade is None or trade.deadline_ns != deadline_ns or trade.status is not Status.ACTIVE:
            continue
        leave_all(book, trade, Reason.TIME, deadline_ns)


def set_clock(book: Book, skew_ns: int, at_ns: int) -> None:
    """Let time exits at a time of day follow the machine's clock.

    Of all days the one counts on which that time is nearest to when it was due: a wrong date
    changes nothing. A time that the clock was set beyond is due as before, or after ``LEAPT_NS``
    where that is sooner: a clock that is put right by then has left nothing.
    """
    was_ns = book.policy.skew_ns
    book.policy = msgspec.structs.replace(book.policy, skew_ns=skew_ns)
    for trade in list(book.trades.values()):
        rule = trade.rules.time_exit
        if trade.clock_time_ns is None:
            continue
        assert rule is not None, "a time of day without its rule"
        assert rule.at_minutes is not None, "a time of day of a duration"
        assert trade.deadline_ns is not None, "a time of day that is never due"
        since_ns = trade.clock_time_ns - was_ns - HALF_DAY_NS
        due_ns = book.session(trade.exchange).clock_time(since_ns, rule.at_minutes)
        deadline_ns = max(due_ns, min(trade.deadline_ns, at_ns + LEAPT_NS))
        moved = book.put_trade(trade, deadline_ns=deadline_ns, clock_time_ns=due_ns + skew_ns)
        book.add_deadline(moved)


def leave_all(book: Book, trade: Trade, reason: Reason, at_ns: int) -> None:
    """Leave all of a trade that no exit has claimed, by no level of its own."""
    trade = disarm(book, trade)
    line = book.line(trade.instrument)
    leave(book, trade, reason, at_ns, line=line)


def _past_stop(book: Book, trade: Trade, ltp: float, at_ns: int) -> Trade:
    """Answer for a trade that is created beyond its own stop."""
    levels = book.levels[trade.trade_id]
    stop = effective_stop(levels, trade.marks)
    price = exact(ltp)
    if stop is None or levels.sign * (price - stop.level) > 0:
        return trade
    book.say(
        PastStopFound(
            trade_id=trade.trade_id,
            ltp=ltp,
            stop=stop.level,
            answer=trade.past_stop.value,
            at_ns=at_ns,
        )
    )
    if trade.past_stop is PastStop.ASK:
        return book.put_trade(trade, unguarded=True)
    rules, marks = _from_here(trade.rules, levels, trade.marks, price, ltp)
    trade = book.put_trade(trade, rules=rules, marks=marks)
    book.put_levels(trade)
    return trade


def _from_here(
    rules: Rules, levels: Levels, marks: Marks, price: Decimal, ltp: float
) -> tuple[Rules, Marks]:
    """Return rules and marks with every passed stop at its distance from the last price."""
    for passed in candidates(levels, marks):
        if levels.sign * (price - passed.level) > 0:
            continue  # it is not passed, and no stop loosens by itself
        match passed.reason:
            case Reason.STOP:
                stop = max(Decimal(0), price - levels.sign * abs(levels.entry - passed.level))
                rules = msgspec.structs.replace(rules, stop=Level(Unit.PRICE, stop))
            case Reason.BREAKEVEN:
                marks = msgspec.structs.replace(marks, breakeven_done=False)
            case _:
                marks = msgspec.structs.replace(marks, best_price=ltp)
    return rules, marks


def _say_marks(
    book: Book, trade: Trade, levels: Levels, before: Marks, *, ltp: float, at_ns: int
) -> None:
    after = trade.marks
    if after.trail_active and not before.trail_active:
        assert after.best_price is not None, "an active trail without a best price"
        book.say(
            TrailActivated(
                trade_id=trade.trade_id,
                ltp=ltp,
                level=trail_level(levels, after.best_price),
                at_ns=at_ns,
            )
        )
    if after.breakeven_done and not before.breakeven_done:
        assert levels.breakeven is not None, "a break-even move without a level"
        book.say(
            BreakevenReached(trade_id=trade.trade_id, ltp=ltp, level=levels.breakeven, at_ns=at_ns)
        )
