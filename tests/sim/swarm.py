"""Many seeds, in one process or several, and what they showed together."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from tests.sim.mutants import MUTANTS
from tests.sim.run import Result, run

# What a long run must have met at least once; the rest of what is counted is for reading:
# a fill of an order that was called dead would be a promise broken, and no dispute here is
# kept up for as long as it takes to end by time.
SOMETIMES = (
    *(f"fate: {name}" for name in ("acked", "refused", "not_sent", "no_action", "hangs", "late")),
    *("fate: request_lost", "fate: reply_lost", "fate: error_before", "fate: error_after"),
    *("a kill", "a power cut", "a trade by hand", "a gap", "a bad print", "an old tick again"),
    *("a book that lagged", "a net silently read as flat", "a read of the net that failed"),
    *("an order book silently empty", "a message that was dropped", "a message that came late"),
    *("an order rejected after acceptance", "an order that filled in parts"),
    *("a rest that was cancelled", "the journal refused", "the database refused"),
    *("the database refused what it had applied", "exit.unsaved", "store.behind", "journal.back"),
    *("store.back", "orders.failed", "position.failed", "query.failed", "executions.failed"),
    *("BookDiffers", "EntryDied", "TradeStuck", "PastStopFound", "TrailActivated"),
    *("BreakevenReached", "RulesChanged", "InstrumentBlind", "PriceHeld", "PriceResolved"),
    *("found in the order book", "absent in the order book", "closed by somebody else"),
    *("found by its name", "absent by its name", "an execution told again", "an entry revived"),
    *("a start with a request in doubt", "a start with an order at work"),
    *("a start with an exit that was not sent", "two exits of one trade"),
    *("a fill before the answer", "a fill after the final report", "OutsideTraded"),
    *("an answer after the order's own reports", "a net never read", "an order book never read"),
    *("cancel: acted", "cancel: refused", "cancel: lost", "cancel: late"),
    *("an entry called dead that filled", "an order that filled slowly"),
    *("a session that was lost", "a stream that was dead", "books that stood still"),
    *("a fill that a correction may have held", "told RefusedError", "told StoreError"),
    *("a person's stop", "a person's target", "a resting order that fired"),
    *("a cancel that raced a fill of theirs", "a resting order that its owner took back"),
    *("a resting order where our exit left nothing", "ExitHeldBack", "CancelAsked", "OrderRests"),
    "a resting order heard of after our exit had left nothing",
    *("fate: queued", "fate: turned_down", "a request that waited long for a yes"),
    *("an outage", "books that were empty for a while"),
    *("a trade by hand that nobody tells of", "a read that an exit waits for"),
    *("a read that told of somebody's trade", "executions.unread"),
    *("a channel that is there", "a channel that is gone"),
    *("a halt: entries", "a halt: flatten", "a halt: everything", "a release"),
    *("a start under a halt", "NothingIsSent", "a comparison on demand"),
    *("a verdict: done", "a verdict: resend", "a trade that somebody left by hand"),
    *("a position that a person opened", "an addition to a position of a person"),
    *("a reduction of a position of a person", "PositionAdopted", "PositionFound"),
    *("a verdict on one exit of several", "a cancel of theirs that was lost"),
    *("fate: barred", "a bar: market", "a bar: market_silently", "a bar: far"),
    *("somebody who was faster than our stop", "a fill that was annulled"),
    "execution.taken_back",
)


class Figures(msgspec.Struct, kw_only=True):
    """The last line of a run."""

    seeds: int
    sim_hours: float
    kills: int
    exits: int
    ambiguous: int
    wrong: int  # seeds in which an invariant failed
    unconverged: int  # seeds that were not settled in time
    sometimes_missing: list[str]
    seconds: float  # of processor time, all processes together


def results(
    seeds: int, start: int, *, jobs: int = 1, mutant: str | None = None
) -> Iterator[Result]:
    """Yield each seed's result, in the order of the seeds."""
    wanted = range(start, start + seeds)
    one = partial(_one, mutant=mutant)
    if jobs == 1:
        yield from map(one, wanted)
        return
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from pool.imap(one, wanted, chunksize=4)


def figures(found: Sequence[Result]) -> Figures:
    """Return what results show together."""
    seen: Counter[str] = Counter()
    for result in found:
        seen.update(result.seen)
    return Figures(
        seeds=len(found),
        sim_hours=round(sum(result.sim_s for result in found) / 3600, 2),
        kills=sum(result.kills for result in found),
        exits=sum(result.exits for result in found),
        ambiguous=sum(result.ambiguous for result in found),
        wrong=sum(bool(result.wrong) for result in found),
        unconverged=sum(bool(result.unconverged) and not result.wrong for result in found),
        sometimes_missing=[name for name in SOMETIMES if not seen[name]],
        seconds=round(sum(result.cpu_s for result in found), 2),
    )


def _one(seed: int, *, mutant: str | None) -> Result:
    before_s = time.process_time()
    if mutant is None:
        result = run(seed)
    else:
        with MUTANTS[mutant]():
            result = run(seed)
    result.cpu_s = time.process_time() - before_s
    return result
