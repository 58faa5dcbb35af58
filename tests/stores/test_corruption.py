"""Hundreds of damaged files: a start has all that was acknowledged, says what it lacks, or refuses.

``python -m tests.soak corrupt`` runs as many more as are wanted.
"""

from pathlib import Path

import pytest

from tests.corruption import REFUSED, REPAIRED, TAIL, TOLD, WHOLE, prepared, run
from tradebot.stores import checks, repair, sqlite
from tradebot.stores.journal import FileJournal

BATCHES, EACH = 10, 32

_covered = FileJournal.covered


def _let_go(journal: FileJournal, frame: int, _backed_up: int | None = None) -> None:
    _covered(journal, frame)


def _unseen(backups, _say):
    return iter(backups.found())


# Each is a start that leaves one thing out; together they are why the others are there.
MUTANTS = {
    "rows are not looked at": (sqlite, "check", checks.check_pages),
    "backups are not looked at": (repair, "_whole", _unseen),
    "the journal lets go of what the database has": (FileJournal, "covered", _let_go),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("state"))


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_damage_takes_an_acknowledged_trade_in_silence(files, tmp_path, batch):
    numbers = range(batch * EACH, (batch + 1) * EACH)
    variants = [run(files, number, tmp_path / "damaged") for number in numbers]
    assert [variant for variant in variants if variant.wrong] == []
    assert {variant.outcome for variant in variants} <= {WHOLE, REPAIRED, TOLD, REFUSED, TAIL}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_start_that_leaves_something_out_is_found_out(tmp_path, monkeypatch, mutant):
    monkeypatch.setattr(*MUTANTS[mutant])
    files = prepared(tmp_path / "state")
    first = {"rows": 80, "backups": 30}.get(mutant.partition(" ")[0], 0)
    numbers = range(first, first + 50)
    assert any(run(files, number, tmp_path / "damaged").wrong for number in numbers)


def test_a_variant_is_the_same_on_every_machine(files, tmp_path):
    told = [run(files, 7, tmp_path / "damaged").what for _ in range(2)]
    assert told[0] == told[1]
    assert not Path(tmp_path / "damaged").exists()
