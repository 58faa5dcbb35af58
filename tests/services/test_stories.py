"""Each event of a trade's story, as a person reads it."""

from decimal import Decimal

import pytest

from tradebot.core import events as ev
from tradebot.core.guard.trade_rules import Candidate
from tradebot.core.guard.trades import PriceSource, Reason, Side, Status
from tradebot.core.inputs import OrderSide, Verdict
from tradebot.core.market.instrument_events import ExitWaitsForOpen, TradePaused
from tradebot.core.policy import Persons
from tradebot.services.stories import duration, sentence, text

NS = 1_000_000_000
D = Decimal


def decided(**fields):
    return ev.ExitDecided(
        **{
            "trade_id": "T1",
            "exit": 1,
            "reason": Reason.TRAIL,
            "quantity": D(10),
            "at_ns": 5 * NS,
            **fields,
        }
    )


def closed(**fields):
    return ev.TradeClosed(
        **{
            "trade_id": "T1",
            "status": Status.CLOSED,
            "reason": Reason.STOP,
            "exit_price": D("791.05"),
            "realized_pnl": D("-89.50"),
            "at_ns": 1,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            ev.TradeCreated(
                trade_id="T1",
                instrument="NSE:SBIN",
                side=Side.SHORT,
                status=Status.PENDING,
                at_ns=1,
            ),
            "A short trade on NSE:SBIN was created.",
        ),
        (
            ev.EntryFilled(trade_id="T1", quantity=D(4), filled=D(4), entry=D(800), at_ns=1),
            "4 entered, at an average of 800.",
        ),
        (
            ev.EntryFilled(trade_id="T1", quantity=D(6), filled=D(10), entry=D("800.6"), at_ns=1),
            "6 entered; 10 in all, at an average of 800.6.",
        ),
        (
            ev.EntryDied(trade_id="T1", why="rejected for margin", at_ns=1),
            "The entry order ended without a fill: rejected for margin.",
        ),
        (
            ev.RulesChanged(trade_id="T1", at_ns=1, stop=D(790), was=None),
            "A person replaced the rules: the stop is 790 now, and was none.",
        ),
        (
            ev.RulesChanged(trade_id="T1", at_ns=1, stop=D("790"), was=D("790")),
            "A person replaced the rules: the stop stays 790.",
        ),
        (
            ev.TrailActivated(trade_id="T1", ltp=812.05, level=D("804.00"), at_ns=1),
            "The trail became active at LTP 812.05; it stands at 804.",
        ),
        (
            ev.BreakevenReached(trade_id="T1", ltp=812.0, level=D(800), at_ns=1),
            "Break-even was reached at LTP 812.0: a stop stands at 800.",
        ),
        (
            ev.PastStopFound(trade_id="T1", ltp=780.0, stop=D(790), answer="ask", at_ns=1),
            (
                "LTP 780.0 was beyond the stop 790 from the start: "
                "it is unguarded until a person answers."
            ),
        ),
        (
            decided(
                level=D("812.50"),
                ltp=812.05,
                tick_at_ns=5 * NS - 7_000_000,
                received_ns=5 * NS,
                seq=41,
                best_price=820.0,
                entry=D(800),
                candidates=(
                    Candidate(Reason.STOP, D(790)),
                    Candidate(Reason.TRAIL, D("812.5")),
                ),
            ),
            (
                "Decided to leave 10 by the trail: LTP 812.05 reached 812.5. "
                "The tick (number 41) was 7 ms old when it came. "
                "Stops in force: stop 790, trail 812.5. Entry 800, best price 820.0."
            ),
        ),
        (
            decided(reason=Reason.TARGET, level=D(830), ltp=830.0, source=PriceSource.EXIT_SIDE),
            "Decided to leave 10 by the target: price of the exit side 830.0 reached 830.",
        ),
        (
            decided(reason=Reason.TIME, ltp=805.0, received_ns=2 * NS, entry=D(800)),
            (
                "Decided to leave 10 by the time exit. The last price then was 805.0, 3 s old. "
                "Entry 800."
            ),
        ),
        (
            decided(reason=Reason.HALT),
            "Decided to leave 10 by the halt. No price was known.",
        ),
        (
            decided(reason=Reason.MANUAL),
            "Decided to leave 10 by a person. No price was known.",
        ),
        (
            ev.ExitSent(
                trade_id="T1",
                exit=1,
                client_order_id="T1-x1",
                side=OrderSide.SELL,
                quantity=D(10),
                at_ns=1,
            ),
            "Order T1-x1 sells 10 at market.",
        ),
        (
            ev.ExitSent(
                trade_id="T1",
                exit=1,
                client_order_id="T1-x1",
                side=OrderSide.BUY,
                quantity=D(10),
                at_ns=1,
            ),
            "Order T1-x1 buys 10 at market.",
        ),
        (
            ev.ExitAnswered(
                trade_id="T1",
                exit=1,
                client_order_id="T1-x1",
                outcome="refused",
                message="no margin",
                at_ns=1,
            ),
            "The broker's answer to T1-x1 was refused: no margin.",
        ),
        (
            ev.ExitAnswered(
                trade_id="T1",
                exit=1,
                client_order_id="T1-x1",
                outcome="acked",
                message="",
                at_ns=1,
            ),
            "The broker's answer to T1-x1 was acked.",
        ),
        (
            ev.ExitFilled(
                trade_id="T1",
                exit=1,
                client_order_id="T1-x1",
                quantity=D(4),
                price=D("791.05"),
                remaining=D(6),
                at_ns=1,
            ),
            "4 of T1-x1 filled at 791.05; 6 still open.",
        ),
        (
            ev.ExitFilled(
                trade_id="T1",
                exit=1,
                client_order_id="T1-x1",
                quantity=D(6),
                price=D("791.05"),
                remaining=D(0),
                at_ns=1,
            ),
            "6 of T1-x1 filled at 791.05; nothing is left.",
        ),
        (closed(), "The trade is closed by the stop at an average of 791.05: a loss of 89.5."),
        (
            closed(realized_pnl=D(89)),
            "The trade is closed by the stop at an average of 791.05: a profit of 89.",
        ),
        (
            closed(status=Status.CLOSED_EXTERNAL, reason=None, exit_price=None, realized_pnl=D(0)),
            "The trade is closed outside of this program: a result of 0.",
        ),
        (closed(status=Status.NEVER_FILLED), "The trade is over: it never filled."),
        (
            ev.TradeStuck(trade_id="T1", why="the account is blocked", at_ns=1),
            "Its exit needs a person: the account is blocked.",
        ),
        (
            ev.DoubtResolved(trade_id="T1", exit=2, verdict=Verdict.DONE, why="seen", at_ns=1),
            "A person looked at exit 2: what it was to leave has left (seen).",
        ),
        (
            ev.DoubtResolved(trade_id="T1", exit=1, verdict=Verdict.RESEND, why="", at_ns=1),
            "A person looked at exit 1: nothing of it is alive, so it is sent again.",
        ),
        (
            TradePaused(
                trade_id="T1", instrument="NSE:A", close=800.0, prev_close=400.0, ltp=402.0, at_ns=1
            ),
            (
                "The close before this session is 400.0 and was 800.0 here: "
                "it is unguarded until a person sets its levels anew."
            ),
        ),
        (
            TradePaused(
                trade_id="T1",
                instrument="NSE:A",
                close=800.0,
                prev_close=740.0,
                ltp=745.0,
                unsure=True,
                at_ns=1,
            ),
            (
                "The close before this session is 740.0 and was 800.0 here, by an action or "
                "because the broker still says that of the day before: it is unguarded until a "
                "person sets its levels anew."
            ),
        ),
        (
            ExitWaitsForOpen(
                trade_id="T1", exit=2, quantity=D(10), opens_at_ns=1_760_000_000 * NS, at_ns=1
            ),
            (
                "Exit 2 of 10 was decided while its exchange is closed; "
                "it waits until 2025-10-09T08:53:20.000000Z."
            ),
        ),
        (
            ev.ExitHeldBack(
                trade_id="T1",
                exit=1,
                quantity=Decimal(10),
                resting=Decimal(4),
                answer=Persons.LEAVE,
                at_ns=1,
            ),
            (
                "Orders of others may still fill 4 of the 10 that it was to leave: "
                "they are left to it."
            ),
        ),
        (
            ev.CancelAsked(
                trade_id="T1",
                order_id="B7",
                side=OrderSide.SELL,
                quantity=Decimal(4),
                tries=2,
                at_ns=1,
            ),
            (
                "The broker was asked to cancel order B7, a sale of 4 that is not ours, "
                "for the 2. time."
            ),
        ),
    ],
)
def test_an_event_is_one_sentence_or_a_few(event, told):
    assert sentence(event) == told


@pytest.mark.parametrize(
    ("ns", "told"),
    [
        (-5, "0 ms"),
        (999_999_999, "999 ms"),
        (NS, "1 s"),
        (2_560_000_000, "2.5 s"),
        (60 * NS, "1 min"),
        (3_599 * NS, "59 min"),
        (3_900 * NS, "1 h 5 min"),
    ],
)
def test_a_duration_is_rounded_down_to_what_matters(ns, told):
    assert duration(ns) == told


def test_a_number_in_a_sentence_is_plain():
    assert text(D("1E+3")) == "1000"
