"""An executor over a broker that answers what it is told to."""

import asyncio

from tests.services.fakes import FakeClock, ListInbox, Said
from tests.services.unkind_store import UnkindStore, turns
from tests.stores.samples import an_execution
from tradebot.core.inputs import Input, Tick
from tradebot.services.executor import Executor
from tradebot.services.persister import Persister
from tradebot.services.supervisor import Supervisor

FILL = an_execution("e1").execution


class FakeBroker:
    """Answers what it is told to; an answer that is an error is raised, an event waited for."""

    def __init__(self, calls: list[str]) -> None:
        self.calls = calls
        self.answers: dict[str, object] = {"executions": [FILL]}

    async def _answer(self, name: str):
        self.calls.append(name)
        answer = self.answers.get(name)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, asyncio.Event):
            await answer.wait()
            return None
        if isinstance(answer, asyncio.Future):
            return await answer
        return answer

    async def place(self, _order):
        return await self._answer("place")

    async def cancel(self, _order):
        return await self._answer("cancel")

    async def query(self, _client_order_id):
        return await self._answer("query")

    async def report(self, _order_id):
        return await self._answer("report")

    async def order_book(self):
        return await self._answer("order_book")

    async def net(self, _key):
        return await self._answer("net")

    async def executions(self):
        return await self._answer("executions")


class World:
    def __init__(self, **limits: float) -> None:
        self.calls: list[str] = []
        self.said, self.inbox, self.store = Said(), ListInbox(), UnkindStore()
        self.broker = FakeBroker(self.calls)
        self.clock = FakeClock(77)
        self.supervisor = Supervisor(self.said)
        self.persister = Persister(
            self.store, every_s=3_600, say=self.said, covered=lambda _frame: None
        )
        self.executor = Executor(
            self.broker,  # type: ignore[arg-type] # the calls that an executor makes
            self.inbox,
            persister=self.persister,
            supervisor=self.supervisor,
            clock=self.clock,
            say=self.said,
            **limits,
        )
        self.executions = self.executor.executions
        self.inbox.on_put = lambda item: self.calls.append(type(item).__name__)

    async def until(self, item: Input) -> None:
        """Wait until something was delivered."""
        came = asyncio.Event()
        self.inbox.on_put = lambda put: came.set() if put == item else None
        async with asyncio.timeout(5):
            await came.wait()

    async def settled(self) -> list[Input | Tick]:
        await turns(20)
        return list(self.inbox.items)

    def answers(self, **answers: object) -> "World":
        self.broker.answers.update(answers)
        return self
