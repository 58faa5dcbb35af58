"""The book of an earlier life, from what it made durable."""

from bisect import bisect_right
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tradebot.core.account import net_reads
from tradebot.core.account.positions import Position
from tradebot.core.adoption.found import Findings
from tradebot.core.book import Book
from tradebot.core.guard import admission, covering, describing, guarding
from tradebot.core.guard.lines import line_name, split_line_name
from tradebot.core.guard.trades import PastStop, Status, Trade
from tradebot.core.intents import QueryOrder
from tradebot.core.leaving import exits, halting
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.others.orders import Order
from tradebot.core.records import HighReached, Snapshot, TradeSaved

PAUSE_NS_MAX = 60_000_000_000  # no pause of an exit is longer


def restore(book: Book, snapshot: Snapshot, at_ns: int) -> None:
    """Fill an empty book. What was being sent when the process died is in doubt."""
    assert not book.trades, "a book is restored once, before anything else"
    book.now_ns = book.restored_ns = at_ns
    book.trades_made = snapshot.trades_made
    book.lines_told = snapshot.lines_told
    book.halt = snapshot.halt
    book.findings = _findings_now(snapshot.findings, at_ns)
    if snapshot.heard is not None:
        book.heard_seq = snapshot.heard.seq
        book.heard_at_ns = snapshot.heard.at_ns
    for position in snapshot.positions:
        book.positions[position.key] = _position_now(position, at_ns)
    for execution in snapshot.executions:
        book.note_seen(execution)
        book.orders.execute(execution)
    highs = by_line(snapshot.highs)
    # Trades of one line share their ticks; the levels of a guess move on to those that are known.
    grids = {s.trade.instrument: s.trade.tick_size for s in snapshot.trades if s.trade.tick_size}
    for saved in sorted(snapshot.trades, key=lambda saved: saved.trade.number):
        trade = _trade_now(restored_marks(saved, highs), at_ns)
        _restore_trade(book, trade, grids.get(trade.instrument), at_ns)
    describing.on_restored(book)
    _count_highs(book, snapshot)
    _restore_exits(book, snapshot, at_ns)
    for trade in list(book.trades.values()):
        if trade.status is Status.ACTIVE and not trade.unguarded:
            guarding.arm(book, trade, at_ns)
    for key in dict.fromkeys(trade.key for trade in book.trades.values() if trade.filled):
        net_reads.distrust(book, key)
        net_reads.distrust_orders(book, key.account)
    if book.halt.leaves_trades:
        halting.leave_every(book, at_ns)
    covering.restore(book, snapshot.uncovered, at_ns)


def restored_marks(saved: TradeSaved, highs: dict[str, list[HighReached]]) -> Trade:
    """Return a trade with its best price: its own, or the best of the highs since."""
    trade = saved.trade
    best = trade.marks.best_price
    name = line_name(trade.instrument, trade.side, trade.price_source)
    if best is None or name not in highs or not _was_judged(trade):
        return trade
    since = highs[name]
    first = bisect_right(since, saved.highs_seen, key=lambda high: high.number)
    better = max if trade.side.sign > 0 else min
    for high in since[first:]:
        best = better(best, high.price)
    marks = msgspec.structs.replace(trade.marks, best_price=best)
    return msgspec.structs.replace(trade, marks=marks)


def _was_judged(trade: Trade) -> bool:
    """Whether prices moved its marks: highs count for trades that were armed, and no others."""
    answered = trade.armed or trade.past_stop is PastStop.EXIT
    return (
        trade.status is Status.ACTIVE
        and trade.marks.trail_active
        and answered
        and not trade.unguarded
    )


def _restore_trade(book: Book, trade: Trade, grid: Decimal | None, at_ns: int) -> None:
    book.trades[trade.trade_id] = trade
    admission.listen(book, trade, at_ns)
    if grid is not None:
        book.line(trade.instrument).grid = grid
    if trade.filled:
        book.put_levels(trade)
    if trade.order_id is not None:
        # What entered the trade is what its order has executed, however few executions the
        # store remembers.
        book.orders.put(
            Order(order_id=trade.order_id, executed=trade.filled, notional=trade.entry_notional)
        )
        book.entry_of_order[trade.order_id] = trade.trade_id
        book.order_due_ns[trade.order_id] = at_ns
    if trade.status is Status.ACTIVE:
        book.add_deadline(trade)


