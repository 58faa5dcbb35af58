"""Inputs as text: what a live engine took and what it answered, so that another can do it again.

A part of a recording is two texts. The *rows* are ticks in the replay's own format, usable
without the other. The *lines* are JSON objects, one a line, each with ``after``, the number
of rows that came before it::

    {"part": {...}}                      the head: which recording, which part
    {"state": {...}, "left": 0}          the engine when the part began, in pieces
    {"after": 812, "ticks": {...}}       what rows cannot say of those up to here: true times
    {"after": 812, "Timer": {...}}       any other input, by its name
    {"after": 812, "said": [[...], ...]} what the engine has answered since, each by its name
    {"after": 812, "end": "why"}         the part is whole

A tick that no row can say (a symbol with a comma, a bid that is no price) is a line.
"""

import itertools
import math
import typing
from collections.abc import Iterable, Iterator

import msgspec

from tradebot.core.checkpoint import Checkpoint, joined, pieces
from tradebot.core.events import Event
from tradebot.core.inputs import Input, Tick
from tradebot.core.intents import Intent
from tradebot.core.market.price_gate import AHEAD_NS_MAX
from tradebot.core.words.tick_files import AT_NS_MAX, AT_NS_MIN
from tradebot.errors import InputError

VERSION = 1
ROWS_HEADER = "ts_ns,exchange,symbol,price,bid,ask\n"
ANSWERS_MAX = 100  # in one line
NAMES_MAX = 100_000  # instruments whose cells are remembered

_encode = msgspec.json.Encoder().encode
_Object = dict[str, msgspec.Raw]
_read_object = msgspec.json.Decoder(_Object).decode
_FLOATS = ("ltp", "bid", "ask")


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of which recording this is."""

    recording: str
    number: int  # from 1
    begun_ns: int
    program: str  # the version of tradebot that was recorded
    version: int = VERSION  # of this format


class Part(msgspec.Struct, frozen=True):
    """A part begins: the engine as it was."""

    head: Head
    state: Checkpoint


class Taken(msgspec.Struct, frozen=True):
    """The engine took an input."""

    item: Input
    rows: int  # of the part, this one included


class Said(msgspec.Struct, frozen=True):
    """What the engine answered to the inputs since the last one, each as its text."""

    answers: tuple[bytes, ...]
    rows: int


class End(msgspec.Struct, frozen=True):
    """A part is over."""

    why: str
    is_whole: bool  # False: the process died, or the rest is lost


Step = Part | Taken | Said | End


class _Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the rows since the last line do not say."""

    count: int
    seq: int | tuple[int, ...]  # of the first one, where each is one more than the one before
    at: tuple[int, ...] = ()  # the tick's time less the row's; empty: the same
    received: tuple[int, ...] = ()


_INPUTS: dict[str, msgspec.json.Decoder[Input]] = {
    kind.__name__: msgspec.json.Decoder(kind) for kind in typing.get_args(Input)
}


class Scribe:
    """Writes one part after the other. What is written waits in memory until ``taken``."""

    def __init__(self) -> None:
        """Start with nothing written."""
        self._rows: list[str] = []
        self._lines: list[bytes] = []
        self._answers: list[bytes] = []
        self._count = 0
        self._row_ns = AT_NS_MIN  # times of rows never go back
        self._seqs: list[int] = []
        self._ats: list[int] = []
        self._receiveds: list[int] = []
        self._names: dict[str, str] = {}

    def begin(self, head: Head, state: Checkpoint) -> Iterator[None]:
        """Begin a part; whoever iterates may let others run between two pieces."""
        self._count, self._row_ns = 0, AT_NS_MIN
        self._rows.append(ROWS_HEADER)
        self._lines.append(b'{"part":%b}' % _encode(head))
        of_state = list(pieces(state))
        for left, piece in zip(reversed(range(len(of_state))), of_state, strict=True):
            self._lines.append(b'{"state":%b,"left":%d}' % (_encode(piece), left))
            yield

    def take(self, item: Input) -> None:
        """Write an input that the engine took."""
        if self._answers:
            self._close()
        if type(item) is Tick and self._take_tick(item):
            return
        self._close()
        more = b""
        if odd := _odd_floats(item):  # JSON has no words for them
            item = msgspec.structs.replace(item, **dict.fromkeys(odd, 0.0))
            more = b',"floats":%b' % _encode(odd)
        text = b'"%b":%b' % (type(item).__name__.encode(), _encode(item))
        self._lines.append(b'{"after":%d,%b%b}' % (self._count, text, more))

    def say(self, answer: Event | Intent) -> None:
        """Write what the engine answered to the last input."""
        self._answers.append(answer_text(answer))
        if len(self._answers) >= ANSWERS_MAX:
            self._close()

    def end(self, why: str) -> None:
        """End the part."""
        self._close()
        self._lines.append(b'{"after":%d,"end":%b}' % (self._count, _encode(why)))

    def taken(self) -> tuple[bytes, bytes]:
        """Return the rows and the lines written since the last time: both end whole."""
        self._close()
        rows = "".join(self._rows).encode()
        lines = b"".join([line + b"\n" for line in self._lines])
        self._rows.clear()
        self._lines.clear()
        return rows, lines

    def _take_tick(self, tick: Tick) -> bool:
        """Write a tick as a row, or say that none can hold it."""
        name = self._names.get(tick.instrument)
        if name is None:
            name = self._named(tick.instrument)
        at_ns, received_ns, bid, ask = tick.at_ns, tick.received_ns, tick.bid, tick.ask
        # A time too far ahead is not believed by the gate, and would hold up all later rows.
        row_ns = max(self._row_ns, min(at_ns, received_ns + AHEAD_NS_MAX))
        fits = (bid is None or 0 < bid < math.inf) and (ask is None or 0 < ask < math.inf)
        if not (name and fits and row_ns < AT_NS_MAX):
            return False
        self._row_ns = row_ns
        self._rows.append(
            f"{row_ns},{name},{tick.ltp!r},{'' if bid is None else repr(bid)},"
            f"{'' if ask is None else repr(ask)}\n"
        )
        self._count += 1
        self._seqs.append(tick.seq)
        self._ats.append(at_ns - row_ns)
        self._receiveds.append(received_ns - row_ns)
        return True

    def _named(self, instrument: str) -> str:
        """Return the cells of an instrument; empty where a row cannot hold them."""
        exchange, colon, symbol = instrument.partition(":")
        fits = colon and all(
            word and word.isprintable() and word == word.strip() and not {*word} & {",", '"'}
            for word in (exchange, symbol)
        )
        if len(self._names) >= NAMES_MAX:
            self._names.clear()
        name = self._names[instrument] = f"{exchange},{symbol}" if fits else ""
        return name

    def _close(self) -> None:
        """Write what is to be said of the rows so far, then the answers to them."""
        if seqs := self._seqs:
            first = seqs[0]
            rises = seqs == list(range(first, first + len(seqs)))
            run = _Run(
                count=len(seqs),
                seq=first if rises else tuple(seqs),
                at=tuple(self._ats) if any(self._ats) else (),
                received=tuple(self._receiveds) if any(self._receiveds) else (),
            )
            self._lines.append(b'{"after":%d,"ticks":%b}' % (self._count, _encode(run)))
            for column in (seqs, self._ats, self._receiveds):
                column.clear()
        if self._answers:
            said = b",".join(self._answers)
            self._lines.append(b'{"after":%d,"said":[%b]}' % (self._count, said))
            self._answers.clear()


