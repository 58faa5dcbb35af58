"""A daemon that starts answers at once, and says how far it has come."""

import asyncio
import contextlib
import http.client
import json

import pytest

from tests.services.fakes import Said
from tradebot.api.shapes import Readiness
from tradebot.app.parts import Parts
from tradebot.app.serving import api_server
from tradebot.app.state import StateDirectory
from tradebot.config import load


class World:
    """Parts that run, their server, and a start that is as far as the test says."""

    def __init__(self, state, parts) -> None:
        self.state = state
        self.parts = parts
        self.readiness = Readiness(is_ready=False, state="starting")
        self.server = api_server(SETTINGS, state, parts, lambda: self.readiness)

    async def ask(self, path: str, *, with_key: bool = True) -> tuple[int, dict[str, object]]:
        """Send a GET from another thread: the server lives in this one."""
        return await asyncio.to_thread(self._ask, path, with_key=with_key)

    def _ask(self, path: str, *, with_key: bool) -> tuple[int, dict[str, object]]:
        address = self.server.address.removeprefix("http://")
        key = self.state.admin_key.read_text().strip()
        connection = http.client.HTTPConnection(address, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"X-API-Key": key} if with_key else {})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())


SETTINGS = load(None, flags={"api.port": "0"}).settings


@pytest.fixture
async def world(tmp_path):
    state = StateDirectory(tmp_path / "state")
    state.prepare()
    parts = await Parts.open(SETTINGS, state, say=Said())
    parts.start()
    world = World(state, parts)
    parts.supervisor.start("api", world.server.run())
    await world.server.bound()
    yield world
    parts.supervisor.may_end("api")
    await world.server.stop()
    await parts.close()


async def test_a_start_is_not_ready_until_it_is(world):
    status, answer = await world.ask("/ready")
    assert (status, answer["error_code"]) == (503, "not_ready")
    assert answer["message"] == "the daemon is starting"
    world.readiness = Readiness(is_ready=True, state="ready")
    status, answer = await world.ask("/ready")
    assert (status, answer["data"]["state"]) == (200, "ready")
    assert answer["data"]["mode"] == "paper"
    world.readiness = Readiness(is_ready=True, state="ready", reasons=("the database refuses",))
    status, answer = await world.ask("/ready")
    assert (status, answer["data"]["state"]) == (200, "degraded")


async def test_it_lives_before_it_is_ready(world):
    assert (await world.ask("/health", with_key=False))[0] == 200


async def test_the_key_of_the_state_directory_opens_and_no_key_does_not(world):
    status, answer = await world.ask("/api/v1/paper/positions")
    assert (status, answer["data"]) == (200, {"positions": []})
    status, answer = await world.ask("/api/v1/paper/positions", with_key=False)
    assert (status, answer["error_code"]) == (401, "unauthorized")
