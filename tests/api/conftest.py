"""A guard behind its API, and somebody who asks it."""

import pytest

from tests.api.world import running


@pytest.fixture
async def world():
    async with running() as made:
        yield made


@pytest.fixture
async def client(world):
    async with world.client() as made:
        yield made
