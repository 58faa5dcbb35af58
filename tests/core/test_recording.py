"""What was taken and said is read back as it was, whatever it was and wherever it ends."""

import io
import math
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fault_run import Run
from tests.playbook import KEY, START_NS
from tradebot.core import inputs as i
from tradebot.core import recording
from tradebot.core.checkpoint import checkpoint, engine_of
from tradebot.core.engine import Engine
from tradebot.core.guard.trades import Rules, Side, TradeRequest, Trail
from tradebot.core.intents import AskQuote
from tradebot.core.leaving.halt import Form
from tradebot.core.market.instruments import Instrument
from tradebot.core.market.sessions import Session
from tradebot.core.policy import Policy
from tradebot.core.recording import End, Head, Part, Said, Scribe, Taken, answer_text, steps
from tradebot.core.words.levels import parse_level
from tradebot.core.words.tick_files import read_ticks
from tradebot.errors import InputError

AT = START_NS
HEAD = Head(recording="20260101T000000Z", number=1, begun_ns=AT, program="0.1.0")
TICK = i.Tick("NSE:SBIN", 812.05, AT, AT + 5, 812.0, 812.1, 7)
REPORT = i.OrderReport(
    order_id="O1",
    client_order_id=None,
    key=KEY,
    side=i.OrderSide.BUY,
    quantity=Decimal("1E+3"),
    filled=Decimal("0.10"),
    state=i.OrderState.OPEN,
    at_ns=AT,
    message='no "funds"\n',
)
REQUEST = TradeRequest(
    account="A1",
    exchange="NSE",
    symbol="SBIN",
    product="MIS",
    side=Side.SHORT,
    quantity=Decimal(10),
    entry_price=Decimal("800.50"),
    rules=Rules(trail=Trail(by=parse_level("1.50%", "trail"))),
)
OTHERS: list[i.Input] = [
    i.Timer(AT),
    i.CreateTrade(request=REQUEST, at_ns=AT, strict=True),
    i.UpdateTrade(trade_id="T1", rules=REQUEST.rules, at_ns=AT),
    i.ExitTrade(trade_id="T1", at_ns=AT),
    i.Execution(
        execution_id="X1",
        order_id="O1",
        client_order_id="T1-x1",
        key=KEY,
        side=i.OrderSide.SELL,
        quantity=Decimal(10),
        price=Decimal("800.05"),
        at_ns=AT,
    ),
    REPORT,
    *(
        i.PlaceReply(client_order_id="T1-x1", outcome=outcome, at_ns=AT)
        for outcome in (
            i.NotSent("a"),
            i.Refused("b"),
            i.Acked("O1"),
            i.NoAction("c"),
            i.Queued("d"),
            i.Unknown("e"),
        )
    ),
    i.QueryReply(client_order_id="T1-x1", report=REPORT, answered=True, at_ns=AT),
    i.QueryReply(client_order_id="T1-x1", report=None, answered=False, at_ns=AT),
    i.BookReply(orders=(REPORT,), at_ns=AT),
    i.BookReply(orders=None, at_ns=AT),
    i.ExecutionsRead(is_read=True, at_ns=AT),
    i.OrderChannel(up=False, at_ns=AT),
    i.PositionsReply(key=KEY, net=Decimal(-10), at_ns=AT),
    i.PositionsReply(key=KEY, net=None, at_ns=AT),
    i.AccountReply(
        positions=(i.NetPosition(key=KEY, net=Decimal(-10), average=Decimal("800.05")),), at_ns=AT
    ),
    i.AccountReply(positions=None, at_ns=AT),
    i.Adopt(key=KEY, rules=REQUEST.rules, entry_price=Decimal("800.05"), at_ns=AT),
    i.Adopt(key=KEY, rules=None, at_ns=AT),
    i.IgnoreFound(key=KEY, at_ns=AT),
    i.QuoteReply(instrument="NSE:SBIN", ltp=800.05, at_ns=AT, received_ns=AT),
    i.QuoteReply(instrument="NSE:SBIN", ltp=None, at_ns=AT, received_ns=AT),
    i.QuoteReply(instrument="NSE:SBIN", ltp=math.inf, at_ns=AT, received_ns=AT),
    i.FeedState(up=False, at_ns=AT, why="gone"),
    i.InstrumentsLoaded((Instrument(exchange="NSE", symbol="M&M", price_low=Decimal("0.1")),)),
    i.PolicyChanged(
        Policy(sessions={"NSE": Session(open_minutes=1, close_minutes=2, weekdays=frozenset({0}))})
    ),
    i.ClockSet(skew_ns=-3_600_000_000_000, at_ns=AT),
    i.HaltTrading(form=Form.FLATTEN, why="fear", at_ns=AT),
    i.Release(why="it is over", at_ns=AT),
    i.Resolve(trade_id="T1", verdict=i.Verdict.RESEND, why="I looked", at_ns=AT),
    i.Reconcile(at_ns=AT),
]
ODD_TICKS = [
    i.Tick("NSE:A,B", 1.0, AT, AT),
    i.Tick('NSE:A"B', 1.0, AT, AT),
    i.Tick("NSE: A", 1.0, AT, AT),
    i.Tick("NSE:A\n", 1.0, AT, AT),
    i.Tick("NSE:", 1.0, AT, AT),
    i.Tick("no colon", 1.0, AT, AT),
    i.Tick("NSE:A", 1.0, AT, AT, 0.0, 1.0),
    i.Tick("NSE:A", 1.0, AT, AT, 1.0, math.inf),
    i.Tick("NSE:A", 1.0, AT, AT, -1.0, None),
    i.Tick("NSE:A", -math.inf, AT, AT, math.inf, -0.0),
    i.Tick("NSE:A", 1.0, 2**63, 2**63),
]


