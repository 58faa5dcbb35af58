"""An adapter that is connected to a fake server."""

import pytest

from tests.brokers.openalgo.feeding import CALM, PACE, Feed
from tests.brokers.openalgo.world import World


@pytest.fixture
async def world():
    async with World() as opened:
        yield opened


@pytest.fixture
async def start(world):
    started = []

    def begin(*names, patience=CALM, is_open=True, pace=PACE):
        feed = Feed(world, patience, is_open, pace)
        started.append(feed)
        for name in names:
            feed.feed.subscribe(name)
        return feed

    yield begin
    for feed in started:
        await feed.end()
