"""Commands of people and programs, and the entry's executions: how a trade comes to be guarded."""

from decimal import Decimal

import msgspec

from tradebot.core.account import net_reads
from tradebot.core.book import Book
from tradebot.core.events import (
    EntryDied,
    EntryFilled,
    OutsideTraded,
    RulesChanged,
    TradeClosed,
    TradeCreated,
    TradeRefused,
)
from tradebot.core.guard import guarding
from tradebot.core.guard.trade_rules import effective_stop, entry_marks, levels_of, refusal
from tradebot.core.guard.trades import Marks, Reason, Rules, Side, Status, Trade, TradeRequest
from tradebot.core.inputs import CreateTrade, Execution, ExitTrade, OrderReport, UpdateTrade
from tradebot.core.intents import ReadOrder, Subscribe
from tradebot.core.leaving import lanes
from tradebot.core.market.instruments import NetKey
from tradebot.core.others import resting
from tradebot.core.others.orders import Order

ORDER_ASKED_EVERY_NS = 5_000_000_000
ADOPTED_PREFIX = "adopted-"  # of the ids that the engine gives to adopted trades


def create(book: Book, command: CreateTrade) -> None:
    """Guard a trade from now on, or refuse it and change nothing."""
    request = command.request
    trade_id = request.trade_id or _free_id(book)
    why = _refusal(book, trade_id, command)
    if why is not None:
        book.say(TradeRefused(trade_id=trade_id, field=why[0], why=why[1], at_ns=command.at_ns))
        return
    book.trades_made += 1
    trade = Trade(
        trade_id=trade_id,
        number=book.trades_made,
        account=request.account,
        strategy=request.strategy,
        exchange=request.exchange,
        symbol=request.symbol,
        product=request.product,
        side=request.side,
        quantity=request.quantity,
        rules=request.rules,
        past_stop=request.past_stop,
        price_source=request.price_source,
        tag=request.tag,
        order_id=request.order_id,
        adopted=request.adopted,
        created_at_ns=command.at_ns,
    )
    listen(book, trade, command.at_ns)
    book.say(
        TradeCreated(
            trade_id=trade_id,
            instrument=trade.instrument,
            side=trade.side,
            status=trade.status,
            at_ns=command.at_ns,
        )
    )
    opened_at_ns = command.at_ns if command.opened_at_ns is None else command.opened_at_ns
    if request.order_id is None:
        assert request.quantity is not None, "a trade without a quantity"
        assert request.entry_price is not None, "a trade without an entry price"
        entered(book, trade, request.quantity, request.entry_price, opened_at_ns)
        if trade.side.sign * book.net(trade.key) < request.quantity:
            # The position is from before we looked: what the broker holds is read now, so
            # that a stop does not have to wait for it.
            net_reads.ask(book, trade.key)
    else:
        _bind(book, book.put_trade(trade), request.order_id, opened_at_ns)


def update(book: Book, command: UpdateTrade) -> None:
    """Replace a trade's rules: the only way in which a stop may loosen."""
    trade = _open_trade(book, command.trade_id, command.at_ns)
    if trade is None:
        return
    if trade.status is Status.TRIGGERED:
        why = f"trade {trade.trade_id} is being left; its rules are over"
        _refuse(book, trade.trade_id, why, command.at_ns)
        return
    if trade.status is Status.PENDING:
        book.put_trade(trade, rules=command.rules, targets_done=0)
        book.say(RulesChanged(trade_id=trade.trade_id, at_ns=command.at_ns, stop=None, was=None))
        return
    trade = guarding.disarm(book, trade)
    was = effective_stop(book.levels[trade.trade_id], trade.marks)
    kept = trade.rules.targets == command.rules.targets
    changed = msgspec.structs.replace(
        trade, rules=command.rules, targets_done=trade.targets_done if kept else 0
    )
    levels = book.put_levels(changed)
    marks = entry_marks(levels, _kept_marks(trade.rules, command.rules, trade.marks))
    trade = book.put_trade(
        changed,
        marks=marks,
        armed=False,
        unguarded=False,
        **(
            {}
            if trade.rules.time_exit == command.rules.time_exit
            else _deadline(book, changed, changed.opened_at_ns, command.at_ns)
        ),
    )
    book.add_deadline(trade)
    now = effective_stop(levels, marks)
    book.say(
        RulesChanged(
            trade_id=trade.trade_id,
            at_ns=command.at_ns,
            stop=now.level if now else None,
            was=was.level if was else None,
        )
    )
    guarding.arm(book, trade, command.at_ns)


def exit_now(book: Book, command: ExitTrade) -> None:
    """Leave a trade because a person says so."""
    trade = _open_trade(book, command.trade_id, command.at_ns)
    if trade is None:
        return
    if trade.status is Status.PENDING:
        why = f"trade {trade.trade_id} has no filled entry yet: there is nothing to leave"
        _refuse(book, trade.trade_id, why, command.at_ns)
    elif trade.status is Status.ACTIVE:
        guarding.leave_all(book, trade, command.reason, command.at_ns)


