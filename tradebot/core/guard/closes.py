"""A previous close that is not ours: a split or a bonus moves a price and costs nobody anything.

What a share or a future was last worth in a session is kept with its trades. Where the next
session begins far from that, no trade is judged before a quote has said what the exchange
takes for the close. One that is not ours, and explains the new price, pauses the trades of
before until a person has set their levels anew. Nobody who says it within three seconds: the
prices that came meanwhile are judged as they are, because a gap is what stops are for. And so
are they for the trades of strategies whose operator has said so: nothing is asked for these.
"""

from msgspec.structs import replace

from tradebot.core.adoption.strategies import OnCorporateAction
from tradebot.core.book import Book
from tradebot.core.events import PriceHeld, PriceResolved
from tradebot.core.guard import guarding
from tradebot.core.guard.lines import Doubt, Line
from tradebot.core.guard.previous_closes import Verdict, are_apart, verdict
from tradebot.core.guard.trades import LastClose, Status, Trade
from tradebot.core.inputs import QuoteReply
from tradebot.core.intents import AskQuote
from tradebot.core.market.instrument_events import TradePaused
from tradebot.core.market.instruments import Kind
from tradebot.core.market.sessions import ROUND_THE_CLOCK

STANDS_NS = 30 * 60 * 1_000_000_000  # before the close, a last price stands for it
ANSWER_NS = 3 * 1_000_000_000
# The close of an option is settled by other rules than trades, and its nights have such gaps.
_KINDS = frozenset({Kind.CASH, Kind.FUTURE})
_INTRADAY = "MIS"  # squared off before the close, by us or by the broker: there is no night in it
_NEVER_NS = ROUND_THE_CLOCK[1]


def waits(book: Book, line: Line, prices: tuple[float, ...], received_ns: int) -> bool:
    """Whether prices that were just accepted wait for what a quote says of the close."""
    gate = line.gate
    if line.opened_ns != gate.opens_ns:
        line.opened_ns, line.closes_ns = gate.opens_ns, gate.closes_ns
        close = _close_before(line, _paused_by_actions(book, line))
        if close is not None and are_apart(gate.ltp, close.price):
            line.doubt = Doubt(
                close=close.price,
                earlier=close.earlier,
                first=gate.ltp,
                low=gate.ltp,
                high=gate.ltp,
                since_ns=received_ns,
            )
            _ask(book, line)
            name = line.instrument.id
            book.say(
                PriceHeld(instrument=name, ltp=gate.ltp, before=close.price, at_ns=received_ns)
            )
    doubt = line.doubt
    if doubt is None:
        return False
    line.doubt = replace(doubt, low=min(doubt.low, *prices), high=max(doubt.high, *prices))
    gate.near = 0.0  # every price gets a look
    return True


def answered(book: Book, line: Line, reply: QuoteReply) -> None:
    """Take what a quote says of the close; one that says no price has said nothing."""
    doubt = line.doubt
    if doubt is None or reply.ltp is None:
        return
    found = verdict(doubt.close, reply.prev_close, reply.ltp, doubt.earlier)
    if found is not Verdict.GAP:
        assert reply.prev_close is not None, "nothing explains a price"
        _pause(book, line, reply.prev_close, found, reply.received_ns)
    _settle(book, line, doubt, reply.received_ns)


def wake(book: Book, at_ns: int) -> None:
    """Keep the closes of sessions that are over, and end the doubts that nobody answers."""
    for line in book.lines.values():
        doubt = line.doubt
        if doubt is not None and at_ns - doubt.since_ns > ANSWER_NS:
            _settle(book, line, doubt, at_ns)
        elif doubt is not None and not line.quote_asked:
            _ask(book, line)
        if line.closes_ns <= at_ns:
            _keep(book, line)
            line.closes_ns = _NEVER_NS


def _keep(book: Book, line: Line) -> None:
    """Keep the last price with the trades, where it came so late that it stands for the close."""
    price = line.ltp
    if line.instrument.kind not in _KINDS or line.gate.at_ns < line.closes_ns - STANDS_NS:
        return
    assert price is not None, f"{line.instrument.id} closes without a price"
    trades = _open(book, line)
    before = _close_before(line, trades)
    close = LastClose(
        price=price, at_ns=line.closes_ns, earlier=None if before is None else before.price
    )
    for trade in trades:
        if trade.product != _INTRADAY:
            book.put_trade(trade, last_close=close)


def _close_before(line: Line, trades: list[Trade]) -> LastClose | None:
    """Return the close of the session right before this one, where one of the trades has it."""
    session = line.gate.session
    for trade in trades:
        close = trade.last_close
        if close is not None and session.window(close.at_ns)[0] == line.opened_ns:
            return close
    return None


def _pause(book: Book, line: Line, prev_close: float, found: Verdict, at_ns: int) -> None:
    """Have no price leave the trades of before until a person has looked."""
    for trade in _paused_by_actions(book, line):
        close = trade.last_close
        if close is None:
            continue  # it was opened today, at prices of today
        paused = guarding.disarm(book, trade)
        book.put_trade(paused, unguarded=True, last_close=None)
        book.say(
            TradePaused(
                trade_id=trade.trade_id,
                instrument=trade.instrument,
                close=close.price,
                prev_close=prev_close,
                ltp=line.gate.ltp,
                unsure=found is Verdict.UNSURE,
                at_ns=at_ns,
            )
        )


def _settle(book: Book, line: Line, doubt: Doubt, at_ns: int) -> None:
    """Judge what came meanwhile: the lowest and the highest, and where it stands now."""
    line.doubt = None
    ltp = line.gate.ltp
    name = line.instrument.id
    book.say(PriceResolved(instrument=name, ltp=doubt.first, by=ltp, confirmed=True, at_ns=at_ns))
    guarding.on_prices(book, line, (doubt.low, doubt.high, ltp), line.gate.at_ns)


def _ask(book: Book, line: Line) -> None:
    line.quote_asked = True
    book.want(AskQuote(instrument=line.instrument.id, why="the session opens far from the close"))


def _open(book: Book, line: Line) -> list[Trade]:
    """Return the trades of a line that prices leave, the oldest first."""
    found = (book.trades[trade_id] for trade_id in line.guarded)
    return sorted(
        (trade for trade in found if trade.status is Status.ACTIVE and not trade.unguarded),
        key=lambda trade: trade.number,
    )


def _paused_by_actions(book: Book, line: Line) -> list[Trade]:
    """Return those of them that a corporate action pauses, the oldest first."""
    of = book.policy.on_corporate_action
    return [trade for trade in _open(book, line) if of(trade.strategy) is OnCorporateAction.PAUSE]
