"""The description of the API: it is the file, and it is true."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.test_access import NEEDS, OPEN, routes
from tests.api.world import running
from tradebot.api.openapi import document, text

ROOT = Path(__file__).parents[2]
KNOWN = document()


def operations():
    return {
        (method.upper(), path): operation
        for path, methods in KNOWN["paths"].items()
        for method, operation in methods.items()
    }


def test_the_file_is_what_the_program_says():
    command = "python -m tradebot.api.openapi > docs/openapi.json"
    file = (ROOT / "docs" / "openapi.json").read_bytes()
    assert file == text(), f"the API has changed; write its description again: {command}"


def test_the_command_prints_the_file():
    command = [sys.executable, "-m", "tradebot.api.openapi"]
    printed = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, timeout=50)
    assert printed.stdout == text()


async def test_every_route_is_described_and_nothing_else():
    async with running() as world:
        assert routes(world.api()) == operations().keys()


def test_every_route_names_the_scope_that_it_needs():
    for name, operation in operations().items():
        if name in OPEN:
            assert operation["security"] == []
        else:
            assert operation["security"] == [{"key": []}]
            assert f"`{NEEDS[name]}`" in operation["description"]


def test_every_answer_names_its_request():
    for operation in operations().values():
        for answer in operation["responses"].values():
            name = answer.get("$ref", "").rpartition("/")[2]
            headers = KNOWN["components"]["responses"][name] if name else answer
            assert {"X-Request-Id", "X-Trace-Id"} <= headers["headers"].keys()


def references(part):
    if isinstance(part, dict):
        yield from [part["$ref"]] if "$ref" in part else []
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


@pytest.mark.parametrize("reference", sorted(set(references(KNOWN))))
def test_every_reference_leads_somewhere(reference):
    part = KNOWN
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    assert part


async def test_it_is_served_to_everybody():
    async with running() as world, world.client(key=None) as client:
        answer = await client.get("/api/v1/openapi.json")
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == json.loads(text())
