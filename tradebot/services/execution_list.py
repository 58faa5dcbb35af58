"""What the broker lists as executed: each delivered once, and no list believed that has shrunk."""

from collections.abc import Iterable, Sequence

from tradebot.core.inputs import Execution, Input
from tradebot.errors import BrokerError
from tradebot.ports import Broker, Clock, Inbox, Say

LISTED_NS_MIN = 4 * 3_600_000_000_000  # an execution younger than this is in every whole list
TAKEN_BACK_NS = 30_000_000_000  # a broker that lists one no longer for so long means it


class ExecutionList:
    """The broker's list, read again and again.

    A list that lacks what it told before is a read that failed: a session that has died reads
    as empty, and so do the positions beside it. But an exchange may annul a fill, and a broker
    write its price anew. As long as that counted as a failed read, nothing could be learned of
    the whole account. So a list that goes on without it, while its order still stands in the
    order book, is whole in the end; the broker's net corrects the position.
    """

    def __init__(self, broker: Broker, inbox: Inbox, *, clock: Clock, say: Say) -> None:
        """Take the broker to ask and the inbox to deliver to."""
        self._broker = broker
        self._inbox = inbox
        self._clock = clock
        self._say = say
        self._delivered: dict[str, Execution] = {}  # a day's
        self._overheard: dict[str, Execution] = {}  # told past this list, and in none yet
        self._missed_ns: dict[str, int] = {}  # what the last list lacked: since when
        self._last_list: Sequence[Execution] | None = None  # all of it is delivered

    def remember(self, executions: Iterable[Execution]) -> None:
        """Know what was delivered to an earlier life."""
        self._delivered.update((one.execution_id, one) for one in executions)

    def overhear(self, execution: Execution) -> None:
        """Know what is delivered past this list: one that is asked for from now on has it."""
        self._last_list = None  # an empty list is like any other
        if execution.execution_id not in self._delivered:
            self._overheard[execution.execution_id] = execution

    async def deliver(self) -> None:
        """Deliver what the broker lists and has not been delivered.

        Raises:
            BrokerError: it lists less than before.
        """
        executions, gone = await self._read()
        if gone and executions and await self._are_taken_back(gone):
            executions, gone = await self._read()  # the first one has aged meanwhile
        if gone:
            name = gone[0].execution_id
            raise BrokerError(f"the broker lists {name} and {len(gone) - 1} others no longer")
        self._take(executions)

    async def _read(self) -> tuple[Sequence[Execution], list[Execution]]:
        """Return the list, and what it lacks."""
        overheard = tuple(self._overheard.values())
        executions = await self._broker.executions()
        return executions, self._gone(executions, overheard)

    def _gone(
        self, executions: Sequence[Execution], overheard: Iterable[Execution]
    ) -> list[Execution]:
        """Return what was told before and is not listed, and note since when it is not."""
        if executions is self._last_list:
            return []  # many asked together, and share one reading
        listed = {execution.execution_id for execution in executions}
        now_ns = self._clock.now_ns()
        gone = [
            one
            for one in (*self._delivered.values(), *overheard)
            if one.at_ns >= now_ns - LISTED_NS_MIN and one.execution_id not in listed
        ]
        missed_ns = self._missed_ns
        self._missed_ns = {
            one.execution_id: missed_ns.get(one.execution_id, now_ns) for one in gone
        }
        return gone

    async def _are_taken_back(self, gone: list[Execution]) -> bool:
        """Whether the broker means it; then a person is told, and no list has to have them."""
        since_ns = self._clock.now_ns() - TAKEN_BACK_NS
        if any(self._missed_ns[one.execution_id] > since_ns for one in gone):
            return False
        orders = {report.order_id for report in await self._broker.order_book() or ()}
        if any(one.order_id not in orders for one in gone):
            return False
        for one in gone:
            was_told = self._delivered.pop(one.execution_id, None)
            if was_told or self._overheard.pop(one.execution_id, None):
                self._say(
                    "execution.taken_back",
                    "critical",
                    execution_id=one.execution_id,
                    order_id=one.order_id,
                    instrument=one.key.instrument,
                    side=one.side,
                    quantity=one.quantity,
                    price=one.price,
                )
        return True

    def _take(self, executions: Sequence[Execution]) -> None:
        if executions is self._last_list:
            return
        for execution in executions:
            name = execution.execution_id
            if self._overheard.pop(name, None) is None and name not in self._delivered:
                self._inbox.put(execution)
        # What the broker no longer lists cannot come again either: the memory is a day's.
        self._delivered = {one.execution_id: one for one in executions}
        self._last_list = executions


class Overheard:
    """An inbox for who tells of executions by himself: a later list has to have them."""

    def __init__(self, inbox: Inbox, executions: ExecutionList) -> None:
        """Pass everything on to ``inbox``."""
        self._inbox = inbox
        self._executions = executions
        self.tick = inbox.tick  # no call between the feed and the queue
        self.room = inbox.room

    def put(self, item: Input) -> None:
        """Pass an input on; an execution is known as delivered."""
        if isinstance(item, Execution):
            self._executions.overhear(item)
        self._inbox.put(item)
