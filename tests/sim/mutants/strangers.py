"""Positions of people that get two guards, one of the wrong size, or none."""

from tests.sim.mutants.patch import Patch, mutant
from tradebot.core import account_reads, manual_adds
from tradebot.core.book import Book
from tradebot.core.found import Found
from tradebot.core.inputs import AccountReply, Execution
from tradebot.core.policy import AdoptPolicy


@mutant
def adopts_what_has_a_trade(patch: Patch) -> None:
    honest = account_reads.on_account

    def on_account(book: Book, reply: AccountReply) -> None:
        book.guards = lambda key: not key  # type: ignore[method-assign]  # of this turn alone
        honest(book, reply)
        del book.guards

    patch.set(account_reads, "on_account", on_account)


@mutant
def adopts_what_one_book_says(patch: Patch) -> None:
    def is_settled(book: Book, _policy: AdoptPolicy, found: Found, _at_ns: int) -> bool:
        return found.key in book.positions

    patch.set(account_reads, "_is_settled", is_settled)


@mutant
def leaves_what_people_add_without_a_guard(patch: Patch) -> None:
    def on_execution(_book: Book, _execution: Execution) -> None:
        return

    patch.set(manual_adds, "on_execution", on_execution)
