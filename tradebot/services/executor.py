"""Carrying out what the engine wants of the broker. Replies come back as inputs."""

from tradebot.core.inputs import (
    Outcome,
    PlaceReply,
    PositionsReply,
    QueryReply,
    Unknown,
)
from tradebot.core.instruments import NetKey
from tradebot.core.intents import PlaceOrder, QueryOrder, ReadOrder, ReadPosition
from tradebot.errors import StoreError
from tradebot.ports import Broker, Clock, Inbox, Say
from tradebot.services.persister import Persister
from tradebot.services.supervisor import Supervisor


class Executor:
    """One errand per intent; the engine's lanes see to it that they never race.

    Before any answer that moves an exit is delivered, the executions that the broker
    knows are: only executions move quantity, so the answer finds the book complete.
    """

    def __init__(
        self,
        broker: Broker,
        inbox: Inbox,
        *,
        persister: Persister,
        supervisor: Supervisor,
        clock: Clock,
        say: Say,
    ) -> None:
        """Take the broker to ask and the inbox to answer to."""
        self._broker = broker
        self._inbox = inbox
        self._persister = persister
        self._supervisor = supervisor
        self._clock = clock
        self._say = say

    def place(self, order: PlaceOrder, *, is_safe: bool) -> None:
        """Send an order; ``is_safe`` says that the journal has it on disk."""
        self._supervisor.send(f"place {order.client_order_id}", self._place(order, is_safe))

    def query(self, query: QueryOrder) -> None:
        """Ask for an order of ours by its client order id."""
        self._supervisor.send(f"query {query.client_order_id}", self._query(query.client_order_id))

    def read_position(self, read: ReadPosition) -> None:
        """Ask for the broker's net of one key."""
        self._supervisor.send(f"net {read.key.instrument}", self._read_position(read.key))

    def read_order(self, read: ReadOrder) -> None:
        """Ask for an entry order by the broker's id."""
        self._supervisor.send(f"order {read.order_id}", self._read_order(read.order_id))

    async def _place(self, order: PlaceOrder, is_safe: bool) -> None:  # noqa: FBT001 - private
        if not is_safe and not await self._saved_elsewhere(order):
            # Both files refuse. A stop that is not sent is worse than one that may be sent
            # twice after a crash in this very second.
            self._say("exit.unsaved", "critical", order_id=order.client_order_id)
        outcome: Outcome
        try:
            outcome = await self._broker.place(order)
        except Exception as error:  # whatever broke, the order may be alive
            outcome = Unknown(f"{type(error).__name__}: {error}")
        self._inbox.put(
            PlaceReply(
                client_order_id=order.client_order_id,
                outcome=outcome,
                at_ns=self._clock.now_ns(),
            )
        )

    async def _saved_elsewhere(self, order: PlaceOrder) -> bool:
        """Bring the decision into the database, where the journal could not take it."""
        try:
            await self._persister.flush()
        except StoreError as error:
            self._say("exit.not_saved", "error", order_id=order.client_order_id, error=str(error))
            return False
        return True

    async def _query(self, client_order_id: str) -> None:
        try:
            reply = await self._broker.query(client_order_id)
            if reply.report is not None and reply.report.filled > 0:
                await self._deliver_executions()
        except Exception as error:  # a failed query says nothing of the order
            self._say("query.failed", "warning", order_id=client_order_id, error=str(error))
            reply = QueryReply(
                client_order_id=client_order_id,
                report=None,
                answered=False,
                at_ns=self._clock.now_ns(),
            )
        self._inbox.put(reply)

    async def _read_position(self, key: NetKey) -> None:
        net = None
        try:
            await self._deliver_executions()
            net = await self._broker.net(key)
        except Exception as error:  # a failed read says nothing of the position
            self._say("position.failed", "warning", instrument=key.instrument, error=str(error))
        self._inbox.put(PositionsReply(key=key, net=net, at_ns=self._clock.now_ns()))

    async def _read_order(self, order_id: str) -> None:
        report = await self._broker.report(order_id)
        if report is None:
            self._say("entry.unknown", "warning", order_id=order_id)
            return
        if report.filled > 0:
            await self._deliver_executions()
        self._inbox.put(report)

    async def _deliver_executions(self) -> None:
        for execution in await self._broker.executions():
            self._inbox.put(execution)
