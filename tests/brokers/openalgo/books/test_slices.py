"""Whoever has something to do does it between two slices of a long book."""

import asyncio

import pytest

from tradebot.brokers.openalgo.books.slices import SLICE, in_slices


async def gone_through(count):
    """Go through numbers; return what happened, a row that was made or somebody's turn."""
    happened: list[object] = []

    def make(numbers):
        happened.extend(numbers)
        asyncio.get_running_loop().call_soon(happened.append, "turn")
        return (2 * number for number in numbers)

    assert await in_slices(range(count), make) == [2 * number for number in range(count)]
    return happened


@pytest.mark.parametrize("count", [1, SLICE])
async def test_a_short_book_is_gone_through_without_a_pause(count):
    assert await gone_through(count) == [*range(count)]


async def test_an_empty_book_makes_nothing():
    assert await gone_through(0) == []


async def test_everybody_else_has_a_turn_after_each_slice_of_a_long_one():
    more = SLICE + 1
    assert await gone_through(2 * more) == [
        *range(SLICE),
        "turn",
        *range(SLICE, 2 * SLICE),
        "turn",
        *range(2 * SLICE, 2 * more),
    ]
