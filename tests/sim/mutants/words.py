"""A person's word that is not kept, and an answer that is none."""

import asyncio

from tests.sim.mutants.patch import Patch, mutant
from tradebot.core import restore
from tradebot.core.book import Book
from tradebot.core.inputs import (
    HaltTrading,
    NotSent,
    Outcome,
    PositionsReply,
    Queued,
    Release,
)
from tradebot.core.leaving import exits, halting, verdicts
from tradebot.core.leaving.exit import Exit
from tradebot.core.leaving.halt import Halt
from tradebot.core.records import Snapshot
from tradebot.services.comparison import Comparison, Told
from tradebot.services.halts import Halts
from tradebot.services.loop import Outputs


@mutant
def takes_a_queued_request_for_a_refused_one(patch: Patch) -> None:
    honest = exits.answered

    def answered(exit_: Exit, outcome: Outcome, at_ns: int) -> Exit:
        if isinstance(outcome, Queued):
            outcome = NotSent(outcome.message)
        return honest(exit_, outcome, at_ns)

    patch.set(exits, "answered", answered)


@mutant
def sends_under_a_halt(patch: Patch) -> None:
    patch.set(Halt, "sends", property(lambda _halt: True))


@mutant
def takes_trades_under_a_halt(patch: Patch) -> None:
    patch.set(Halt, "takes_trades", property(lambda _halt: True))


@mutant
def keeps_what_is_to_be_left(patch: Patch) -> None:
    patch.set(halting, "leave_every", lambda _book, _at_ns: None)


@mutant
def forgets_a_halt_at_a_start(patch: Patch) -> None:
    honest = restore.restore

    def restored(book: Book, snapshot: Snapshot, at_ns: int) -> None:
        honest(book, snapshot, at_ns)
        book.halt = Halt()

    patch.set(restore, "restore", restored)


@mutant
def answers_a_halt_before_it_is_durable(patch: Patch) -> None:
    async def say(halts: Halts, command: HaltTrading | Release) -> None:
        await halts._loop.command(command)

    patch.set(Halts, "_say", say)


@mutant
def hears_done_as_send_again(patch: Patch) -> None:
    patch.set(verdicts, "_done", verdicts._resend)


@mutant
def hears_send_again_as_done(patch: Patch) -> None:
    patch.set(verdicts, "_resend", verdicts._done)


@mutant
def compares_with_itself(patch: Patch) -> None:
    def note(comparison: Comparison, reply: PositionsReply, _done: asyncio.Future[Outputs]) -> None:
        book = comparison._loop.engine.book
        ours = book.net(reply.key)
        comparison._told[reply.key] = Told(ours, ours, book.guarded_net(reply.key))
        comparison._heard.set()

    patch.set(Comparison, "_note", note)
