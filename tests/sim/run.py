"""One seed, from its first process to the calm in which everything must end."""

import gc
import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import msgspec

from tests.sim.annulled import Annulled
from tests.sim.bars import Bars
from tests.sim.channel import Channel
from tests.sim.faults import Faults, drawn
from tests.sim.life import ACCOUNT
from tests.sim.operators import Operators
from tests.sim.people import People
from tests.sim.resting import Resting
from tests.sim.strangers import THERE, Strangers, policy_of_strangers
from tests.sim.virtual_loop import Stalled
from tests.sim.world import HOLD_S, SLOW_S_MAX, World
from tradebot.core.leaving.ladder import parse_rung
from tradebot.core.policy import AdoptPolicy, ExitPolicy, Persons, Policy
from tradebot.services.guard import Guard

CHAOS_S = (60.0, 240.0)
SETTLE_S = 60.0  # after the faults end, and the longest hold (invariant I7)
# An entry may fill slowly in the calm, and be left by its time 30 s after that.
DECIDED_S_MAX = SLOW_S_MAX + 30.0
LOOK_S = 0.5
RECONCILE_NS = 30_000_000_000
STALE_NS = 10_000_000_000


class Result(msgspec.Struct, kw_only=True):
    """What one seed showed."""

    seed: int
    wrong: list[str]
    unconverged: list[str]
    seen: dict[str, int]
    sim_s: float
    kills: int
    exits: int
    ambiguous: int
    digest: str
    cpu_s: float = 0.0


