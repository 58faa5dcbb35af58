"""Tasks have names, a keeper's end is the daemon's end, and an errand's error is its own."""

import asyncio

from tests.services.fakes import Said
from tradebot.services import supervisor as supervisor_module
from tradebot.services.supervisor import Supervisor


async def forever() -> None:
    await asyncio.Event().wait()


async def failing() -> None:
    await asyncio.sleep(0)
    raise ValueError("no such thing")


async def ending() -> None:
    await asyncio.sleep(0)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_the_end_of_a_keeper_is_told_with_its_name_and_error():
    said, told = Said(), list[str]()
    supervisor = Supervisor(said)
    supervisor.on_failure = told.append
    supervisor.start("engine", failing())
    await turns()
    assert told[0].startswith("task engine: ValueError: no such thing in failing")
    assert said.events == ["task.ended"]


async def test_a_keeper_that_merely_returns_ends_the_daemon_too():
    told = list[str]()
    supervisor = Supervisor(Said())
    supervisor.on_failure = told.append
    supervisor.start("persister", ending())
    await turns()
    assert told == ["task persister: ended without an error"]


async def test_an_errand_that_fails_is_logged_and_nothing_else_ends():
    said, told = Said(), list[str]()
    supervisor = Supervisor(said)
    supervisor.on_failure = told.append
    supervisor.start("engine", forever())
    supervisor.send("quote NSE:SBIN", failing())
    await turns()
    assert said.events == ["task.failed"]
    assert told == []
    await supervisor.stop_all()


async def test_errands_may_finish_before_a_stop():
    done = list[str]()

    async def errand() -> None:
        await turns(3)
        done.append("placed")

    supervisor = Supervisor(Said())
    supervisor.send("place T1-x1", errand())
    await supervisor.finish_errands(within_s=1)
    assert done == ["placed"]
    await supervisor.finish_errands(within_s=1)


async def test_an_errand_that_does_not_finish_is_cancelled():
    supervisor = Supervisor(Said())
    supervisor.send("place T1-x1", forever())
    await supervisor.finish_errands(within_s=0)
    await turns()
    assert supervisor.dump() == []


async def test_stopping_one_keeper_is_no_failure():
    told = list[str]()
    supervisor = Supervisor(Said())
    supervisor.on_failure = told.append
    supervisor.start("market data", forever())
    await turns(1)
    await supervisor.stop("market data")
    await supervisor.stop("market data")
    assert told == []


async def test_keepers_stop_from_the_newest_to_the_oldest():
    order = list[str]()

    async def keeper(name: str) -> None:
        try:
            await forever()
        finally:
            order.append(name)

    supervisor = Supervisor(Said())
    for name in ("persister", "engine", "feed"):
        supervisor.start(name, keeper(name))
    await turns(1)
    await supervisor.stop_all()
    assert order == ["feed", "engine", "persister"]


async def test_a_task_that_will_not_end_is_named():
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    said = Said()
    supervisor = Supervisor(said)
    supervisor.start("stubborn", stubborn())
    await turns(1)
    await supervisor.stop_all(within_s=0)
    assert said.lines == [("task.late", "warning", {"task": "stubborn", "seconds": 0})]
    release.set()
    await turns()


async def test_a_keeper_that_ends_during_the_stop_is_no_failure():
    told = list[str]()
    supervisor = Supervisor(Said())
    supervisor.on_failure = told.append
    release = asyncio.Event()
    supervisor.start("api", release.wait())  # type: ignore[arg-type] # its value is nobody's
    supervisor.start("feed", forever())
    await turns(1)
    release.set()
    await supervisor.stop_all()
    assert told == []


async def test_the_dump_says_where_each_task_waits():
    supervisor = Supervisor(Said())
    supervisor.start("engine", forever())
    await turns(1)
    assert supervisor.dump()[0].startswith("engine: forever line")
    await supervisor.stop_all()


async def test_a_keeper_that_may_end_is_no_failure_when_it_does():
    said = Said()
    supervisor = Supervisor(said)
    supervisor.start("api", ending())
    supervisor.may_end("api")
    supervisor.may_end("nobody")
    await turns()
    assert said.lines == []


async def test_what_is_attended_is_begun_anew_and_its_failure_concerns_nobody_else(monkeypatch):
    monkeypatch.setattr(supervisor_module, "ANEW_S", 0)
    said, told, begun = Said(), list[str](), list[int]()

    async def failing():
        begun.append(len(begun))
        await asyncio.sleep(0)
        if len(begun) < 3:
            raise ValueError("a bug")

    supervisor = Supervisor(said)
    supervisor.on_failure = told.append
    supervisor.attend("alerts", failing)
    while len(begun) < 4:  # noqa: ASYNC110 - a list has no event
        await asyncio.sleep(0)
    await supervisor.stop_all()
    assert told == []
    assert [line[0] for line in said.lines] == ["task.failed", "task.failed"]
    assert "ValueError: a bug" in str(said.lines[0][2]["error"])
