"""A person's orders that wait for a price in a book of their own, told like orders that rest."""

import asyncio

import msgspec

from tradebot.brokers.openalgo.calls.client import Client, Reply, Silent
from tradebot.brokers.openalgo.calls.shared import Shared
from tradebot.brokers.openalgo.wire import gtts
from tradebot.brokers.openalgo.wire.answers import Answer
from tradebot.brokers.openalgo.wire.gtts import GttRow, GttState
from tradebot.core.inputs import OrderReport, OrderState
from tradebot.core.market.instruments import NetKey

PREFIX = "GTT-"  # before the broker's number: it may be an order's number too
READ_S_MAX = 2.0  # the order book, which somebody may wait for, waits for it no longer
# That it has been met may be known before its order is in the order book.
LAG_NS_MAX = 10_000_000_000
ABSENCES = 2  # books in a row without a row: one may be a read that failed
OVER_MAX = 1_000  # that are remembered as over


class _Known(msgspec.Struct, frozen=True):
    row: GttRow
    since_ns: int  # when it was first seen
    absences: int = 0
    triggered_ns: int = 0  # when it was first seen triggered


def number_of(order_id: str) -> str | None:
    """Return the broker's number of one of these; None: it is an order's id."""
    return order_id.removeprefix(PREFIX) if order_id.startswith(PREFIX) else None


class Gtts:
    """The book, as it was told last. One that cannot be read is as it was."""

    def __init__(self, account: str, client: Client) -> None:
        """Know none; the first read tells whether there is such a book at all."""
        self._account = account
        self._client = client
        self._is_there = True
        self._known: dict[str, _Known] = {}
        self._read = Shared[Reply](
            lambda: client.ask("gttorderbook", {}), Silent("the reading was given up")
        )

    async def reports(self) -> list[OrderReport]:
        """Read the book, and say what has become of each that was ever seen waiting.

        To be called before the order book is read: what has been met has its order there.
        """
        await self._look()
        return [self._report(known) for known in self._known.values()]

    async def report(self, trigger_id: str) -> OrderReport | None:
        """Say what has become of one; None: nobody has ever seen it.

        One that has been met may still act: only the order book can say with which order.
        """
        await self._look()
        known = self._known.get(trigger_id)
        if known is None:
            return None
        report = self._report(known)
        if known.row.state is GttState.TRIGGERED:
            report = msgspec.structs.replace(report, state=OrderState.OPEN)
        return report

    async def _look(self) -> None:
        if not self._is_there:
            return
        reply: Reply
        try:
            async with asyncio.timeout(READ_S_MAX):
                reply = await self._read()
        except TimeoutError:
            reply = Silent(f"no answer within {READ_S_MAX:g} s")
        if isinstance(reply, Answer) and gtts.is_unsupported(reply):
            self._is_there = False  # a server bans whoever asks for a hundred that are not there
            self._client.say("openalgo.no_gtts", "info", why=reply.message)
            return
        rows = gtts.gtt_rows(reply) if isinstance(reply, Answer) else None
        if rows is None:
            self._client.say("openalgo.gtts_unread", "warning", why=reply.message)
            return
        self._take(rows)

    def _take(self, rows: list[GttRow]) -> None:
        now_ns = self._client.clock.now_ns()
        there = {row.trigger_id for row in rows}
        for row in rows:
            before = self._known.get(row.trigger_id)
            if before is None and row.state is GttState.WAITS:
                self._known[row.trigger_id] = _Known(row, now_ns)
            elif before is not None and before.row.state is not GttState.OVER:
                is_met = row.state is GttState.TRIGGERED
                triggered_ns = before.triggered_ns or (now_ns if is_met else 0)
                self._known[row.trigger_id] = _Known(row, before.since_ns, 0, triggered_ns)
        for name, known in self._known.items():
            if name not in there and known.row.state is not GttState.OVER:
                self._known[name] = _missed(known)
        over = [name for name, known in self._known.items() if known.row.state is GttState.OVER]
        for name in over[:-OVER_MAX]:
            del self._known[name]

    def _report(self, known: _Known) -> OrderReport:
        row, now_ns = known.row, self._client.clock.now_ns()
        is_met = row.state is GttState.TRIGGERED and now_ns - known.triggered_ns >= LAG_NS_MAX
        is_over = is_met or row.state is GttState.OVER
        return OrderReport(
            order_id=PREFIX + row.trigger_id,
            client_order_id=None,
            key=NetKey(self._account, row.exchange, row.symbol, row.product),
            side=row.side,
            quantity=row.quantity,
            filled=row.quantity * 0,
            state=OrderState.CANCELLED if is_over else OrderState.OPEN,
            at_ns=known.since_ns,
            trigger=row.trigger,
            apart=True,
        )


def _missed(known: _Known) -> _Known:
    """Return one that a book has no more; nobody keeps some of those that are over."""
    absences = known.absences + 1
    if absences < ABSENCES:
        return msgspec.structs.replace(known, absences=absences)
    row = msgspec.structs.replace(known.row, state=GttState.OVER)
    return msgspec.structs.replace(known, row=row, absences=absences)
