"""What the exchange says of an instrument, and what it changes for trades that are guarded."""

from decimal import Decimal

import msgspec

from tradebot.core.book import Book
from tradebot.core.guard import guarding
from tradebot.core.guard.lines import Line, set_band
from tradebot.core.guard.trades import Status
from tradebot.core.inputs import InstrumentsLoaded
from tradebot.core.market.instrument_events import InstrumentChanged, InstrumentRefused
from tradebot.core.market.instruments import Instrument, wrong_with
from tradebot.core.money import exact


def on_instruments(book: Book, loaded: InstrumentsLoaded) -> None:
    """Take descriptions one by one; one that cannot be true replaces nothing."""
    for instrument in loaded.instruments:
        line = book.lines.get(instrument.id)
        why = wrong_with(instrument) or _wrong_at(instrument, line)
        if why is not None:
            name = instrument.id
            book.say(InstrumentRefused(instrument=name, why=why, at_ns=book.now_ns))
            continue
        before = book.instruments.get(instrument.id)
        if instrument.freeze_quantity is None and before is not None:
            # Half of the lists leave it out now and then; slices that are smaller than they
            # would have to be do no harm, one order that is too large never leaves.
            instrument = msgspec.structs.replace(  # noqa: PLW2901 - completed
                instrument, freeze_quantity=before.freeze_quantity
            )
        book.instruments[instrument.id] = instrument
        if line is not None:
            _describe(book, line, instrument)


def _wrong_at(instrument: Instrument, line: Line | None) -> str | None:
    """Say why a description does not fit the prices that are seen: each is a multiple of it."""
    if line is None or line.ltp is None or instrument.tick_size <= exact(line.ltp):
        return None
    return f"tick size {instrument.tick_size} is more than the last price {exact(line.ltp)}"


def _describe(book: Book, line: Line, instrument: Instrument) -> None:
    """Set the gate to the new band; levels move only where they stood on a guess."""
    before, line.instrument = line.instrument, instrument
    set_band(line.gate, instrument)
    if not line.guarded:
        return
    if line.grid is None:
        if not instrument.guessed:
            _stand(book, line, instrument.tick_size)
        return
    was = _Was(line.grid, None, None) if before.guessed else _Was.of(before)
    _tell_change(book, line, was)


def on_restored(book: Book) -> None:
    """Tell what changed between two lives: the levels that were restored stand where they did."""
    for line in book.lines.values():
        if line.guarded and line.grid is not None and not line.instrument.guessed:
            _tell_change(book, line, _Was(line.grid, None, None))


def _tell_change(book: Book, line: Line, was: "_Was") -> None:
    now = line.instrument
    if was.is_like(now):
        return
    book.say(
        InstrumentChanged(
            instrument=now.id,
            tick_size=now.tick_size,
            tick_size_was=was.tick_size,
            lot_size=now.lot_size,
            lot_size_was=was.lot_size,
            freeze_quantity=now.freeze_quantity,
            freeze_quantity_was=was.freeze_quantity,
            trades=len(line.guarded),
            at_ns=book.now_ns,
        )
    )


class _Was(msgspec.Struct, frozen=True):
    """What an instrument was traded in."""

    tick_size: Decimal
    lot_size: Decimal | None  # None: not known
    freeze_quantity: Decimal | None

    @classmethod
    def of(cls, instrument: Instrument) -> "_Was":
        return cls(instrument.tick_size, instrument.lot_size, instrument.freeze_quantity)

    def is_like(self, now: Instrument) -> bool:
        return self.tick_size == now.tick_size and (self.lot_size is None or self == _Was.of(now))


def _stand(book: Book, line: Line, tick_size: Decimal) -> None:
    """Put levels that were computed on a guess on the true ticks, where they stay."""
    # Trades of one line share a tick size, so all are disarmed before the first is armed.
    trades = [guarding.disarm(book, book.trades[trade_id]) for trade_id in sorted(line.guarded)]
    line.grid = tick_size
    for trade in trades:
        if not trade.filled:
            continue
        stood = book.put_trade(trade, tick_size=tick_size)
        book.put_levels(stood)
        if stood.status is Status.ACTIVE and not stood.unguarded:
            guarding.arm(book, stood, line.gate.at_ns)
