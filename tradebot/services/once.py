"""A request that is sent twice is done once: what a key has led to, and the name it gives.

Answers are kept in memory. A trade outlives that: one that is created under a key is named
after it, so that its own record says whether it was made.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, TypeVar

from tradebot.core.guard.trades import Trade, TradeRequest
from tradebot.errors import BrokerError, RefusedError
from tradebot.ports import Clock

REMEMBERED_NS = 86_400_000_000_000
KEYS_MAX = 10_000  # beyond it the oldest that are answered are forgotten
FIELD = "Idempotency-Key"

_Answer = TypeVar("_Answer")


class Once(Generic[_Answer]):
    """Answers by key, for a day.

    What was refused changed nothing and is not kept: the next request is judged anew. What
    the broker left in doubt is kept: nobody may send it a second time.
    """

    def __init__(self, clock: Clock) -> None:
        """Start with no key."""
        self._clock = clock
        self._kept: OrderedDict[str, _Kept[_Answer]] = OrderedDict()

    async def answer(
        self, key: str, body: bytes, ask: Callable[[], Awaitable[_Answer]]
    ) -> tuple[_Answer, bool]:
        """Return the answer of a key, and whether it was given before.

        Args:
            key: whatever makes a request the same: the caller, the route, the caller's key.
            body: what must then be the same too.
            ask: does it.

        Raises:
            RefusedError: the key stands for another body.
            BrokerError: the first request did not come to an answer.
        """
        self._forget()
        digest = hashlib.sha256(body).digest()
        while (kept := self._kept.get(key)) is not None:
            if kept.digest != digest:
                raise RefusedError(FIELD, f"this {FIELD} was used with another body")
            await kept.ended.wait()
            if kept.error is not None:
                raise kept.error
            if kept.answers:
                return kept.answers[0], True
        kept = self._kept[key] = _Kept(digest, self._clock.now_ns())
        try:
            kept.answers.append(await ask())
        except BrokerError as error:
            kept.error = BrokerError(str(error))
            raise
        finally:
            if not kept.answers and kept.error is None:
                del self._kept[key]
            kept.ended.set()
        return kept.answers[0], False

    def _forget(self) -> None:
        """Let go of what is a day old, and of the oldest of too many."""
        limit_ns = self._clock.now_ns() - REMEMBERED_NS
        while self._kept:
            key, oldest = next(iter(self._kept.items()))
            if oldest.at_ns > limit_ns and len(self._kept) < KEYS_MAX:
                return
            if not oldest.ended.is_set():
                return  # it is being answered: those behind it are younger
            del self._kept[key]


class _Kept(Generic[_Answer]):
    """A request under a key, and what came of it."""

    def __init__(self, digest: bytes, at_ns: int) -> None:
        self.digest = digest
        self.at_ns = at_ns
        self.ended = asyncio.Event()
        self.answers: list[_Answer] = []  # one, once it is there
        self.error: BrokerError | None = None


def names_of_key(key: str) -> Iterator[str]:
    """Yield the ids for the trades that are created under a key: one each day that it is used."""
    name = f"K{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def is_remembered(trade: Trade, now_ns: int) -> bool:
    """Whether a trade was created within the day in which its key stands for it."""
    return now_ns - trade.created_at_ns < REMEMBERED_NS


def is_made_of(trade: Trade, request: TradeRequest) -> bool:
    """Whether a trade can be what this request led to; its rules may be others by now."""
    return (
        trade.key == (request.account, request.exchange, request.symbol, request.product)
        and trade.strategy == request.strategy
        and trade.side is request.side
        and trade.quantity == request.quantity
        and trade.order_id == request.order_id
        and trade.tag == request.tag
        and (
            request.entry_price is None
            or request.quantity is None
            or trade.entry_notional == request.entry_price * request.quantity
        )
    )
