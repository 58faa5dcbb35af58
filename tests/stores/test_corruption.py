"""Hundreds of damaged files: a start has all that was acknowledged, says what it lacks, or refuses.

``python -m tests.soak corrupt`` runs as many more as are wanted.
"""

from pathlib import Path

import pytest

from tests.corruption import REFUSED, REPAIRED, TAIL, TOLD, WHOLE, prepared, run

BATCHES, EACH = 10, 32
# Damage in one place alone never costs what was acknowledged.
ONE_PLACE = ("database", "log", "newest backup", "a segment", "last segment", "every backup")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return prepared(tmp_path_factory.mktemp("state"))


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_damage_takes_an_acknowledged_trade_in_silence(files, tmp_path, batch):
    numbers = range(batch * EACH, (batch + 1) * EACH)
    variants = [run(files, number, tmp_path / "damaged") for number in numbers]
    assert [variant for variant in variants if variant.wrong] == []
    assert {variant.outcome for variant in variants} <= {WHOLE, REPAIRED, TOLD, REFUSED, TAIL}
    one_place = [v for v in variants if v.what.partition(",")[0] in ONE_PLACE]
    assert [v for v in one_place if v.outcome in (REFUSED, TOLD)] == []


def test_a_variant_is_the_same_on_every_machine(files, tmp_path):
    told = [run(files, 7, tmp_path / "damaged").what for _ in range(2)]
    assert told[0] == told[1]
    assert not Path(tmp_path / "damaged").exists()
