"""What is not on the disk when it must be."""

from tests.sim.mutants.patch import Patch, mutant
from tradebot.core.book import Book
from tradebot.core.records import ExitSaved, HighReached, Record
from tradebot.services.loop import EngineLoop
from tradebot.services.persister import Persister
from tradebot.services.trades import Trades


@mutant
def sends_before_it_is_on_disk(patch: Patch) -> None:
    def journaled(loop: EngineLoop, records: list[Record], *, sync: bool, is_time: bool) -> bool:
        del sync, is_time
        loop._owe(records)
        return True

    patch.set(EngineLoop, "_journaled", journaled)


@mutant
def never_syncs(patch: Patch) -> None:
    honest = EngineLoop._journaled

    def journaled(loop: EngineLoop, records: list[Record], *, sync: bool, is_time: bool) -> bool:
        del sync
        return honest(loop, records, sync=False, is_time=is_time)

    patch.set(EngineLoop, "_journaled", journaled)


@mutant
def keeps_exits_in_memory(patch: Patch) -> None:
    honest = Book.drain
    patch.set(Book, "drain", lambda book: [r for r in honest(book) if not isinstance(r, ExitSaved)])


@mutant
def forgets_the_highs(patch: Patch) -> None:
    honest = Book.drain
    patch.set(
        Book, "drain", lambda book: [r for r in honest(book) if not isinstance(r, HighReached)]
    )


@mutant
def loses_what_the_database_refused(patch: Patch) -> None:
    patch.set(Persister, "_give_back", lambda _persister, _batch: None)
    patch.set(EngineLoop, "_owe", lambda _loop, _records: None)


@mutant
def answers_before_a_change_is_durable(patch: Patch) -> None:
    async def durable(_trades: Trades) -> None:
        return

    patch.set(Trades, "durable", durable)


@mutant
def tells_no_story(patch: Patch) -> None:
    patch.set(Book, "say", lambda book, event: book.out.append(event))
