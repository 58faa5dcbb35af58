"""An adapter that is connected to a fake server."""

import pytest

from tests.brokers.openalgo.world import World


@pytest.fixture
async def world():
    async with World() as opened:
        yield opened
