"""OpenAlgo as a broker: orders and books behind the port."""

from collections.abc import Sequence

from tradebot.brokers.openalgo.books.gtts import number_of
from tradebot.brokers.openalgo.calls.client import Client, Silent, Withheld
from tradebot.brokers.openalgo.reader import OpenAlgoReader, said
from tradebot.brokers.openalgo.stream.channel_proof import ChannelProof
from tradebot.brokers.openalgo.wire import orders, requests
from tradebot.brokers.openalgo.wire.answers import Answer
from tradebot.core.inputs import (
    Acked,
    Execution,
    NotSent,
    OrderState,
    Outcome,
    QueryReply,
    Refused,
    Unknown,
)
from tradebot.core.intents import CancelOrder, PlaceOrder
from tradebot.errors import BrokerError

LOOKS = 4  # at an order book that cannot be read, before a refusal is a doubt


class OpenAlgoBroker(OpenAlgoReader):
    """One account behind OpenAlgo, with all that it can be asked. It keeps no order id of ours.

    Whatever cannot be said for certain is ``Unknown``, None or an error, and never "no".
    """

    def __init__(self, account: str, client: Client) -> None:
        """Name the account whose net positions these are."""
        super().__init__(account, client)
        self.proof = ChannelProof()
        self._placing: list[PlaceOrder] = []  # requests under way

    async def place(self, order: PlaceOrder) -> Outcome:
        if order.key.account != self.account:
            # A trade of another account or of paper, in files that were moved: never ours to leave.
            return NotSent(f"{order.key.account} is not the account of this broker")
        if self.client.is_live is not True and not await self.client.check_mode():
            return NotSent(self.why_not_live())
        # What somebody reads of the book while the request is under way may be its own order.
        before = self.known.names()
        self._placing.append(order)
        try:
            body = requests.place_order(order)
            reply = await self.client.ask("placeorder", body, rank=order.rank)
        finally:
            self._placing.remove(order)
        match reply:
            case Withheld(message=message):
                return NotSent(message)
            case Silent(message=message):
                return Unknown(message)
        outcome = orders.outcome_of(reply)
        if isinstance(outcome, Acked):
            self.known.placed(outcome.order_id, order)
            self.proof.placed(outcome.order_id, self.client.clock.now_ns())
        if isinstance(outcome, Refused):
            return await self._looked_for(order, outcome, before)
        return outcome

    async def cancel(self, order: CancelOrder) -> None:
        name = order.order_id
        if name is None:
            raise BrokerError(f"OpenAlgo has told no id of {order.client_order_id}")
        number = number_of(name)
        # An exit waits for it: its own order that rests, or one that leaves no room for it.
        if number is None:
            body = requests.cancel_order(name)
            reply = await self.client.ask("cancelorder", body, rank=order.rank)
        else:
            reply = await self.client.ask("cancelgttorder", requests.cancel_gtt(number))
        if not isinstance(reply, Answer) or not orders.is_cancelled(reply):
            raise BrokerError(f"order {name} was not cancelled: {said(reply)}")

    async def query(self, client_order_id: str) -> QueryReply:
        """Answer that nobody can say: our ids are not kept."""
        return QueryReply(
            client_order_id=client_order_id,
            report=None,
            answered=False,
            at_ns=self.client.clock.now_ns(),
        )

    async def news(self) -> Sequence[Execution]:
        """Return the fills that can be told before anybody asks for them.

        Not those that may be of a request that is under way: an execution that overtakes its
        acknowledgement would look like somebody else's. With nothing left out the word that
        led here has proved its channel.

        Raises:
            BrokerError: as of ``executions``.
        """
        words, known = self.proof.words, self.known.names()
        fills = await self.executions()
        under_way = {(order.key, order.side) for order in self._placing}
        told = [f for f in fills if f.order_id in known or (f.key, f.side) not in under_way]
        if fills and len(told) == len(fills):  # an empty book may be a read that failed
            self.proof.was_read(words, self.client.clock.now_ns())
        return told

    async def _looked_for(
        self, order: PlaceOrder, refused: Refused, before: frozenset[str]
    ) -> Outcome:
        """Believe a refusal in the broker's words when the order book has nothing new like it.

        A broker that refuses an order for being one too many refuses the read behind it too:
        it is asked again, because a doubt holds the exit for two minutes.
        """
        rows = await self.order_rows()
        for _ in range(LOOKS - 1):
            if rows is None:
                await self.client.pause()
                rows = await self.order_rows()
        if rows is None:
            return Unknown(f"{refused.message}; and the order book cannot be read")
        key = order.key
        alike = [
            row
            for row in rows
            if row.order_id not in before
            and (row.exchange, row.symbol, row.side) == (key.exchange, key.symbol, order.side)
            and row.quantity == order.quantity
            and row.state is not OrderState.REJECTED
        ]
        if alike:
            return Unknown(f"{refused.message}; but there is a new order {alike[0].order_id}")
        return refused