def run(seed: int, timeline: list[str] | None = None) -> Result:
    """Live through one seed."""
    with uncollected():
        return _run(seed, timeline)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let no suspended task of a dead life be collected meanwhile: it would run its ``finally``."""
    gc.disable()
    with warnings.catch_warnings():
        # A task that died before its first step was never awaited; that is meant.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            yield
        finally:
            gc.enable()
            gc.collect()


def _run(seed: int, timeline: list[str] | None) -> Result:
    rng = Random(seed)
    tagged = rng.random() < TAGGED_SHARE
    persons = Random(f"persons {seed}").choice([Persons.ASK, *Persons])
    pushes = Random(f"pushes {seed}").random() < PUSHES_SHARE
    strangers = Random(f"strangers {seed}")
    adopt = policy_of_strangers(ACCOUNT) if strangers.random() < THERE else None
    policy = policy_of(tagged=tagged, persons=persons, pushes=pushes, adopt=adopt)
    world = World(rng, drawn(rng), policy)
    world.timeline = timeline
    kind = f"{'tagged' if tagged else 'plain'}{'' if pushes else ', silent'}"
    world.note(f"seed {seed}: {kind} broker, {world.faults}")
    world.channel = Channel(world, Random(f"channel {seed}"))
    world.bars = Bars(world, Random(f"bars {seed}"))
    world.annulled = Annulled(world, Random(f"annulled {seed}"))
    world.strangers = Strangers(world, strangers)
    world.resting = Resting(world, Random(f"resting {seed}"), Random(f"moments {seed}"))
    people = People(world, seed)
    life = world.life
    world.loop.in_world(0.0, life.begin)
    people.begin()
    operators = Operators(world)
    operators.begin()
    chaos_s = rng.uniform(*CHAOS_S)
    trouble: list[str] = []
    unsettled: list[str] = []
    try:
        _pass(world, chaos_s)
        _calm_down(world, people)
        operators.are_quiet = True
        unsettled = settle(world)
    except Stalled:
        trouble.append("the world stands still")
    except AssertionError as error:
        trouble.append(f"assertion: {error}")
    world.loop.close()
    return Result(
        seed=seed,
        wrong=world.promises.wrong + trouble + world.loop.trouble,
        unconverged=unsettled,
        seen=dict(world.seen),
        sim_s=world.loop.time(),
        kills=world.kills,
        exits=world.promises.exits,
        ambiguous=world.promises.requests.ambiguous,
        digest=_digest(world),
    )


def policy_of(
    *,
    tagged: bool,
    persons: Persons = Persons.ASK,
    pushes: bool = True,
    adopt: AdoptPolicy | None = None,
) -> Policy:
    """Return the settings for a broker that keeps our order ids or not, and pushes or not."""
    hold_ns = round(HOLD_S[tagged] * 1e9)
    ladder = tuple(parse_rung(text, "ladder") for text in ("touch", "touch+3%", "band"))
    exits = ExitPolicy(
        tagged=tagged,
        hold_ns=hold_ns,
        # The clock of this world is one for all: what nobody could know by it is not asked.
        stamps_ns=0,
        clocks_apart_ns=0,
        ladder=ladder,
        persons=persons,
        pushes=pushes,
    )
    return Policy(
        stale_after_ns=STALE_NS, exits=exits, reconcile_every_ns=RECONCILE_NS, adopt=adopt
    )


TAGGED_SHARE = 0.5
PUSHES_SHARE = 0.5


def _pass(world: World, seconds: float) -> None:
    """Let time pass, and look at the book now and then."""
    until_s = world.loop.time() + seconds
    while world.loop.time() < until_s and not world.promises.wrong:
        world.loop.pass_time(min(until_s - world.loop.time(), LOOK_S))
        _look(world)


def _look(world: World) -> None:
    guard = world.life.guard
    if guard is not None and world.life.is_ready and not world.life.is_over:
        world.promises.look(guard.engine.book)


def _calm_down(world: World, people: People) -> None:
    world.note("the faults end")
    people.trade_unseen()
    world.faults = Faults()
    world.life.dies_in = None
    world.journal_refuses = world.store_refuses = world.feed_is_silent = False
    world.session_is_lost = world.stream_is_dead = world.books_are_empty = False
    world.books_stand_since_ns = None
    world.busy_until_s = 0.0
    people.are_quiet = True
    world.resting.end()


def settle(world: World) -> list[str]:
    """Wait until nothing is in progress, and look then; return what still is after its time.

    A call that hangs is a fault until the process gives it up: only then does its time begin.
    That of a fill which was annulled is a fault until a life takes the broker at its word.
    That of an exit which is decided in the calm begins there, and it begins anew where others
    trade, or somebody ends a doubt.
    """
    faults_end_s = max(world.loop.time(), world.life.gateway.hangs_until_s)
    calm = 0
    unsettled = ["no process"]
    while not world.promises.wrong:
        stirred_s = min(world.promises.stirred_at_s, faults_end_s + DECIDED_S_MAX)
        settled_s = SETTLE_S + world.hold_s + world.annulled.counted_s
        if world.loop.time() >= max(faults_end_s, stirred_s) + settled_s:
            break
        _pass(world, 1.0)
        guard = world.life.guard
        if guard is None or not world.life.is_ready:
            continue
        unsettled = world.promises.calm.unsettled(guard.engine.book)
        calm = 0 if unsettled else calm + 1
        if calm >= 3:
            unsettled = _looked_at_end(world, guard)
            if not unsettled:
                return []
            calm = 0
    return unsettled or ["it settled too late"]


def _looked_at_end(world: World, guard: Guard) -> list[str]:
    """Look at a settled world once everything is in the database; an entry may fill meanwhile."""
    looked: list[list[str]] = []

    async def look() -> None:
        told = await guard.comparison.compare()
        await guard.persister.flush()
        unsettled = world.promises.calm.unsettled(guard.engine.book)
        if not told["agreed"]:
            unsettled.append(f"I17 our positions and the broker's: {told}")
        if guard.persister.waiting:
            unsettled.append(f"{guard.persister.waiting} rows came after the last commit")
        if not unsettled:
            await world.promises.calm.look_at_end(guard.engine.book, world.kept_store)
        looked.append(unsettled)

    life = world.life
    life.do(look())
    world.loop.run_until(lambda: bool(looked) or life.is_over)
    return looked[0] if looked else ["the process ended itself"]


def _digest(world: World) -> str:
    """Return a number for all that truly happened, in its order."""
    digest = hashlib.sha256()
    digest.update(repr(world.loop.time()).encode())
    for order in world.exchange.orders.values():
        digest.update(repr((order.order_id, order.client_order_id, order.changes)).encode())
    for execution in world.exchange.executions.values():
        digest.update(repr(execution).encode())
    digest.update(repr(sorted(world.seen.items())).encode())
    return digest.hexdigest()[:16]
