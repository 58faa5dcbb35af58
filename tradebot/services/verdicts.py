"""A person's word on an exit in doubt, on disk before it is answered."""

from tradebot.core.events import DoubtResolved, TradeRefused
from tradebot.core.inputs import Resolve, Verdict
from tradebot.core.words.fields import Json
from tradebot.errors import RefusedError, StoreError
from tradebot.ports import Clock
from tradebot.services.loop import EngineLoop
from tradebot.services.trades import Trades


class Verdicts:
    """The use case of the person who has looked at the broker."""

    def __init__(self, loop: EngineLoop, trades: Trades, *, clock: Clock) -> None:
        """Take the engine, and the trades whose doubts these are."""
        self._loop = loop
        self._trades = trades
        self._clock = clock

    async def resolve(
        self, trade_id: str, verdict: Verdict, why: str, order: str | None = None
    ) -> Json:
        """Act on a verdict on all that is in doubt of a trade, or on one order of it.

        It is in force and on disk before this returns.

        Raises:
            NotFoundError: there is no such trade.
            RefusedError: it is over, or nothing of it is in doubt, or not that order.
            StoreError: the verdict is in force, but no disk took it.
        """
        book = self._loop.engine.book
        if trade_id not in book.trades:
            raise await self._trades.why_not_open(trade_id)
        now_ns = self._clock.now_ns()
        outputs = await self._loop.command(
            Resolve(trade_id=trade_id, verdict=verdict, order=order, why=why, at_ns=now_ns)
        )
        exits = []
        for output in outputs:
            if isinstance(output, TradeRefused):
                raise RefusedError(output.field, output.why)
            if isinstance(output, DoubtResolved):
                exits.append(output.exit)
        try:
            await self._trades.durable()
        except StoreError as error:
            message = f"the word on trade {trade_id} is in force, but only in memory: {error}"
            raise StoreError(message) from error
        return {
            "trade_id": trade_id,
            "verdict": verdict.value,
            "exits": exits,
            "is_open": trade_id in book.trades,
        }
