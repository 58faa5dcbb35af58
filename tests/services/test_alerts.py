"""Alerts are raised once, insist until they are seen, and outlive the process."""

import asyncio
import contextlib

import pytest

from tests.alert_store import AlertMemory, lasting, over, raised
from tests.services.fakes import FakeClock, Said
from tradebot.core.alerting.alerts import Alert, Category, Severity
from tradebot.errors import InputError, NotFoundError, StoreError
from tradebot.services import alerts as module
from tradebot.services.alerts import AGAIN_NS, INSIST_NS, KEPT_MAX, SPARE, Alerts

INFO, WARNING, CRITICAL = Severity
SECOND_NS = 1_000_000_000


class World:
    """Alerts over a store in memory, and who listens to them."""

    def __init__(self, kept=()):
        self.store = AlertMemory()
        self.clock = FakeClock(10**18)
        self.said = Said()
        self.told: list[Alert] = []
        self.alerts = Alerts(self.store, kept, clock=self.clock, say=self.said)
        self.alerts.listen(self.told.append)

    def take(self, *changes, after_ns=0):
        self.clock.ns += after_ns
        self.alerts.take(changes)

    def pass_ns(self, ns):
        self.clock.ns += ns
        self.alerts.look()

    @property
    def listed(self):
        return list(self.alerts.listed())

    @property
    def heard(self):
        """Whom was told what: the id, and whether as over."""
        return [(alert.id, alert.over_ns is not None) for alert in self.told]

    @contextlib.asynccontextmanager
    async def writing(self):
        task = asyncio.create_task(self.alerts.write())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def world():
    return World()


def test_the_same_matter_is_told_once_and_counted(world):
    for _ in range(5):
        world.take(raised(), after_ns=SECOND_NS)
    (alert,) = world.listed
    assert (alert.id, alert.count) == ("A1", 5)
    assert world.heard == [("A1", False)]


def test_different_matters_are_different_alerts_newest_first(world):
    world.take(raised("feed"), raised("disk"))
    assert [alert.id for alert in world.listed] == ["A2", "A1"]


def test_what_comes_again_after_it_was_seen_is_news(world):
    world.take(raised())
    world.alerts.acknowledge("A1", "lead")
    world.take(raised(), after_ns=SECOND_NS)
    assert world.heard == [("A1", False), ("A2", False)]


def test_what_is_bad_and_holds_is_told_every_minute_until_it_is_seen(world):
    world.take(lasting())
    for _ in range(3):
        world.pass_ns(INSIST_NS - 1)
        world.pass_ns(1)
    assert world.heard == [("A1", False)] * 4
    world.alerts.acknowledge("A1", "lead")
    world.take(lasting())
    world.pass_ns(INSIST_NS)
    assert len(world.told) == 4


def test_a_matter_that_an_earlier_life_left_insists_at_once():
    world = World()
    world.take(lasting())
    later = World(world.listed)
    later.pass_ns(0)
    assert later.heard == [("A1", False)]


def test_that_it_is_over_is_told_once(world):
    world.take(lasting(), over(), over())
    world.take(over("nothing"))
    world.pass_ns(INSIST_NS)
    assert world.heard == [("A1", False), ("A1", True)]


def test_what_comes_and_goes_is_told_of_once_in_ten_minutes(world):
    for _ in range(20):
        world.take(lasting(severity=WARNING), over(), after_ns=SECOND_NS)
    assert world.heard == [("A1", False), ("A1", True)]
    assert world.listed[0].count == 20
    world.take(lasting(severity=WARNING), after_ns=AGAIN_NS)
    assert world.heard[2:] == [("A2", False)]


def test_what_comes_again_later_than_it_was_told_is_told_again(world):
    world.take(lasting(severity=WARNING))
    world.take(over(), after_ns=AGAIN_NS)
    world.take(lasting(severity=WARNING), after_ns=AGAIN_NS - 1)
    assert world.heard == [("A1", False), ("A1", True)]
    world.take(over(), lasting(severity=WARNING), after_ns=1)
    assert world.heard[2:] == [("A1", False)]


def test_what_becomes_worse_is_told_at_once(world):
    world.take(raised(), raised(severity=CRITICAL))
    assert [alert.severity for alert in world.told] == [WARNING, CRITICAL]
    assert len(world.listed) == 1


