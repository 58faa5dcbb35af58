"""How much is asked for, and how often."""

from decimal import Decimal
from typing import Any

from tests.sim.mutants.patch import Patch, mutant
from tradebot.core import restore
from tradebot.core.book import Book
from tradebot.core.guard import admission, guarding, trade_rules
from tradebot.core.guard.trade_rules import Levels, Verdict
from tradebot.core.guard.trades import Marks, Trade
from tradebot.core.leaving import exits, lanes
from tradebot.core.leaving.exit import Exit
from tradebot.core.market.price_gate import Gate
from tradebot.core.money import exact
from tradebot.core.records import Snapshot


@mutant
def no_dedupe_of_executions(patch: Patch) -> None:
    put = Book.put_execution
    patch.set(Book, "put_execution", lambda book, item: (book._seen.clear(), put(book, item))[1])


@mutant
def forgets_what_works(patch: Patch) -> None:
    honest = exits.quantity_to_send
    nothing = {"alive": Decimal(0), "own": Decimal(0)}
    patch.set(exits, "quantity_to_send", lambda e, **given: honest(e, **(given | nothing)))


@mutant
def sells_more_than_is_held(patch: Patch) -> None:
    honest = exits.quantity_to_send
    patch.set(
        exits,
        "quantity_to_send",
        lambda e, **given: honest(e, **(given | {"held": Decimal(10**9)})),
    )


@mutant
def decides_twice(patch: Patch) -> None:
    patch.set(Book, "unassigned", lambda _book, trade: trade.remaining)


@mutant
def believes_reports_before_executions(patch: Patch) -> None:
    honest = exits.reported
    patch.set(exits, "reported", lambda e, state, _, *rest: honest(e, state, Decimal(0), *rest))


@mutant
def closes_while_the_entry_may_fill(patch: Patch) -> None:
    patch.set(lanes, "entry_may_fill", lambda _book, _trade: False)


@mutant
def revives_no_entry(patch: Patch) -> None:
    patch.set(admission, "_revived", lambda _book, _execution: None)


@mutant
def never_pauses_between_tries(patch: Patch) -> None:
    patch.set(exits, "RETRY_SECONDS", (0,))


@mutant
def gives_up_after_two_tries(patch: Patch) -> None:
    honest = exits.waiting
    patch.set(
        exits,
        "waiting",
        lambda exit_, at_ns: honest(exit_, at_ns + (10**18 if exit_.tries > 1 else 0)),
    )


@mutant
def never_asks_again(patch: Patch) -> None:
    patch.set(exits, "WORKING_SECONDS", 10**6)
    patch.set(exits, "QUERY_SECONDS", (10**6,))


@mutant
def leaves_an_order_that_rests_where_it_is(patch: Patch) -> None:
    def look(book: Book, exit_: Exit, at_ns: int) -> None:
        lanes.ask(book, exits.asked(exit_, at_ns), at_ns)

    patch.set(lanes, "_look_at_working", look)


@mutant
def forgets_time_exits_at_a_start(patch: Patch) -> None:
    honest = restore.restore

    def restored(book: Book, snapshot: Snapshot, at_ns: int) -> None:
        honest(book, snapshot, at_ns)
        book.deadlines.clear()

    patch.set(restore, "restore", restored)


@mutant
def no_price_gate(patch: Patch) -> None:
    patch.set(Gate, "_jumped", lambda _gate, _ltp: False)


@mutant
def misses_the_last_tick_before_its_level(patch: Patch) -> None:
    honest = trade_rules.judge

    def judge(levels: Levels, marks: Marks, price: float) -> Verdict:
        return honest(levels, marks, float(exact(price) + levels.sign * levels.tick_size))

    patch.set(guarding, "judge", judge)


@mutant
def waits_for_the_ack_of_an_exit_before_the_next_decision(patch: Patch) -> None:
    honest = guarding.leave

    def leave(book: Book, trade: Trade, *args: Any, **words: Any) -> Any:
        if any(exit_.is_alive for lane in book.lanes.values() for exit_ in lane):
            return trade
        return honest(book, trade, *args, **words)

    patch.set(guarding, "leave", leave)
