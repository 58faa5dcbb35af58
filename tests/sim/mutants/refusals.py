"""Refusals, answered by the same order again."""

from tests.sim.mutants.patch import Patch, mutant
from tradebot.core.leaving import refusals


@mutant
def sends_a_refused_order_again(patch: Patch) -> None:
    patch.set(refusals, "stepped", lambda exit_, _said, _rungs, _at_ns: exit_)


@mutant
def takes_a_rejection_without_words_for_want_of_money(patch: Patch) -> None:
    honest = refusals.stepped
    patch.set(
        refusals,
        "stepped",
        lambda exit_, said, rungs, at_ns: honest(exit_, said or "margin", rungs, at_ns),
    )
