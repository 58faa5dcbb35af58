"""Carrying out what the engine wants of the broker. Replies come back as inputs."""

import asyncio

from tradebot.core.inputs import (
    AccountReply,
    BookReply,
    ExecutionsRead,
    Outcome,
    PlaceReply,
    PositionsReply,
    QueryReply,
    Unknown,
)
from tradebot.core.intents import CancelOrder, PlaceOrder, QueryOrder, ReadOrder, ReadPosition
from tradebot.core.market.instruments import NetKey
from tradebot.errors import StoreError
from tradebot.ports import Broker, Clock, Inbox, Say
from tradebot.services.execution_list import ExecutionList
from tradebot.services.persister import Persister
from tradebot.services.supervisor import Supervisor

# An adapter has time limits of its own; these hold where one of them fails.
ANSWER_S_MAX = 60.0  # a request that the broker leaves without an answer is in doubt
SLOW_S = 2.0  # a request without an answer is told of, while its answer may still come
READ_S_MAX = 1.0  # an exit waits for the executions no longer
READ_AGAIN_S = 0.25  # after a read that failed
SAVE_S_MAX = 1.0  # a database that hangs holds no stop back for longer


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
        answer_s_max: float = ANSWER_S_MAX,
        save_s_max: float = SAVE_S_MAX,
        slow_s: float = SLOW_S,
        read_s_max: float = READ_S_MAX,
        read_again_s: float = READ_AGAIN_S,
    ) -> None:
        """Take the broker to ask and the inbox to answer to."""
        self._broker = broker
        self._inbox = inbox
        self.executions = ExecutionList(broker, inbox, clock=clock, say=say)
        self._persister = persister
        self._supervisor = supervisor
        self._clock = clock
        self._say = say
        self._answer_s_max = answer_s_max
        self._save_s_max = save_s_max
        self._slow_s = slow_s
        self._read_s_max = read_s_max
        self._read_again_s = read_again_s

    def place(self, order: PlaceOrder, *, is_safe: bool) -> None:
        """Send an order; ``is_safe`` says that the journal has it on disk."""
        self._supervisor.send(f"place {order.client_order_id}", self._place(order, is_safe))

    def cancel(self, order: CancelOrder) -> None:
        """Ask for an order to be cancelled; its reports tell what came of it."""
        name = order.client_order_id or order.order_id
        self._supervisor.send(f"cancel {name}", self._cancel(order))

    def query(self, query: QueryOrder) -> None:
        """Ask for an order of ours by its client order id."""
        self._supervisor.send(f"query {query.client_order_id}", self._query(query.client_order_id))

    def read_position(self, read: ReadPosition) -> None:
        """Ask for the broker's net of one key."""
        self._supervisor.send(f"net {read.key.instrument}", self._read_position(read.key))

    def read_book(self) -> None:
        """Ask for the day's orders."""
        self._supervisor.send("order book", self._read_book())

    def read_account(self) -> None:
        """Ask for all that the account holds."""
        self._supervisor.send("account", self._read_account())

    def read_order(self, read: ReadOrder) -> None:
        """Ask for an entry order by the broker's id."""
        self._supervisor.send(f"order {read.order_id}", self._read_order(read.order_id))

    def read_executions(self) -> None:
        """Ask what has executed; an exit waits for it."""
        self._supervisor.send("executions", self._read_executions())

    async def hear_executions(self) -> bool:
        """Deliver what the broker has executed; False where it could not say it."""
        try:
            async with asyncio.timeout(self._answer_s_max):
                await self.executions.deliver()
        except Exception as error:  # a failed read says nothing of what executed
            self._say("executions.failed", "warning", error=_told(error))
            return False
        return True

    async def _place(self, order: PlaceOrder, is_safe: bool) -> None:  # noqa: FBT001 - private
        if not is_safe and not await self._saved_elsewhere(order):
            # Both files refuse. A stop that is not sent is worse than one that may be sent
            # twice after a crash in this very second.
            self._say("exit.unsaved", "critical", order_id=order.client_order_id)
        outcome: Outcome
        slow = asyncio.get_running_loop().call_later(
            self._slow_s, self._say_unanswered, order.client_order_id
        )
        try:
            async with asyncio.timeout(self._answer_s_max):
                outcome = await self._broker.place(order)
        except Exception as error:  # whatever broke, the order may be alive
            outcome = Unknown(_told(error))
        finally:
            slow.cancel()
        self._inbox.put(
            PlaceReply(
                client_order_id=order.client_order_id,
                outcome=outcome,
                at_ns=self._clock.now_ns(),
            )
        )

    def _say_unanswered(self, client_order_id: str) -> None:
        self._say("exit.unanswered", "warning", order_id=client_order_id, after_s=self._slow_s)

    async def _cancel(self, order: CancelOrder) -> None:
        try:
            async with asyncio.timeout(self._answer_s_max):
                await self._broker.cancel(order)
        except Exception as error:  # the order may be alive, or filled: its reports tell
            name = order.client_order_id or order.order_id
            self._say("cancel.failed", "warning", order_id=name, error=_told(error))

    async def _saved_elsewhere(self, order: PlaceOrder) -> bool:
        """Bring the decision into the database, where the journal could not take it."""
        try:
            async with asyncio.timeout(self._save_s_max):
                await self._persister.flush()
        except (StoreError, TimeoutError) as error:
            why = str(error) or f"the database does not answer within {self._save_s_max:g} s"
            self._say("exit.not_saved", "error", order_id=order.client_order_id, error=why)
            return False
        return True

    async def _query(self, client_order_id: str) -> None:
        try:
            async with asyncio.timeout(self._answer_s_max):
                reply = await self._broker.query(client_order_id)
                if reply.report is not None and reply.report.filled > 0:
                    await self.executions.deliver()
        except Exception as error:  # a failed query says nothing of the order
            self._say("query.failed", "warning", order_id=client_order_id, error=_told(error))
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
            async with asyncio.timeout(self._answer_s_max):
                # The net first: what executes after it is delivered before the reply, and so
                # makes it out of date. The other way round it would be counted twice.
                read = await self._broker.net(key)
                await self.executions.deliver()
            net = read
        except Exception as error:  # a failed read says nothing of the position
            self._say("position.failed", "warning", instrument=key.instrument, error=_told(error))
        self._inbox.put(PositionsReply(key=key, net=net, at_ns=self._clock.now_ns()))

    async def _read_account(self) -> None:
        positions = None
        try:
            async with asyncio.timeout(self._answer_s_max):
                read = await self._broker.positions()
                await self.executions.deliver()
            positions = None if read is None else tuple(read)
        except Exception as error:  # a failed read says nothing of any position
            self._say("account.failed", "warning", error=_told(error))
        self._inbox.put(AccountReply(positions=positions, at_ns=self._clock.now_ns()))

    async def _read_book(self) -> None:
        orders = None
        try:
            async with asyncio.timeout(self._answer_s_max):
                read = await self._broker.order_book()
                await self.executions.deliver()
            orders = None if read is None else tuple(read)
        except Exception as error:  # a failed read says nothing of any order
            self._say("orders.failed", "warning", error=_told(error))
        self._inbox.put(BookReply(orders=orders, at_ns=self._clock.now_ns()))

    async def _read_executions(self) -> None:
        """Read until it succeeds or the time is up; what comes later is delivered all the same."""
        loop = asyncio.get_running_loop()
        last_s = loop.time() + self._read_s_max
        told = asyncio.Event()
        late = loop.call_later(self._read_s_max, self._say_unread, told)
        is_over = True  # also where this errand is called off
        try:
            is_read = await self.hear_executions()
            while not is_read and loop.time() + self._read_again_s < last_s:
                await asyncio.sleep(self._read_again_s)
                is_read = await self.hear_executions()
            is_over = is_read
            if is_read and not told.is_set():
                self._inbox.put(ExecutionsRead(is_read=True, at_ns=self._clock.now_ns()))
        finally:
            if is_over:
                late.cancel()

    def _say_unread(self, told: asyncio.Event) -> None:
        told.set()
        self._say("executions.unread", "warning", after_s=self._read_s_max)
        self._inbox.put(ExecutionsRead(is_read=False, at_ns=self._clock.now_ns()))

    async def _read_order(self, order_id: str) -> None:
        async with asyncio.timeout(self._answer_s_max):
            report = await self._broker.report(order_id)
            if report is None:
                self._say("entry.unknown", "warning", order_id=order_id)
                return
            if report.filled > 0:
                await self.executions.deliver()
        self._inbox.put(report)


def _told(error: Exception) -> str:
    """Return an error as a line; one that says nothing has at least a name."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
