"""Records to store, and the strategies that draw them."""

from decimal import Decimal

from hypothesis import strategies as st
from msgspec.structs import replace

from tradebot.core.account.positions import Position
from tradebot.core.adoption.found import Findings, Found, Origin, Stage
from tradebot.core.events import ExitDecided, TradeStuck
from tradebot.core.guard.coverage import Uncovered
from tradebot.core.guard.trade_rules import Candidate
from tradebot.core.guard.trades import Marks, Reason, Rules, Side, Status, TargetPart, Trade, Trail
from tradebot.core.inputs import Execution, OrderSide
from tradebot.core.leaving.exit import Exit, State
from tradebot.core.leaving.halt import Form, Halt
from tradebot.core.market.instruments import NetKey
from tradebot.core.records import (
    ExecutionSaved,
    ExitSaved,
    FindingsSaved,
    HaltSaved,
    Heard,
    HighReached,
    PositionSaved,
    Record,
    Told,
    TradeSaved,
    UncoveredSaved,
)
from tradebot.core.words.levels import Level, Unit
from tradebot.stores.snapshot import DAY_NS, line_of

KEY = NetKey("main", "NSE", "SBIN", "MIS")
RULES = Rules(
    stop=Level(Unit.PERCENT, Decimal("1.5")),
    targets=(TargetPart(at=Level(Unit.PRICE, Decimal("820.50")), quantity=Decimal(40)),),
    trail=Trail(by=Level(Unit.POINTS, Decimal(5))),
)


def a_trade(number=1, version=1, *, highs_seen=0, **fields) -> TradeSaved:
    """Trade ``T<number>``, 100 SBIN long at 800, as of ``version``."""
    trade = Trade(
        trade_id=f"T{number}",
        number=number,
        version=version,
        rules=RULES,
        created_at_ns=1,
        quantity=Decimal(100),
        filled=Decimal(100),
        entry_notional=Decimal("80000.50"),
        **{
            "account": "main",
            "strategy": "s",
            "exchange": "NSE",
            "symbol": "SBIN",
            "product": "MIS",
            "side": Side.LONG,
            "status": Status.ACTIVE,
            **fields,
        },
    )
    return TradeSaved(trade=trade, highs_seen=highs_seen)


def a_trailing_trade(best, *, seen, side=Side.LONG, number=1) -> TradeSaved:
    marks = Marks(trail_active=True, best_price=best)
    return a_trade(number, highs_seen=seen, side=side, marks=marks)


def an_exit(trade=1, number=1, version=1, state=State.SENDING) -> ExitSaved:
    return ExitSaved(
        exit=Exit(
            trade_id=f"T{trade}",
            number=number,
            key=KEY,
            side=OrderSide.SELL,
            quantity=Decimal(100),
            reason=Reason.STOP,
            decided_at_ns=5,
            state=state,
            client_order_id=f"T{trade}-x{number}",
            version=version,
        )
    )


def an_execution(name="e1", at_ns=10, order_id="o1", price="800.05") -> ExecutionSaved:
    return ExecutionSaved(
        execution=Execution(
            execution_id=name,
            order_id=order_id,
            client_order_id=None,
            key=KEY,
            side=OrderSide.BUY,
            quantity=Decimal("0.001"),
            price=Decimal(price),
            at_ns=at_ns,
        )
    )


def a_position(quantity=100, version=1, key=KEY) -> PositionSaved:
    return PositionSaved(
        position=Position(
            key=key, quantity=Decimal(quantity), cost=Decimal("1e-8"), version=version
        )
    )


def a_high(number, price, line="NSE:SBIN LONG last") -> HighReached:
    return HighReached(line=line, number=number, price=price)


def a_halt(version=1, form=Form.FLATTEN) -> HaltSaved:
    return HaltSaved(halt=Halt(form=form, why="margin call", at_ns=version, version=version))


def some_findings(version=1, net=100) -> FindingsSaved:
    found = Found(
        key=KEY,
        net=Decimal(net),
        average=Decimal("800.05"),
        origin=Origin.EXISTING,
        stage=Stage.WAITING,
        since_ns=version,
        why="it was there at the first start",
    )
    return FindingsSaved(findings=Findings(first_look_ns=5, found=(found,), version=version))


def an_uncovered(day="2026-01-05", version=1, trade_id="T1", **fields) -> UncoveredSaved:
    row = Uncovered(
        instrument="NSE:SBIN",
        trade_id=trade_id,
        day=day,
        opens_ns=1,
        closes_ns=2**62,
        version=version,
        **{"unguarded_ns": version * 10**9, **fields},
    )
    return UncoveredSaved(uncovered=row)


