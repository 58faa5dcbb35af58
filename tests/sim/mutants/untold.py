"""What the broker does not tell by itself, never asked for."""

from tests.sim.mutants.patch import Patch, mutant
from tradebot.core.account import trade_reads


@mutant
def reads_nothing_before_an_exit(patch: Patch) -> None:
    patch.set(trade_reads, "may_leave", lambda _book, _key: True)
