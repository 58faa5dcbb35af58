"""An adapter that is connected to a fake server."""

import pytest

from tests.brokers.openalgo.feeding import CALM, Feed
from tests.brokers.openalgo.world import World


@pytest.fixture
async def world():
    async with World() as opened:
        yield opened


@pytest.fixture
async def start(world):
    started = []

    def begin(*names, patience=CALM, is_open=True):
        feed = Feed(world, patience, is_open)
        started.append(feed)
        for name in names:
            feed.feed.subscribe(name)
        return feed

    yield begin
    for feed in started:
        await feed.end()
