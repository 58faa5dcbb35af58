"""Every event is a line with a name of its own and values that any log can hold."""

import typing
from decimal import Decimal

import msgspec
import pytest

from tests.services.fakes import Said
from tradebot.app.announcer import NAMES, announce
from tradebot.core import events as ev
from tradebot.core.adoption.found import Origin
from tradebot.core.guard.trade_rules import Candidate
from tradebot.core.guard.trades import PriceSource, Reason, Side, Status
from tradebot.core.inputs import OrderSide, Verdict
from tradebot.core.leaving.halt import Form
from tradebot.core.policy import Persons

EVENTS = typing.get_args(ev.Event)
VALUES = {
    str: "NSE:SBIN",
    int: 1_000_000_001,
    float: 790.05,
    bool: True,
    Decimal: Decimal("790.50"),
    Side: Side.LONG,
    Status: Status.CLOSED,
    Reason: Reason.TRAIL,
    OrderSide: OrderSide.SELL,
    Form: Form.FLATTEN,
    Verdict: Verdict.RESEND,
    Persons: Persons.ASK,
    Origin: Origin.NEW,
    PriceSource: PriceSource.LAST,
    tuple: (Candidate(Reason.STOP, Decimal("790.50")), Candidate(Reason.TRAIL, Decimal(795))),
}


def an_event(kind: type, *, full: bool = True):
    """Return an event with each field set, or only with those that it must have."""
    fields = {}
    for field in msgspec.structs.fields(kind):
        of = [t for t in typing.get_args(field.type) if t in VALUES] or [field.type]
        if full or field.required:
            fields[field.name] = VALUES[typing.get_origin(of[0]) or of[0]]
    return kind(**fields)


def said(event) -> tuple[str, str, dict[str, object]]:
    log = Said()
    announce(log, event)
    (line,) = log.lines
    return line


def test_every_event_has_a_name_and_every_name_an_event():
    assert set(NAMES) == set(EVENTS)
    names = [name for name, _ in NAMES.values()]
    assert len(set(names)) == len(names)


def test_the_names_are_those_that_alarms_and_scripts_know():
    assert sorted(name for name, _ in NAMES.values()) == [
        "book.differs", "breakeven.reached", "cancel.asked",
        "doubt.resolved", "entry.died", "entry.filled",
        "exit.answered", "exit.decided", "exit.filled", "exit.held_back", "exit.sent",
        "exit.waits_for_open",
        "feed.broke", "feed.came",
        "halt.everything", "halt.refused", "halt.released", "halt.set",
        "instrument.blind", "instrument.changed", "instrument.refused", "instrument.seen",
        "order.rests",
        "outside.traded",
        "position.adopted", "position.found", "position.frozen", "position.gone",
        "position.handed_over", "position.ignored", "position.thawed",
        "price.dropped", "price.held", "price.resolved",
        "rules.changed", "stop.passed", "trade.closed", "trade.created", "trade.paused",
        "trade.refused", "trade.stuck", "trail.activated",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("full", [True, False], ids=["full", "bare"])
def test_the_values_of_a_line_are_plain_and_its_times_are_the_logs_own(kind, full):
    event = an_event(kind, full=full)
    name, level, fields = said(event)
    assert name == NAMES[kind][0]
    assert level in ("info", "warning", "error", "critical")
    assert {type(value) for value in fields.values()} <= {str, int, float, bool}
    assert not {"at_ns", "tick_at_ns", "received_ns", "candidates"} & set(fields)
    kept = {f.name for f in msgspec.structs.fields(kind) if getattr(event, f.name) is not None}
    assert kept - set(fields) <= {"at_ns", "tick_at_ns", "received_ns", "candidates"}


def test_a_decision_names_every_stop_in_force_and_the_age_of_its_price():
    decided = an_event(ev.ExitDecided)
    late = msgspec.structs.replace(decided, at_ns=3_500_000_000, received_ns=3_000_000_000)
    _, _, fields = said(late)
    assert fields["stops"] == "stop@790.5,trail@795"
    assert fields["age_ms"] == 500
    assert fields["reason"] == "trail"
    early = msgspec.structs.replace(decided, at_ns=1, received_ns=2_000_000)
    assert said(early)[2]["age_ms"] == 0
    assert "age_ms" not in said(msgspec.structs.replace(decided, received_ns=None))[2]


@pytest.mark.parametrize(
    ("outcome", "level"), [("acked", "info"), ("refused", "warning"), ("unknown", "warning")]
)
def test_an_exit_that_was_not_simply_taken_is_a_warning(outcome, level):
    answered = msgspec.structs.replace(an_event(ev.ExitAnswered), outcome=outcome)
    assert said(answered)[:2] == ("exit.answered", level)


def test_money_is_written_without_an_exponent():
    closed = msgspec.structs.replace(an_event(ev.TradeClosed), realized_pnl=Decimal("1E+5"))
    assert said(closed)[2]["realized_pnl"] == "100000"
