"""The hours of the settings, held against those that the server tells."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping

from tradebot.brokers.openalgo.calls.client import Client
from tradebot.brokers.openalgo.doctor.clocks import Clocks
from tradebot.brokers.openalgo.wire import hours
from tradebot.brokers.openalgo.wire.answers import Answer
from tradebot.core.market.sessions import Session
from tradebot.ports import Finding, Level

INDIA = dt.timezone(dt.timedelta(hours=5, minutes=30))
DAYS = 5  # whose hours are compared, today's first
_S = 1_000_000_000


async def compared(
    client: Client, sessions: Mapping[str, Session], clocks: Clocks
) -> AsyncIterator[Finding]:
    """Yield where the configured hours and the server's differ.

    The days begin with today by the server's clock: one of ours that is wrong must not make
    the hours look wrong. Neither is put in place of the other. A day that is wrongly closed
    makes the guard blind, one that is wrongly open costs an alarm: only a person can say
    which it is.
    """
    today = dt.datetime.fromtimestamp(clocks.servers_ns // _S, INDIA).date()
    differ = 0
    for day in (today + dt.timedelta(days=n) for n in range(DAYS)):
        midnight_ns = int(dt.datetime.combine(day, dt.time(), INDIA).timestamp()) * _S
        body: dict[str, object] = {"date": day.isoformat()}
        reply = await client.ask("market/timings", body, urgent=False)
        said = hours.hours_of(reply, midnight_ns) if isinstance(reply, Answer) else None
        if said is None:
            text = f"the server does not tell the hours of {day}"
            yield _found("hours", "warning", text, "compare them with the exchange's own")
            return
        for exchange, session in sessions.items():
            ours = _window(session, day, midnight_ns)
            if session.open_minutes is not None and ours != said.get(exchange):
                differ += 1
                text = f"on {day} {_clocks(ours)} by sessions, {_clocks(said.get(exchange))}"
                todo = f"correct special or holidays of [sessions.{exchange}], if it is right"
                yield _found(f"hours {exchange}", "warning", f"{text} by OpenAlgo", todo)
    if not sessions:
        todo = "put examples/sessions.toml beside the configuration: nights look like silence"
        yield _found("hours", "warning", "every exchange is round the clock here", todo)
    elif not differ:
        yield _found("hours", "ok", f"those of the next {DAYS} days agree with OpenAlgo's")


def _window(session: Session, day: dt.date, midnight_ns: int) -> tuple[int, int] | None:
    """Return when our session of a day opens and closes; None: it has none."""
    window = session.window(midnight_ns)
    return None if session.hours(day) is None or window[0] >= midnight_ns + 86_400 * _S else window


def _clocks(window: tuple[int, int] | None) -> str:
    if window is None:
        return "closed"
    ends = (dt.datetime.fromtimestamp(at_ns // _S, INDIA) for at_ns in window)
    return "-".join(end.strftime("%H:%M") for end in ends)


def _found(what: str, level: Level, text: str, todo: str = "") -> Finding:
    return Finding(what=what, level=level, text=text, todo=todo)