def _count_highs(book: Book, snapshot: Snapshot) -> None:
    """Number the next highs after every one on disk: an old one must never lift a new trade."""
    counts: dict[str, int] = {}
    for high in snapshot.highs:
        counts[high.line] = max(counts.get(high.line, 0), high.number)
    for saved in snapshot.trades:
        trade = saved.trade
        name = line_name(trade.instrument, trade.side, trade.price_source)
        counts[name] = max(counts.get(name, 0), saved.highs_seen)
    for name, count in counts.items():
        instrument, side, source = split_line_name(name)
        book.line(instrument).start_highs(side, source, count)


def _restore_exits(book: Book, snapshot: Snapshot, at_ns: int) -> None:
    numbers = {trade_id: trade.number for trade_id, trade in book.trades.items()}
    for saved in sorted(
        snapshot.exits, key=lambda e: (e.decided_at_ns, numbers[e.trade_id], e.number)
    ):
        exit_ = _exit_now(saved, at_ns)
        if exit_.state.is_in_doubt:
            assert exit_.client_order_id is not None, "a request without a name"
            book.put_exit(exits.in_doubt(exit_, at_ns))
            book.want(QueryOrder(client_order_id=exit_.client_order_id, key=exit_.key))
        elif exit_.state in (State.WORKING, State.CHECKING):
            book.put_exit(exits.due_now(exit_, at_ns))
        else:
            book.put_exit(exit_)


# A clock may have been set back since the last life: what lies ahead of the time counts from
# now, so that nothing waits for hours, and no request is called dead before its time.


def _exit_now(exit_: Exit, at_ns: int) -> Exit:
    return msgspec.structs.replace(
        exit_,
        sent_at_ns=min(exit_.sent_at_ns, at_ns),
        held_ns=min(exit_.held_ns, at_ns),
        flat_since_ns=min(exit_.flat_since_ns, at_ns),
        due_at_ns=min(exit_.due_at_ns, at_ns + PAUSE_NS_MAX),
    )


def _position_now(position: Position, at_ns: int) -> Position:
    left = position.left
    if left is not None:
        left = msgspec.structs.replace(left, at_ns=min(left.at_ns, at_ns))
    return msgspec.structs.replace(
        position,
        left=left,
        moved_at_ns=min(position.moved_at_ns, at_ns),
        corrected_at_ns=min(position.corrected_at_ns, at_ns),
        # What executes from now on is in no net that was read before.
        included_ns=position.included_ns if position.included_ns <= at_ns else 0,
    )


def _findings_now(findings: Findings, at_ns: int) -> Findings:
    found = (
        msgspec.structs.replace(one, since_ns=min(one.since_ns, at_ns), flat_since_ns=None)
        for one in findings.found
    )
    return msgspec.structs.replace(
        findings, first_look_ns=min(findings.first_look_ns, at_ns), found=tuple(found)
    )


def _trade_now(trade: Trade, at_ns: int) -> Trade:
    rule = trade.rules.time_exit
    if rule is None or trade.deadline_ns is None:
        return trade
    if rule.after_ns is None:
        # A life begins with the time of the machine's clock. Earlier versions kept only one.
        due_ns = trade.deadline_ns if trade.clock_time_ns is None else trade.clock_time_ns
        return msgspec.structs.replace(trade, deadline_ns=due_ns, clock_time_ns=due_ns)
    deadline_ns = min(trade.deadline_ns, at_ns + rule.after_ns)
    return msgspec.structs.replace(trade, deadline_ns=deadline_ns)


def by_line(highs: Iterable[HighReached]) -> dict[str, list[HighReached]]:
    """Return the highs of each line, in the order of their numbers."""
    lines: dict[str, list[HighReached]] = {}
    for high in sorted(highs, key=lambda high: high.number):
        lines.setdefault(high.line, []).append(high)
    return lines
