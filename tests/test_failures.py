"""docs/failures.md tells the truth: each failure has its tests, and these exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROW = re.compile(r"\| (\d+) \| [^|]+ \| [^|]+ \| ([^|]+) \|")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
TABLE = (ROOT / "docs" / "failures.md").read_text("utf-8")
ROWS = {int(number): held_by for number, held_by in ROW.findall(TABLE)}
WAIT_FOR_RESTING_ORDERS = {18}


def names_in(path: str) -> set[str]:
    """Every function that a test file has at its top."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    body = ast.parse((ROOT / path).read_text("utf-8")).body
    return {node.name for node in body if isinstance(node, functions)}


def test_every_failure_of_orders_books_and_restarts_is_told():
    assert list(ROWS) == [*range(1, 22), *range(24, 39), 40, 39]


@pytest.mark.parametrize(("path", "name"), sorted(set(TEST.findall(TABLE))))
def test_every_test_that_the_table_names_exists(path, name):
    assert name in names_in(path)


@pytest.mark.parametrize("number", ROWS)
def test_every_failure_has_a_test_or_says_what_it_waits_for(number):
    waits = number in WAIT_FOR_RESTING_ORDERS
    assert bool(TEST.findall(ROWS[number])) != waits
    assert not waits or "with resting orders" in ROWS[number]


def test_every_story_of_a_failure_is_in_the_table():
    path = "tests/core/test_failures_elsewhere.py"
    told = {name for file, name in TEST.findall(TABLE) if file == path}
    assert told == {name for name in names_in(path) if name.startswith("test_")}


def test_no_test_is_named_in_a_form_that_nobody_checks():
    assert TABLE.count("::") == len(TEST.findall(TABLE))
