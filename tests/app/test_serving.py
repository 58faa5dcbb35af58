"""The API over a daemon's parts: its keys are those of the file, and every change has a line."""

import asyncio
import contextlib
from importlib.metadata import PackageNotFoundError

import httpx
import pytest

from tests.services.fakes import Said
from tradebot.api.shapes import Readiness
from tradebot.app import key_file, serving
from tradebot.app.key_file import KeyFile
from tradebot.app.parts import Parts
from tradebot.app.serving import api_server, version_text
from tradebot.app.state import StateDirectory
from tradebot.config import load

ORDERS = "/api/v1/paper/orders"
ORDER = {"exchange": "SIM", "symbol": "SBIN", "side": "BUY", "quantity": 10}


@contextlib.asynccontextmanager
async def served(folder):
    """Serve the parts of a daemon; return a client, and what the log was told."""
    config = folder / "config.toml"
    config.write_text('[api]\nlisten = "127.0.0.1:0"\n')
    state = StateDirectory(folder / "state")
    state.prepare()
    said = Said()
    settings = load(config).settings
    parts = await Parts.open(settings, state, say=said)
    readiness = Readiness(is_ready=True, state="ready")
    server = api_server(settings, state, parts, lambda: readiness)
    running = asyncio.create_task(server.run())
    try:
        async with httpx.AsyncClient(base_url=await server.bound()) as client:
            yield client, said
    finally:
        await server.stop()
        await running
        await parts.close()


@pytest.fixture
def look_always(monkeypatch):
    """The daemon looks at the file of the keys with every request."""
    monkeypatch.setattr(key_file, "LOOK_NS", 0)


async def test_keys_that_are_made_and_revoked_meanwhile_count_at_once(tmp_path, look_always):
    file = KeyFile(tmp_path / "state")
    async with served(tmp_path) as (client, said):
        trader, _ = file.create("bot", "trade")
        reader, _ = file.create("phone", "read")
        local = (tmp_path / "state" / "admin.key").read_text().strip()
        keys = {"bot": trader, "phone": reader, "local": local}

        async def answers(method, words=None):
            found = {}
            for name, key in keys.items():
                sent = {"X-API-Key": key}
                told = await client.request(method, ORDERS, json=words, headers=sent)
                found[name] = told.status_code
            return found

        assert await answers("GET") == {"bot": 200, "phone": 200, "local": 200}
        assert await answers("POST", ORDER) == {"bot": 200, "phone": 403, "local": 200}
        file.revoke("bot")
        assert await answers("POST", ORDER) == {"bot": 401, "phone": 403, "local": 200}
        audited = [line for line in said.lines if line[0] == "api.audit"]
        assert [line[-1]["who"] for line in audited] == ["bot", "phone", "local", "phone", "local"]
        assert not any(key in str(said.lines) for key in keys.values())


def test_a_checkout_that_is_not_installed_says_so(monkeypatch):
    def missing(_name):
        raise PackageNotFoundError

    monkeypatch.setattr(serving, "version", missing)
    assert version_text() == "uninstalled"
