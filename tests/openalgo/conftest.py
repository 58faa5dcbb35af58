"""A fake server for each test, and a plain client beside it."""

import aiohttp
import pytest

from tests.openalgo.plain_client import PlainClient
from tests.openalgo.server import OpenAlgoServer


@pytest.fixture
async def server():
    async with OpenAlgoServer() as running:
        yield running


@pytest.fixture
async def client(server):
    async with aiohttp.ClientSession() as session:
        yield PlainClient(server, session)