def written(*items, head=HEAD, why="stopped"):
    """Return rows and lines of one part; a list among the items is what was said."""
    scribe = Scribe()
    for _ in scribe.begin(head, checkpoint(Engine(Policy()))):
        pass
    for item in items:
        if isinstance(item, list):
            for answer in item:
                scribe.say(answer)
        else:
            scribe.take(item)
    if why:
        scribe.end(why)
    return scribe.taken()


def read(rows, lines, name="part"):
    ticks = read_ticks(io.StringIO(rows.decode()), "rows")
    return list(steps(lines.splitlines(keepends=True), ticks, name))


def taken(rows, lines):
    return [step.item for step in read(rows, lines) if isinstance(step, Taken)]


@pytest.mark.parametrize("item", [TICK, *OTHERS, *ODD_TICKS], ids=lambda item: type(item).__name__)
def test_every_input_comes_back_as_it_was(item):
    (found,) = taken(*written(item))
    assert found == item
    assert msgspec.json.encode(found) == msgspec.json.encode(item)


def test_every_kind_of_input_is_among_them():
    kinds = {type(item) for item in [TICK, *OTHERS]}
    assert kinds == set(i.Input.__args__)


def test_a_price_that_is_no_number_comes_back_as_none():
    for tick in (i.Tick("X:A", math.nan, AT, AT), i.Tick("X:A,", 1.0, AT, AT, math.nan)):
        (found,) = taken(*written(tick))
        assert repr(found) == repr(tick)
    rows, _ = written(i.Tick("X:A", math.nan, AT, AT))
    assert b",nan," in rows


def test_inputs_keep_their_order_among_the_ticks():
    second = i.Tick("BSE:TCS", 3000.0, AT + 9, AT + 9, seq=8)
    items = [i.Timer(AT), TICK, OTHERS[3], OTHERS[0], second, TICK, ODD_TICKS[0], TICK]
    rows, lines = written(*items)
    assert taken(rows, lines) == items
    found = [step for step in read(rows, lines) if isinstance(step, Taken)]
    assert [step.rows for step in found] == [0, 1, 1, 1, 2, 3, 3, 4]


