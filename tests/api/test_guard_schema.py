"""The described bodies about the guard itself against those that are read and written."""

import subprocess
import sys

import msgspec
import pytest

from tests.api.world import LONG, running
from tradebot.api import guard_schema
from tradebot.core.inputs import Verdict
from tradebot.core.leaving.halt import Form


async def test_a_halt_is_told_key_by_key_as_it_is_described():
    async with running() as world:
        for told in (world.halts.in_force(), await world.halts.halt(Form.FLATTEN, "fear")):
            assert told.keys() == set(guard_schema.Halt.__struct_fields__)
            msgspec.convert(told, guard_schema.Halt)


@pytest.mark.parametrize("body", [{"form": "entries"}, {"form": "all", "why": "x"}, {"why": "x"}])
def test_a_halt_without_a_known_form_or_a_reason_is_described_as_wrong(body):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, guard_schema.SetHalt)


def test_no_described_type_writes_past_its_memory():
    structs = [t for t in vars(guard_schema).values() if isinstance(t, type)]
    wanted = ", ".join(f"s.{t.__name__}" for t in structs if t.__module__ == guard_schema.__name__)
    program = (
        "import msgspec; from tradebot.api import guard_schema as s\n"
        f"for _ in range(20): msgspec.json.schema_components([{wanted}])"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=50)


async def test_a_comparison_and_a_verdict_are_told_as_they_are_described():
    async with running() as world:
        await world.bought()
        await world.trades.create(LONG)
        told = await world.comparison.compare()
        compared = msgspec.convert(told, guard_schema.Comparison, strict=False)
        assert compared.positions[0].result == "not answered"
        await world.trades.exit("T1")
        resolved = await world.verdicts.resolve("T1", Verdict.DONE, "x")
        assert resolved.keys() == set(guard_schema.Resolved.__struct_fields__)
        msgspec.convert(resolved, guard_schema.Resolved)