def test_the_greater_evil_is_news_to_who_has_seen_the_lesser(world):
    world.take(lasting(severity=WARNING))
    world.alerts.acknowledge("A1", "lead")
    world.take(lasting())
    newer, older = world.listed
    assert (newer.id, newer.holds, newer.is_acked) == ("A2", True, False)
    assert (older.holds, older.is_acked) == (False, True)
    world.take(over())
    assert not world.listed[0].holds


def test_what_is_said_every_minute_is_over_when_it_is_said_no_more(world):
    world.take(lasting(is_repeated=True))
    for _ in range(3):
        world.pass_ns(60 * SECOND_NS)
        world.take(lasting(is_repeated=True))
    assert world.listed[0].holds
    world.pass_ns(151 * SECOND_NS)
    assert not world.listed[0].holds
    assert world.heard[-1] == ("A1", True)


def test_a_start_ends_what_is_not_known_to_last(world):
    world.take(lasting("a"), lasting("b"), lasting("c", is_repeated=True), raised("d"))
    later = World(world.listed)
    later.alerts.settle(lambda alert: alert.key == "b")
    holding = [alert.key for alert in later.listed if alert.holds]
    assert holding == ["c", "b"]


def test_what_a_start_has_heard_of_already_goes_on(world):
    world.take(lasting("disk"), lasting("feed"))
    later = World(world.listed)
    later.take(lasting("disk"), lasting("store"))
    later.alerts.settle(lambda _: False)
    assert [alert.key for alert in later.listed if alert.holds] == ["store", "disk"]


def test_what_was_insisted_on_is_told_to_be_over(world):
    world.take(lasting("start", CRITICAL), lasting("feed", WARNING))
    later = World(world.listed)
    later.alerts.settle(lambda _: False)
    assert later.heard == [("A1", True)]


def test_what_was_left_unsent_is_told_by_the_next_life_and_no_later_one(world):
    world.take(raised("a"), raised("b"))
    world.alerts.leave_unsent(is_unsent=True)
    later = World(world.listed)
    later.take(raised("c"))
    assert sorted(later.heard) == [("A1", False), ("A2", False), ("A3", False)]
    later.alerts.settle(lambda _: True)
    assert World(later.listed).heard == []


def test_what_has_left_after_all_is_not_told_again(world):
    world.take(raised("a"))
    world.alerts.leave_unsent(is_unsent=True)
    world.alerts.leave_unsent(is_unsent=False)
    assert World(world.listed).heard == []


def test_numbers_go_on_after_a_restart(world):
    world.take(raised("a"), raised("b"))
    later = World(world.listed)
    later.take(raised("a"))
    assert [alert.id for alert in later.listed] == ["A2", "A1"]
    later.take(raised("c"))
    assert later.listed[0].id == "A3"


@pytest.mark.parametrize("name", ["A2", "A0", "T1", "", "x" * 5000])
def test_only_what_is_there_can_be_acknowledged(world, name):
    world.take(raised())
    with pytest.raises(NotFoundError):
        world.alerts.acknowledge(name, "lead")


def test_all_that_was_seen_is_acknowledged_at_once_and_nothing_newer(world):
    world.take(raised("a"), raised("b"), raised("c"))
    world.alerts.acknowledge("A1", "trader")
    assert world.alerts.acknowledge_through("A2", "lead") == 1
    assert [(a.id, a.acked_by) for a in world.listed] == [
        ("A3", ""),
        ("A2", "lead"),
        ("A1", "trader"),
    ]
    with pytest.raises(InputError) as refused:
        world.alerts.acknowledge_through("all", "lead")
    assert refused.value.field == "through"


@pytest.mark.parametrize(
    ("chosen", "ids"),
    [
        ({}, ["A3", "A2", "A1"]),
        ({"least": WARNING}, ["A3", "A2"]),
        ({"least": CRITICAL}, ["A3"]),
        ({"category": Category.TRADE}, ["A2"]),
        ({"is_acked": True}, ["A1"]),
        ({"is_acked": False}, ["A3", "A2"]),
        ({"below": 3}, ["A2", "A1"]),
    ],
)
def test_a_list_is_filtered(world, chosen, ids):
    trade = raised("b", category=Category.TRADE)
    world.take(raised("a", INFO), trade, raised("c", CRITICAL))
    world.alerts.acknowledge("A1", "lead")
    assert [alert.id for alert in world.alerts.listed(**chosen)] == ids