def on_execution(book: Book, execution: Execution) -> bool:
    """Keep a fill that is not of our exits; one of a trade's entry order is guarded at once.

    Returns whether it is one of an entry order.
    """
    trade = _entered_by(book, execution)
    book.orders.execute(execution)
    if trade is None:
        trade = _revived(book, execution)
    if trade is not None:
        entered(book, trade, execution.quantity, execution.price, execution.at_ns)
        return True
    if book.guards(execution.key):
        book.say(
            OutsideTraded(
                instrument=execution.key.instrument,
                side=execution.side,
                quantity=execution.quantity,
                net=book.net(execution.key),
                guarded=book.guarded_net(execution.key),
                at_ns=execution.at_ns,
            )
        )
    return False


def on_report(book: Book, report: OrderReport) -> None:
    """Keep the broker's word on an order that is not our exit's."""
    trade = _entered_by(book, report)
    order = book.orders.report(report)
    if resting.on_report(book, report):
        lanes.advance(book, report.key, report.at_ns)
    if trade is None:
        return
    if order.died_unfilled and trade.status is Status.PENDING:
        _never_filled(book, trade, order, report.at_ns)
    else:
        lanes.close_if_left(book, trade, report.at_ns)


def _entered_by(book: Book, word: Execution | OrderReport) -> Trade | None:
    """Return the trade whose entry order a word is about.

    Some brokers count their ids anew each day: one on another order ends what the id meant.
    """
    trade = book.trades.get(book.entry_of_order.get(word.order_id, ""))
    if trade is None or trade.instrument == word.key.instrument:
        return trade
    del book.entry_of_order[word.order_id]
    return None


def wake(book: Book, at_ns: int) -> None:
    """Ask for entry orders that no report has settled: a stream may have dropped the last one."""
    for order_id, due_ns in list(book.order_due_ns.items()):
        order = book.orders.get(order_id)
        if order is not None and order.is_settled:
            del book.order_due_ns[order_id]
        elif due_ns <= at_ns:
            _ask(book, order_id, at_ns)


def _ask(book: Book, order_id: str, at_ns: int) -> None:
    book.order_due_ns[order_id] = at_ns + ORDER_ASKED_EVERY_NS
    book.want(ReadOrder(order_id))


def _bind(book: Book, trade: Trade, order_id: str, at_ns: int) -> None:
    """Tie a trade to its entry order; what that order has done already counts."""
    book.entry_of_order[order_id] = trade.trade_id
    _ask(book, order_id, at_ns)
    order = book.orders.get(order_id)
    if order is None:
        return
    if order.executed:
        entered(book, trade, order.executed, order.notional / order.executed, at_ns)
    elif order.died_unfilled:
        _never_filled(book, trade, order, at_ns)


def entered(book: Book, trade: Trade, quantity: Decimal, price: Decimal, at_ns: int) -> None:
    """Guard what has entered: levels from the new average entry, marks kept."""
    if trade.filled:
        trade = guarding.disarm(book, trade)
    is_new = not trade.filled
    filled = trade.filled + quantity
    notional = trade.entry_notional + quantity * price
    levels = book.put_levels(trade, notional / filled)
    opened_at_ns = at_ns if trade.opened_at_ns is None else trade.opened_at_ns
    trade = book.put_trade(
        trade,
        filled=filled,
        entry_notional=notional,
        tick_size=book.lines[trade.instrument].grid,
        opened_at_ns=opened_at_ns,
        status=Status.ACTIVE if trade.status is Status.PENDING else trade.status,
        reason=trade.reason if trade.status is Status.TRIGGERED else None,
        marks=entry_marks(levels, trade.marks),
        **(_deadline(book, trade, opened_at_ns, at_ns) if is_new else {}),
    )
    book.add_deadline(trade)
    book.say(
        EntryFilled(
            trade_id=trade.trade_id,
            quantity=quantity,
            filled=trade.filled,
            entry=levels.entry,
            at_ns=at_ns,
            seq=book.heard_seq,
        )
    )
    if trade.status is Status.TRIGGERED:
        # The exit was decided before this part came: it leaves too, for the same reason.
        line = book.line(trade.instrument)
        reason = trade.reason or Reason.MANUAL
        guarding.leave(book, trade, reason, at_ns, line=line)
    elif book.halt.leaves_trades:
        guarding.leave_all(book, trade, Reason.HALT, at_ns)
    elif not trade.unguarded:
        guarding.arm(book, trade, at_ns, is_new=is_new)


def _never_filled(book: Book, trade: Trade, order: Order, at_ns: int) -> None:
    why = order.message or f"its entry order {order.order_id} is {order.state.value}"
    book.say(EntryDied(trade_id=trade.trade_id, why=why, at_ns=at_ns))
    trade = book.put_trade(trade, status=Status.NEVER_FILLED, closed_at_ns=at_ns)
    book.say(
        TradeClosed(
            trade_id=trade.trade_id,
            status=trade.status,
            reason=None,
            exit_price=None,
            realized_pnl=Decimal(0),
            at_ns=at_ns,
        )
    )
    book.retire(trade)
    book.unfilled[order.order_id] = trade