def test_the_rows_alone_are_a_recording_that_a_replay_takes():
    late = i.Tick("NSE:SBIN", 811.0, AT - 50, AT + 6)
    ahead = i.Tick("NSE:SBIN", 810.0, AT + 10**15, AT + 7)
    rows, lines = written(i.Timer(AT), TICK, late, ahead, TICK)
    assert rows.decode().splitlines() == [
        "ts_ns,exchange,symbol,price,bid,ask",
        f"{AT},NSE,SBIN,812.05,812.0,812.1",
        f"{AT},NSE,SBIN,811.0,,",
        f"{AT + 7 + 2 * 10**9},NSE,SBIN,810.0,,",
        f"{AT + 7 + 2 * 10**9},NSE,SBIN,812.05,812.0,812.1",
    ]
    assert taken(rows, lines) == [i.Timer(AT), TICK, late, ahead, TICK]


def test_a_tick_without_a_time_is_a_row_of_the_first_time_that_is_one():
    rows, lines = written(i.Tick("X:A", 1.0, 0, 5))
    assert rows.decode().splitlines()[1].startswith("631152000000000000,X,A,1.0")
    assert taken(rows, lines) == [i.Tick("X:A", 1.0, 0, 5)]


prices = st.floats() | st.sampled_from([812.05, 0.1, 1e15, 5e-324])
sides = st.none() | prices
times = st.integers(0, 2**62) | st.integers(AT - 10, AT + 10**10)
names = st.sampled_from(["NSE:SBIN", "NSE:M&M", "A:B:C"]) | st.text(max_size=5)
ticks = st.builds(i.Tick, names, prices, times, times, sides, sides, st.integers(0, 2**40))


@given(st.lists(ticks | st.sampled_from(OTHERS)))
def test_any_inputs_come_back_in_their_order(items):
    assert list(map(repr, taken(*written(*items)))) == list(map(repr, items))


def test_what_was_said_stands_after_the_input_that_caused_it():
    answers = [AskQuote("NSE:SBIN", "why"), AskQuote("NSE:SBIN", "again")]
    rows, lines = written(TICK, answers, TICK, i.Timer(AT), [answers[0]])
    part, *rest = read(rows, lines)
    assert part == Part(HEAD, checkpoint(Engine(Policy())))
    assert rest == [
        Taken(TICK, 1),
        Said(tuple(map(answer_text, answers)), 1),
        Taken(TICK, 2),
        Taken(i.Timer(AT), 2),
        Said((b'["AskQuote",{"instrument":"NSE:SBIN","why":"why"}]',), 2),
        End("stopped", is_whole=True),
    ]


def test_many_answers_are_several_lines(monkeypatch):
    monkeypatch.setattr(recording, "ANSWERS_MAX", 2)
    answers = [AskQuote("X:A", str(n)) for n in range(5)]
    said = [step.answers for step in read(*written(TICK, answers)) if isinstance(step, Said)]
    assert [len(some) for some in said] == [2, 2, 1]


def test_names_are_remembered_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(recording, "NAMES_MAX", 2)
    items = [i.Tick(f"X:A{n % 5}", 1.0, AT, AT) for n in range(20)]
    assert taken(*written(*items)) == items


def test_what_is_taken_in_portions_is_the_same_recording():
    scribe = Scribe()
    rows, lines = b"", b""
    for _ in scribe.begin(HEAD, checkpoint(Engine(Policy()))):
        pass
    items: list[i.Input] = [TICK, TICK, *OTHERS, TICK, i.Tick("X:A", 1.0, AT, AT, seq=3)]
    for item in items:
        scribe.take(item)
        more_rows, more_lines = scribe.taken()
        rows, lines = rows + more_rows, lines + more_lines
    assert scribe.taken() == (b"", b"")
    assert list(map(repr, taken(rows, lines))) == list(map(repr, items))
    assert read(rows, lines)[-1] == End("it was cut off", is_whole=False)


