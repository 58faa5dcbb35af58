"""What the broker says that it holds, believed too easily or never asked."""

from decimal import Decimal

import msgspec

from tests.sim.mutants.patch import Patch, mutant
from tradebot.core.account import net_reads, net_replies, reconcile
from tradebot.core.book import Book
from tradebot.core.inputs import PositionsReply
from tradebot.services import execution_list
from tradebot.services.execution_list import ExecutionList


@mutant
def believes_every_net(patch: Patch) -> None:
    patch.set(net_reads, "is_believed", lambda _book, _reply: True)


@mutant
def believes_a_net_at_once_when_it_is_not_fresh(patch: Patch) -> None:
    patch.set(net_reads, "AGREE_NS", -1)
    patch.set(net_reads, "LAG_NS_MAX", 0)


@mutant
def a_failed_read_is_flat(patch: Patch) -> None:
    honest = net_replies.on_positions

    def on_positions(book: Book, reply: PositionsReply) -> None:
        if reply.net is None:
            reply = msgspec.structs.replace(reply, net=Decimal(0))
        honest(book, reply)

    patch.set(net_replies, "on_positions", on_positions)


@mutant
def believes_a_list_that_has_shrunk(patch: Patch) -> None:
    patch.set(ExecutionList, "_gone", lambda _self, _executions, _overheard: [])


@mutant
def never_believes_that_a_fill_was_annulled(patch: Patch) -> None:
    patch.set(execution_list, "TAKEN_BACK_NS", 10**18)


@mutant
def never_compares_with_the_broker(patch: Patch) -> None:
    patch.set(reconcile, "compare", lambda *_about: None)