def _revived(book: Book, execution: Execution) -> Trade | None:
    """Bring back the trade of an entry order that was called dead and fills all the same."""
    trade = book.unfilled.pop(execution.order_id, None)
    if trade is None or trade.instrument != execution.key.instrument:
        return None
    trade = book.put_trade(trade, status=Status.PENDING, closed_at_ns=None)
    listen(book, trade, execution.at_ns)
    book.entry_of_order[execution.order_id] = trade.trade_id
    _ask(book, execution.order_id, execution.at_ns)
    return trade


def listen(book: Book, trade: Trade, at_ns: int) -> None:
    """Want the prices of a trade's instrument."""
    line = book.line(trade.instrument)
    if not line.guarded:
        line.start(at_ns, book.policy.stale_after_ns)
        book.want(Subscribe(trade.instrument))
    book.note_open(line, trade)


def _deadline(
    book: Book, trade: Trade, opened_at_ns: int | None, at_ns: int
) -> dict[str, int | None]:
    """Return when a trade's time is up: a duration counts from its entry, a clock from now."""
    rule = trade.rules.time_exit
    if rule is None:
        return {"deadline_ns": None, "clock_time_ns": None}
    if rule.after_ns is not None:
        assert opened_at_ns is not None, "a time exit of a trade that is not open"
        return {"deadline_ns": opened_at_ns + rule.after_ns, "clock_time_ns": None}
    assert rule.at_minutes is not None, "a time exit without a time"
    due_ns = book.session(trade.exchange).clock_time(at_ns, rule.at_minutes)
    return {"deadline_ns": due_ns, "clock_time_ns": due_ns + book.policy.skew_ns}


def _kept_marks(old: Rules, new: Rules, marks: Marks) -> Marks:
    """Return what of the marks outlives an edit: what the new rules would remember too."""
    trails = marks.trail_active and new.trail is not None
    return Marks(
        trail_active=trails,
        best_price=marks.best_price if trails else None,
        breakeven_done=marks.breakeven_done and new.breakeven == old.breakeven,
    )


def _refusal(book: Book, trade_id: str, command: CreateTrade) -> tuple[str, str] | None:
    """Say which field makes a request impossible, and why."""
    request = command.request
    if not book.halt.takes_trades:
        halt = book.halt
        return "halt", f"no new trade is taken: a person halted ({halt.form}): {halt.why}"
    if trade_id in book.trades:
        return "trade_id", f"trade {trade_id} exists already"
    if trade_id.startswith(ADOPTED_PREFIX) and not request.adopted:
        return "trade_id", f"trade_id {trade_id}: {ADOPTED_PREFIX} begins the ids of adopted trades"
    if request.order_id is not None and request.order_id in book.entry_of_order:
        owner = book.entry_of_order[request.order_id]
        return "order_id", f"order {request.order_id} is the entry of trade {owner} already"
    if not book.policy.opposite_allowed and (other := _opposite(book, request)):
        return "side", (
            f"{request.side.value.lower()} trade {trade_id} would net against trade "
            f"{other.trade_id} on {request.exchange}:{request.symbol} {request.product}"
        )
    if command.strict and (why := planned_refusal(book, trade_id, request)):
        return "rules", why
    return None


def planned_refusal(book: Book, trade_id: str, request: TradeRequest) -> str | None:
    """Say why a request's levels are no plan for its entry, or None where they are one."""
    if request.entry_price is None:
        return None
    instrument = book.instrument(f"{request.exchange}:{request.symbol}")
    levels = levels_of(request.rules, request.side, request.entry_price, instrument)
    return refusal(trade_id, request.side, levels, request.rules)


def _opposite(book: Book, request: TradeRequest) -> Trade | None:
    """Return an open trade of the other side on the same net position."""
    key = NetKey(request.account, request.exchange, request.symbol, request.product)
    other = Side.SHORT if request.side is Side.LONG else Side.LONG
    oldest = next(iter(book.open_on.get((key, other), ())), None)
    return None if oldest is None else book.trades[oldest]


def _free_id(book: Book) -> str:
    number = book.trades_made + 1
    while f"T{number}" in book.trades:
        number += 1
    return f"T{number}"


def _open_trade(book: Book, trade_id: str, at_ns: int) -> Trade | None:
    trade = book.trades.get(trade_id)
    if trade is None:
        _refuse(book, trade_id, f"trade {trade_id} is not open", at_ns)
    return trade


def _refuse(book: Book, trade_id: str, why: str, at_ns: int) -> None:
    book.say(TradeRefused(trade_id=trade_id, field="trade_id", why=why, at_ns=at_ns))