def a_line(number=1, trade=1, why="circuit limit") -> Told:
    return Told(number=number, event=TradeStuck(trade_id=f"T{trade}", why=why, at_ns=number))


def a_decision(number=1, trade=1) -> Told:
    """The richest of all events."""
    return Told(
        number=number,
        event=ExitDecided(
            trade_id=f"T{trade}",
            exit=1,
            reason=Reason.TRAIL,
            quantity=Decimal(100),
            at_ns=7,
            level=Decimal("795.55"),
            ltp=795.5,
            best_price=800.55,
            candidates=(Candidate(Reason.TRAIL, Decimal("795.55")),),
        ),
    )


_small = st.integers(1, 6)
_versions = st.integers(1, 8)
_days = st.sampled_from(["2025-12-31", "2026-01-02", "2026-01-05", "2026-01-09"])
_lines = st.sampled_from(["NSE:SBIN LONG last", "NSE:SBIN SHORT last", "BSE:M&M 5 LONG mid"])


def records() -> st.SearchStrategy[Record]:
    """Any record, out of few enough keys that they meet each other in every order."""
    return st.one_of(
        st.builds(_drawn_trade, _small, _versions, st.sampled_from(Status), st.integers(0, 8)),
        st.builds(an_exit, _small, st.integers(1, 2), _versions, st.sampled_from(State)),
        st.builds(_drawn_execution, _small, st.integers(0, 4)),
        st.builds(_drawn_position, st.sampled_from("ab"), _versions),
        st.builds(_drawn_high, _lines, st.integers(1, 8)),
        st.builds(a_line, st.integers(1, 20), _small),
        st.builds(a_decision, st.integers(21, 40), _small),
        st.builds(_drawn_heard, st.integers(0, 20)),
        st.builds(_drawn_halt, st.integers(1, 6)),
        st.builds(some_findings, _versions),
        st.builds(an_uncovered, _days, _versions, st.sampled_from(["", "T1", "T2"])),
    )


# Content follows from key and version, as with an engine that gives no version twice.
def _drawn_trade(number, version, status, seen):
    side = Side.LONG if number % 2 else Side.SHORT
    strategy = "odd" if number % 2 else "even"
    status = Status.CLOSED if version > 6 else status
    made = a_trade(
        number, version * 10 + list(Status).index(status), side=side, status=status,
        strategy=strategy, highs_seen=seen,
    )  # fmt: skip
    return TradeSaved(trade=made.trade, highs_seen=made.trade.version % 9)


def _drawn_execution(number, days):
    return an_execution(f"e{number}-{days}", at_ns=days * DAY_NS, order_id=f"o{number % 3}")


def _drawn_position(symbol, version):
    return a_position(version * 7, version, KEY._replace(symbol=symbol))


def _drawn_high(line, number):
    return a_high(number, float((number * 37) % 11 + 100), line)


def _drawn_heard(seq):
    return Heard(seq=seq, at_ns=seq * 3)


def _drawn_halt(version):
    return a_halt(version, [None, *Form][version % 4])


def as_an_engine(batches: list[list[Record]]) -> list[list[Record]]:
    """Give drawn records the order that the engine promises.

    Versions and highs ascend, a new save has seen the highs so far, what is over stays
    over, and only a known trade has exits.
    """
    version = 0
    status: dict[str, Status] = {}
    reached: dict[str, int] = {}

    def promised(drawn: Record) -> Record | None:
        match drawn:
            case TradeSaved(trade=trade):
                was = status.get(trade.trade_id, trade.status)
                status[trade.trade_id] = was if was.is_over else trade.status
                kept = replace(trade, version=version, status=status[trade.trade_id])
                return TradeSaved(trade=kept, highs_seen=reached.get(line_of(trade), 0))
            case ExitSaved(exit=exit_):
                is_known = exit_.trade_id in status
                return ExitSaved(exit=replace(exit_, version=version)) if is_known else None
            case PositionSaved(position=position):
                return PositionSaved(position=replace(position, version=version))
            case HighReached(line=line, price=price):
                reached[line] = reached.get(line, 0) + 1
                return HighReached(line=line, number=reached[line], price=price)
            case _:
                return drawn

    told: list[list[Record]] = []
    for batch in batches:
        told.append([])
        for drawn in batch:
            version += 1
            if (record := promised(drawn)) is not None:
                told[-1].append(record)
    return told
