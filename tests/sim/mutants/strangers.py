"""Positions of people that get two guards, one of the wrong size, or none."""

from tests.sim.mutants.patch import Patch, mutant
from tradebot.core.adoption import account_reads, manual_adds
from tradebot.core.book import Book
from tradebot.core.inputs import AccountReply, Execution


@mutant
def adopts_what_has_a_trade(patch: Patch) -> None:
    honest = account_reads.on_account

    def on_account(book: Book, reply: AccountReply) -> None:
        book.guards = lambda key: not key  # type: ignore[method-assign]  # of this turn alone
        honest(book, reply)
        del book.guards

    patch.set(account_reads, "on_account", on_account)


@mutant
def leaves_what_people_add_without_a_guard(patch: Patch) -> None:
    def on_execution(_book: Book, _execution: Execution) -> None:
        return

    patch.set(manual_adds, "on_execution", on_execution)