def answer_text(answer: Event | Intent) -> bytes:
    """Return an answer as it is recorded and compared."""
    return b'["%b",%b]' % (type(answer).__name__.encode(), _encode(answer))


def steps(lines: Iterable[bytes], rows: Iterator[Tick], name: str) -> Iterator[Step]:
    """Yield one part of a recording: its begin, all that was taken and said, its end.

    A part that was cut off ends where the shorter of the two texts does.

    Raises:
        InputError: it is none of ours, or damaged; the message holds name and line.
    """
    reader = _Reader(rows)
    for number, line in enumerate(lines, 1):
        where = f"{name}:{number}"
        try:
            for step in reader.steps_of(line):
                yield step
                if type(step) is End:
                    return
        except (msgspec.MsgspecError, ValueError, LookupError) as error:
            raise InputError("line", f"{where}: this line is damaged: {error}") from error
    yield End("it was cut off", is_whole=False)


class _Reader:
    """Reads the lines of one part, and the rows that they count."""

    def __init__(self, rows: Iterator[Tick]) -> None:
        self._rows = rows
        self._count = 0
        self._head: Head | None = None
        self._pieces: list[Checkpoint] = []

    def steps_of(self, line: bytes) -> Iterator[Step]:
        """Yield what one line says."""
        found = _read_object(line)
        if self._head is None:
            self._head = _read_head(found["part"])
        elif "state" in found:
            self._pieces.append(msgspec.json.decode(found["state"], type=Checkpoint))
            if not msgspec.json.decode(found["left"], type=int):
                yield Part(self._head, joined(self._pieces))
        else:
            after = msgspec.json.decode(found.pop("after"), type=int)
            if "ticks" in found:
                yield from self._ticks(msgspec.json.decode(found["ticks"], type=_Run))
            if self._count < after:
                yield End(f"its ticks were cut off after {self._count} rows", is_whole=False)
            elif self._count > after:
                raise ValueError(f"it stands after {after} rows, and {self._count} came")
            elif "ticks" not in found:
                yield self._other(found)

    def _ticks(self, run: _Run) -> Iterator[Taken]:
        seqs = range(run.seq, run.seq + run.count) if isinstance(run.seq, int) else run.seq
        ats, receiveds = (column or (0,) * run.count for column in (run.at, run.received))
        if {len(seqs), len(ats), len(receiveds)} != {run.count}:
            raise ValueError(f"not every column has {run.count} values")
        rows = itertools.islice(self._rows, run.count)
        for row, seq, at, received in zip(rows, seqs, ats, receiveds, strict=False):
            self._count += 1
            times = row.at_ns + at, row.at_ns + received
            tick = Tick(row.instrument, row.ltp, *times, row.bid, row.ask, seq)
            yield Taken(tick, self._count)

    def _other(self, found: _Object) -> Step:
        if "said" in found:
            answers = msgspec.json.decode(found["said"], type=tuple[msgspec.Raw, ...])
            return Said(tuple(bytes(answer) for answer in answers), self._count)
        if "end" in found:
            return End(msgspec.json.decode(found["end"], type=str), is_whole=True)
        floats = msgspec.json.decode(found.pop("floats", b"{}"), type=dict[str, str])
        ((kind, text),) = found.items()
        item = _INPUTS[kind].decode(text)
        if floats:
            numbers = {field: float(number) for field, number in floats.items()}
            item = msgspec.structs.replace(item, **numbers)
        return Taken(item, self._count)


def _read_head(text: msgspec.Raw) -> Head:
    head = msgspec.json.decode(text, type=Head)
    if head.version != VERSION:
        raise ValueError(f"its format is version {head.version}, this program reads {VERSION}")
    return head


def _odd_floats(item: Input) -> dict[str, str]:
    """Return the numbers of an input that are not finite; only prices are floats."""
    floats = {field: getattr(item, field, None) for field in _FLOATS}
    return {
        field: repr(value)
        for field, value in floats.items()
        if value is not None and not math.isfinite(value)
    }
