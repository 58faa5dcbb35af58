"""The table of what a person is alerted of: every event is in it, or is quiet on purpose."""

import typing
from decimal import Decimal

import msgspec
import pytest

from tests.app.test_announcer import an_event
from tradebot.core import events as ev
from tradebot.core.adoption import found_events as fe
from tradebot.core.alerting.alert_rules import HALT, QUIET, RULES, changes_of
from tradebot.core.alerting.alerts import Category, Over, Severity
from tradebot.core.guard.trades import Reason, Status
from tradebot.core.leaving.halt import Form
from tradebot.core.market.instrument_events import (
    ExitWaitsForOpen,
    InstrumentChanged,
    InstrumentRefused,
    TradePaused,
)

EVENTS = set(typing.get_args(ev.Event))
TRADE, PORTFOLIO, SYSTEM = Category
INFO, WARNING, CRITICAL = Severity


def test_every_event_has_a_rule_or_is_quiet():
    assert set(RULES) | QUIET == EVENTS
    assert not set(RULES) & QUIET


@pytest.mark.parametrize("kind", sorted(QUIET, key=str))
def test_what_is_quiet_alerts_nobody(kind):
    assert changes_of(an_event(kind)) == ()


@pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("full", [True, False], ids=["full", "bare"])
def test_every_rule_takes_its_event(kind, full):
    for change in changes_of(an_event(kind, full=full)):
        assert change.key
        assert isinstance(change, Over) or change.text


def raised(kind, **fields):
    """Return the one alert that an event raises."""
    event = msgspec.structs.replace(an_event(kind, full=False), **fields)
    (found,) = [change for change in changes_of(event) if not isinstance(change, Over)]
    return found


def ended(kind, **fields):
    event = msgspec.structs.replace(an_event(kind, full=False), **fields)
    return [change.key for change in changes_of(event) if isinstance(change, Over)]


@pytest.mark.parametrize(
    ("kind", "category", "severity", "lasts", "repeated"),
    [
        (ev.EntryDied, TRADE, WARNING, False, False),
        (ev.ExitHeldBack, TRADE, WARNING, False, False),
        (ExitWaitsForOpen, TRADE, WARNING, False, False),
        (TradePaused, TRADE, CRITICAL, True, False),
        (ev.ExitAnswered, TRADE, WARNING, False, False),
        (ev.TradeClosed, TRADE, INFO, False, False),
        (ev.TradeStuck, TRADE, CRITICAL, True, True),
        (ev.InstrumentBlind, SYSTEM, CRITICAL, True, False),
        (InstrumentChanged, SYSTEM, WARNING, False, False),
        (InstrumentRefused, SYSTEM, WARNING, False, False),
        (ev.FeedBroke, SYSTEM, WARNING, True, False),
        (ev.BookDiffers, PORTFOLIO, WARNING, False, False),
        (ev.PositionFrozen, PORTFOLIO, CRITICAL, True, True),
        (ev.OutsideTraded, PORTFOLIO, INFO, False, False),
        (ev.OrderRests, PORTFOLIO, WARNING, False, False),
        (fe.PositionFound, PORTFOLIO, WARNING, True, True),
        (fe.PositionAdopted, TRADE, INFO, False, False),
        (ev.Halted, PORTFOLIO, WARNING, True, False),
        (ev.NothingIsSent, PORTFOLIO, CRITICAL, True, False),
    ],
)
def test_how_bad_it_is_and_whether_it_lasts(kind, category, severity, lasts, repeated):
    found = raised(kind)
    assert (found.category, found.severity) == (category, severity)
    assert (found.lasts, found.is_repeated) == (lasts, repeated)
    assert (found.trade_id is not None) == (category is TRADE)


@pytest.mark.parametrize(
    ("answer", "severity", "lasts"),
    [("exit", WARNING, False), ("from_here", WARNING, False), ("ask", CRITICAL, True)],
)
def test_a_trade_that_waits_for_a_persons_answer_is_unguarded_meanwhile(answer, severity, lasts):
    found = raised(ev.PastStopFound, answer=answer)
    assert (found.severity, found.lasts) == (severity, lasts)


def test_an_exit_that_was_simply_taken_is_no_alert():
    acked = msgspec.structs.replace(an_event(ev.ExitAnswered), outcome="acked")
    assert changes_of(acked) == ()


