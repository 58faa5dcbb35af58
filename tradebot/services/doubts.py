"""Why the guard is degraded though it works."""

from tradebot.core.adoption.found import Stage
from tradebot.core.book import Book
from tradebot.core.guard.trades import Status
from tradebot.core.leaving.exit import Exit, State
from tradebot.services.persister import Persister

# A request that has no answer after this is a doubt already, though our own call still runs.
ANSWER_NS_MAX = 2_000_000_000


def doubts_of(book: Book, persister: Persister) -> list[str]:
    """Return a sentence for each doubt; none is the good answer."""
    halt = book.halt
    doubts = [] if halt.form is None else [f"halted ({halt.form}): {halt.why}"]
    doubts += [
        f"exit {exit_.number} of trade {exit_.trade_id} {what}; who has looked there ends the "
        f"doubt by tradebot resolve {exit_.client_order_id}"
        for lane in book.lanes.values()
        for exit_ in lane
        if (what := doubt_of(exit_, book.now_ns)) is not None
    ]
    doubts += [
        f"nothing is sent on {key.instrument}: {frozen.why}; it goes on by itself when both books "
        "have been the same for 30 s, or by tradebot resolve TRADE --resend"
        for key, frozen in book.frozen.items()
    ]
    doubts += [
        f"trade {trade.trade_id} is stuck: its exit does not get through; see tradebot why "
        f"{trade.trade_id}"
        for trade in book.trades.values()
        if trade.stuck
    ]
    doubts += [
        f"trade {trade.trade_id} is unguarded, no price leaves it: its levels wait for a person; "
        f"see tradebot why {trade.trade_id}"
        for trade in book.trades.values()
        if trade.unguarded and trade.status is Status.ACTIVE
    ]
    waiting = sum(found.stage is Stage.WAITING for found in book.findings.found)
    if waiting:
        verb = "positions at the broker wait" if waiting > 1 else "position at the broker waits"
        doubts.append(f"{waiting} {verb} to be adopted or ignored: nobody guards; tradebot adopt")
    doubts += [
        f"{name} has no fit price: its {_trades(len(line.guarded))} blind"
        for name, line in book.lines.items()
        if line.guarded and line.blind_since_ns is not None
    ]
    if persister.failing_since_frame is not None:
        doubts.append(f"the database refuses: {persister.waiting} rows wait for it")
    return doubts


def _trades(count: int) -> str:
    return "trade is" if count == 1 else f"{count} trades are"


def doubt_of(exit_: Exit, now_ns: int) -> str | None:
    """Return what is not known of an exit's order, if something is not."""
    if exit_.state is State.UNKNOWN:
        return f"waits for the broker's word on {exit_.client_order_id}"
    if exit_.state is State.SENDING and now_ns - exit_.sent_at_ns >= ANSWER_NS_MAX:
        return f"has no answer to {exit_.client_order_id} yet"
    if exit_.state is State.WORKING and exit_.order_id is None:
        return f"waits for somebody's approval of {exit_.client_order_id} at the broker"
    return None