def test_the_memory_is_bounded_and_what_nobody_waits_for_goes_first(world):
    world.take(lasting("holds"), raised("unseen"))
    for number in range(KEPT_MAX + SPARE - 1):
        world.take(raised(f"trade {number}", INFO))
    assert len(world.listed) == KEPT_MAX
    assert {"A1", "A2"} <= {alert.id for alert in world.listed}
    world.take(raised("trade 0", INFO))  # the first of that name has gone
    assert world.listed[0].count == 1


async def test_what_changes_is_written_down_and_read_again(world):
    async with world.writing():
        world.take(raised("a"), raised("b"))
        world.alerts.acknowledge("A1", "lead")
        await world.alerts.durable()
    assert (len(world.store.newest), world.store.synced) == (2, 1)
    later = World(list(world.store.newest.values()))
    assert later.listed == world.listed


async def test_what_changes_while_nobody_waits_is_written_too(world, monkeypatch):
    monkeypatch.setattr(module, "EVERY_S", 0)
    async with world.writing():
        world.take(raised())
        while not world.store.lines:  # noqa: ASYNC110 - a store has no event
            await asyncio.sleep(0)
    assert world.store.synced == 0


async def test_a_disk_that_refuses_is_told_of_once_and_loses_nothing(world, monkeypatch):
    monkeypatch.setattr(module, "EVERY_S", 0)
    world.store.refuses = True
    async with world.writing():
        world.take(raised("a"))
        for _ in range(2):
            with pytest.raises(StoreError, match="full"):
                await world.alerts.durable()
        world.take(raised("a"))
        world.store.refuses = False
        await world.alerts.durable()
    assert world.store.newest[1].count == 2
    assert world.said.events == ["alerts.unsaved", "alerts.saved"]


async def test_what_a_disk_refuses_does_not_fill_the_memory(world):
    world.store.refuses = True
    await world.alerts.close()
    for number in range(3 * (KEPT_MAX + SPARE)):
        world.take(raised(f"trade {number}", INFO))
    assert len(world.alerts._unsaved) <= KEPT_MAX + SPARE


async def test_a_disk_that_hangs_holds_up_only_who_waits_for_it(world, monkeypatch):
    monkeypatch.setattr(module, "DURABLE_S_MAX", 0.01)
    world.store.hangs = True
    async with world.writing():
        with pytest.raises(StoreError, match="does not answer"):
            await world.alerts.durable()
        world.take(lasting())
        world.pass_ns(INSIST_NS)
        assert len(world.told) == 2
    await world.alerts.close()
    assert world.said.events == ["alerts.unsaved"]
    world.store.hangs = False
    await world.alerts.close()
    assert set(world.store.newest) == {1}


async def test_a_file_that_is_full_begins_anew_with_what_is_known(world):
    world.take(raised("a"), raised("b"))
    world.store.is_full = True
    await world.alerts.close()
    assert [[alert.id for alert in kept] for kept in world.store.anew] == [["A1", "A2"]]


async def test_two_who_wait_are_answered_by_one_write(world):
    async with world.writing():
        world.take(raised())
        await asyncio.gather(world.alerts.durable(), world.alerts.durable())
    assert world.store.synced <= 2


async def test_the_minute_is_looked_at_by_a_task(world, monkeypatch):
    monkeypatch.setattr(module, "EVERY_S", 0)
    world.take(lasting())
    world.clock.ns += INSIST_NS
    task = asyncio.create_task(world.alerts.run())
    while len(world.told) < 2:  # noqa: ASYNC110 - a list has no event
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_the_figures_tell_what_was_raised_and_what_nobody_has_seen(world):
    world.take(raised("a"), raised("a"), lasting("b"))
    world.alerts.acknowledge("A1", "lead")
    total, unseen = world.alerts.figures()
    assert dict(total.values) == {("system", "warning"): 1, ("system", "critical"): 1}
    assert unseen.values == {("info",): 0, ("warning",): 0, ("critical",): 1}