def test_a_second_part_counts_from_nothing():
    scribe = Scribe()
    for number in (1, 2):
        head = msgspec.structs.replace(HEAD, number=number)
        for _ in scribe.begin(head, checkpoint(Engine(Policy()))):
            pass
        scribe.take(msgspec.structs.replace(TICK, at_ns=AT - number))
        scribe.end("rotated")
        part, found, end = read(*scribe.taken())
        assert (part.head, found.rows, end.why) == (head, 1, "rotated")


# Cut off and damaged.


def test_a_part_that_was_cut_anywhere_ends_there():
    items = [TICK, i.Timer(AT), TICK, TICK, i.Timer(AT + 1), TICK]
    rows, lines = written(*items)
    row_ends = [at + 1 for at, byte in enumerate(rows) if byte == 10]
    line_ends = [0, *(at + 1 for at, byte in enumerate(lines) if byte == 10)]
    for of_rows, row_end in enumerate(row_ends):
        for line_end in line_ends:
            *found, end = read(rows[:row_end], lines[:line_end])
            kept = [step.item for step in found if isinstance(step, Taken)]
            assert kept == items[: len(kept)]
            assert sum(isinstance(item, i.Tick) for item in kept) <= of_rows
            whole = (row_end, line_end) == (row_ends[-1], line_ends[-1])
            assert end.is_whole == whole


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b'{"part"', b'{"art"', "part:1: this line is damaged"),
        (b'"version":1', b'"version":9', "version 9, this program reads 1"),
        (b'"after":1,"Timer"', b'"after":0,"Timer"', "it stands after 0 rows, and 1 came"),
        (b'"Timer"', b'"Tiger"', "Tiger"),
        (b'"count":1', b'"count":2', "not every column has 2 values"),
        (b'"end":', b'"end', "this line is damaged"),
        (b'"after":1,"end"', b'"end"', "after"),
        (b'"end":"stopped"', b'"end":"\xff"', "this line is damaged"),
        (b'"end":"stopped"', b'"a":1,"b":2', "this line is damaged"),
    ],
)
def test_a_damaged_line_is_named(old, new, says):
    rows, lines = written(TICK, i.Timer(AT))
    assert lines.count(old) == 1
    with pytest.raises(InputError, match=r"part:\d+: ") as caught:
        read(rows, lines.replace(old, new))
    assert says in str(caught.value)


# The law that all of this is for.


class Recorded(Run):
    """A life whose inputs and answers are written down."""

    def __init__(self, seed: int) -> None:
        self.scribe = Scribe()
        super().__init__(seed, Noted)

    def take(self, item):
        assert isinstance(self.engine, Noted)
        if not self.engine.scribe:
            self.engine.scribe = self.scribe
            for _ in self.scribe.begin(HEAD, checkpoint(self.engine)):
                pass
        super().take(item)


class Noted(Engine):
    scribe: Scribe | None = None

    def process(self, item):
        out = super().process(item)
        if self.scribe:
            self.scribe.take(item)
            for answer in out:
                self.scribe.say(answer)
        return out


@pytest.mark.parametrize("seed", range(12))
def test_an_engine_that_is_fed_a_recording_says_the_same(seed):
    run = Recorded(seed)
    run.deaths = 0.0
    run.live()
    rows, lines = run.scribe.taken()
    part, *rest = read(rows, lines)
    engine = engine_of(part.state)
    ours: list[bytes] = []
    theirs: list[bytes] = []
    for step in rest:
        if isinstance(step, Taken):
            ours += map(answer_text, engine.process(step.item))
        elif isinstance(step, Said):
            theirs += step.answers
    assert ours == theirs
    assert len(ours) > 20