def test_an_exit_that_somebody_has_to_approve_is_critical():
    found = raised(ev.ExitAnswered, trade_id="T1", outcome="queued", message="semi-auto")
    assert found.severity is CRITICAL
    assert found.text.endswith("was queued: semi-auto")
    assert raised(ev.ExitAnswered, outcome="unknown", message="").text.endswith("was unknown")


def test_to_halt_everything_is_critical_and_one_matter_with_its_reminders():
    assert raised(ev.Halted, form=Form.ENTRIES).severity is WARNING
    assert raised(ev.Halted, form=Form.EVERYTHING).severity is CRITICAL
    assert {raised(ev.Halted).key, raised(ev.NothingIsSent).key} == {HALT}
    assert ended(ev.Released) == [HALT]


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (ev.TradeStuck, ev.TradeClosed),
        (ev.TradeStuck, ev.DoubtResolved),
        (ev.InstrumentBlind, ev.InstrumentSeen),
        (ev.FeedBroke, ev.FeedCame),
        (fe.PositionFound, fe.PositionAdopted),
        (fe.PositionFound, fe.PositionIgnored),
        (fe.PositionFound, fe.PositionGone),
        (ev.PositionFrozen, ev.PositionThawed),
    ],
)
def test_what_lasts_has_an_end(begins, ends):
    assert raised(begins).key in ended(ends)


@pytest.mark.parametrize("ends", [ev.RulesChanged, ev.ExitDecided, ev.TradeClosed])
def test_a_trade_past_its_stop_is_answered_by_rules_or_by_leaving(ends):
    assert raised(ev.PastStopFound, answer="ask").key in ended(ends)
    assert raised(TradePaused).key == raised(ev.PastStopFound, answer="ask").key


@pytest.mark.parametrize(
    ("unsure", "says"),
    [
        (False, "(a split, a bonus?): no price leaves it"),
        (True, "or a close of the day before that the broker still says?): no price leaves it"),
    ],
)
def test_a_paused_trade_says_whether_the_close_may_be_an_old_one(unsure, says):
    alert = raised(TradePaused, unsure=unsure, prev_close=740.0, close=800.0)
    assert "the close before today is 740, and was 800 here (" in alert.text
    assert says in alert.text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"reason": Reason.STOP, "exit_price": 790, "realized_pnl": -100},
            "T1: closed by stop at 790, P&L -100 before charges",
        ),
        (
            {"status": Status.CLOSED_EXTERNAL, "reason": None, "realized_pnl": 0},
            "T1: closed outside of this program, P&L 0 before charges",
        ),
        (
            {"reason": Reason.TARGET, "exit_price": 830, "realized_pnl": 300},
            "T1: closed by target at 830, P&L +300 before charges",
        ),
    ],
)
def test_the_end_of_a_trade_tells_why_and_what_it_brought(fields, text):
    exact = {"status": Status.CLOSED, "trade_id": "T1", "exit_price": None} | fields
    for name in ("exit_price", "realized_pnl"):
        exact[name] = None if exact[name] is None else Decimal(exact[name])
    assert raised(ev.TradeClosed, **exact).text == text


def test_a_trade_that_never_filled_was_told_when_its_entry_died():
    event = an_event(ev.TradeClosed)
    event = msgspec.structs.replace(event, status=Status.NEVER_FILLED)
    assert {type(change) for change in changes_of(event)} == {Over}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"tick_size": "0.1", "freeze_quantity_was": "1800"},
            "tick size 0.05 is 0.1 now, freeze quantity 1800 is none now",
        ),
        ({"lot_size": "65", "lot_size_was": "75"}, "lot size 75 is 65 now"),
        ({"freeze_quantity": "1800"}, "what the exchange takes in one order is bounded now"),
    ],
)
def test_a_change_of_an_instrument_tells_what_has_changed(fields, text):
    sizes = {
        "tick_size": "0.05",
        "tick_size_was": "0.05",
        "lot_size": "1",
        "lot_size_was": None,
        "freeze_quantity": None,
        "freeze_quantity_was": None,
    } | fields
    exact = {name: None if size is None else Decimal(size) for name, size in sizes.items()}
    found = raised(InstrumentChanged, instrument="NSE:SBIN", trades=2, **exact)
    assert found.text == f"NSE:SBIN: {text}; the levels of its 2 trades stay"
