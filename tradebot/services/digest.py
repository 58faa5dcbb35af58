"""How things stand, in a few lines: for a chat, and once a day for everybody."""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec

from tradebot.core.alerting.alerts import Severity
from tradebot.core.money import plain
from tradebot.core.words.fields import Json
from tradebot.errors import StoreError
from tradebot.ports import Letter
from tradebot.services.alerts import Alerts
from tradebot.services.trade_history import Chosen
from tradebot.services.trades import Trades

TRADES_TOLD_MAX = 20  # to make one of them into JSON takes 60 us, and the engine waits
REASONS_TOLD_MAX = 5
PAGE = 100
PAGES_MAX = 20  # of trades that are over
DAY_NS = 86_400_000_000_000
_SECOND_NS = 1_000_000_000


class _Closed(msgspec.Struct):
    trade_id: str
    realized_pnl: Decimal


_row = msgspec.json.Decoder(_Closed)


class Digest:
    """Tells how things stand."""

    def __init__(
        self, trades: Trades, alerts: Alerts, *, reasons: Callable[[], Sequence[str]]
    ) -> None:
        """Take what is told of; ``reasons`` are those for which the guard is degraded."""
        self._trades = trades
        self._alerts = alerts
        self._reasons = reasons

    def status(self) -> str:
        """Return how things stand now."""
        reasons = [*self._reasons(), *self._trades.doubts()]
        lines = [f"degraded: {reason}" for reason in reasons[:REASONS_TOLD_MAX]] or ["all is well"]
        if len(reasons) > REASONS_TOLD_MAX:
            lines.append(f"... and {len(reasons) - REASONS_TOLD_MAX} more reasons")
        rows, more = self._trades.active(limit=TRADES_TOLD_MAX)
        told = list(rows)
        lines.append(f"open trades: {len(told)}{' and more' if more else ''}")
        lines += map(_trade_line, told)
        unseen = sum(1 for _ in self._alerts.listed(least=Severity.WARNING, is_acked=False))
        lines.append(f"alerts that nobody has acknowledged: {unseen}")
        return "\n".join(lines)

    async def report(self, whose: str, now_ns: int) -> Letter:
        """Return the letter of a day."""
        return Letter(
            subject=f"{whose}: the daily report",
            text=f"{await self._closed_since(now_ns - DAY_NS)}\n{self.status()}",
        )

    async def _closed_since(self, at_ns: int) -> str:
        gains: list[Decimal] = []
        cursor: str | None = None
        try:
            for _ in range(PAGES_MAX):
                rows, cursor = await self._trades.history(
                    limit=PAGE, cursor=cursor, chosen=Chosen(from_ns=at_ns)
                )
                gains += [_row.decode(row).realized_pnl for row in islice(rows, PAGE)]
                if cursor is None:
                    break
        except StoreError as error:
            return f"closed in the last 24 hours: the database does not say it: {error}"
        if not gains:
            return "closed in the last 24 hours: no trade"
        won, lost = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
        more = " and more" if cursor is not None else ""
        return (
            f"closed in the last 24 hours: {len(gains)}{more}, {won} with a gain, {lost} with a "
            f"loss, P&L {_signed(sum(gains, Decimal(0)))} before charges"
        )


def next_ns(now_ns: int, minutes: int, zone: str) -> int:
    """Return when a clock on the wall shows this time next, in nanoseconds UTC.

    Args:
        now_ns: the moment after which.
        minutes: after midnight.
        zone: of the wall.
    """
    wall = ZoneInfo(zone)
    today = dt.datetime.fromtimestamp(now_ns // _SECOND_NS, wall).date()
    at = dt.time(minutes // 60, minutes % 60)
    days = (today + dt.timedelta(days=later) for later in range(3))
    moments = (int(dt.datetime.combine(day, at, wall).timestamp()) * _SECOND_NS for day in days)
    return next(moment for moment in moments if moment > now_ns)


def _trade_line(trade: Json) -> str:
    return (
        f"{trade['trade_id']} {trade['side']} {trade['quantity']} "
        f"{trade['exchange']}:{trade['symbol']}, LTP {_or_none(trade['ltp'])}, "
        f"stop {_or_none(trade['stop_level'])}, P&L {_or_none(trade['unrealized_pnl'])}"
    )


def _or_none(value: object) -> object:
    return "unknown" if value is None else value


def _signed(amount: Decimal) -> str:
    return f"+{plain(amount)}" if amount > 0 else plain(amount)
