"""Whatever the world does, a trade is left once, and it is left."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from tests.fault_run import Run
from tradebot.core import restore
from tradebot.core.account import net_replies
from tradebot.core.book import Book
from tradebot.core.leaving import exits, lanes
from tradebot.core.leaving.exit import State

SEEDS = 300


@pytest.mark.parametrize("seeds", [range(n, n + 50) for n in range(0, SEEDS, 50)])
def test_every_promise_is_kept(seeds):
    for seed in seeds:
        run = Run(seed).live()
        assert not run.wrong + run.world.wrong, f"seed {seed}"


def test_the_same_seed_is_the_same_life():
    one, other = Run(7).live(), Run(7).live()
    assert one.store.told == other.store.told
    assert one.seen == other.seen


def test_the_world_is_unkind_in_every_way():
    seen = sum((Run(seed).live().seen for seed in range(160)), start=Run(0).seen)
    for rare in (
        "by hand",
        "compared",
        "died",
        "died before it was durable",
        "died before it was sent",
        "BookDiffers",
        "EntryDied",
        "TradeStuck",
        "TrailActivated",
        "BreakevenReached",
        "Halted",
        "NothingIsSent",
        "Released",
        "InstrumentBlind",
        "InstrumentSeen",
        "PastStopFound",
        "unguarded",
    ):
        assert seen[rare] >= 5, rare


# A world that lets these pass would prove nothing.


def no_dedupe(patch):
    put = Book.put_execution
    patch.setattr(
        Book, "put_execution", lambda book, item: [book._seen.clear(), put(book, item)][1]
    )


def sends_again_without_asking(patch):
    patch.setattr(exits, "in_doubt", exits.waiting)


def forgets_what_works(patch):
    honest = exits.quantity_to_send
    nothing = {"alive": Decimal(0), "own": Decimal(0)}
    patch.setattr(exits, "quantity_to_send", lambda e, **given: honest(e, **(given | nothing)))


def sends_beside_a_doubt(patch):
    for state in State:
        patch.setattr(state, "is_in_doubt", False)


def trusts_one_flat_read(patch):
    patch.setattr(net_replies, "FLAT_READS", 1)
    patch.setattr(net_replies, "FLAT_NS_MIN", 0)


def decides_twice(patch):
    patch.setattr(Book, "unassigned", lambda book, trade: trade.remaining)


def believes_reports_before_executions(patch):
    honest = exits.reported
    patch.setattr(exits, "reported", lambda e, state, _, *rest: honest(e, state, Decimal(0), *rest))


def closes_while_the_entry_may_fill(patch):
    patch.setattr(lanes, "entry_may_fill", lambda book, trade: False)


def starts_as_if_nothing_was_sent(patch):
    patch.setattr(restore, "exits", SimpleNamespace(in_doubt=exits.waiting, due_now=exits.due_now))


def forgets_the_highs(patch):
    patch.setattr(restore, "restored_marks", lambda saved, highs: saved.trade)


def never_asks_again(patch):
    patch.setattr(exits, "WORKING_SECONDS", 10**6)


@pytest.mark.parametrize(
    "mutate",
    [
        no_dedupe,
        sends_again_without_asking,
        forgets_what_works,
        sends_beside_a_doubt,
        trusts_one_flat_read,
        decides_twice,
        believes_reports_before_executions,
        closes_while_the_entry_may_fill,
        starts_as_if_nothing_was_sent,
        forgets_the_highs,
        never_asks_again,
    ],
)
def test_the_run_catches_an_engine_that(mutate, monkeypatch):
    mutate(monkeypatch)
    assert any(is_caught(seed) for seed in range(2 * SEEDS))


def is_caught(seed):
    try:
        run = Run(seed).live()
    except (AssertionError, KeyError):
        return True
    return bool(run.wrong or run.world.wrong)
