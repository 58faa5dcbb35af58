"""The first start of a shadow: what it looks at, and what it keeps."""

import asyncio
import stat

import pytest

from tests.brokers.openalgo.world import NAME, SBIN, World
from tradebot.app import shadow_setup
from tradebot.app.shadow_setup import KEPT_KEY, Wish, config_file, environment, feed_of, make
from tradebot.app.state import PAPER_OWNER, StateDirectory
from tradebot.brokers.openalgo.calls.client import READ_ROUTES
from tradebot.config import load
from tradebot.config.settings import Mode, SecretName
from tradebot.errors import BrokerError, ConfigError, InputError

WISH = Wish(rest="http://127.0.0.1:5000", feed="ws://127.0.0.1:8765", key=KEPT_KEY)


@pytest.fixture
def state(tmp_path):
    return StateDirectory(tmp_path / "shadow")


@pytest.fixture
async def server():
    async with World() as world:
        yield world


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_are_settings_that_pass_their_checks(state, monkeypatch):
    written = make(state, WISH, "a-key-of-openalgo")
    assert written == [config_file(state), state.path / "credentials" / "openalgo"]
    assert [mode_of(path) for path in written] == [0o600, 0o600]
    assert "a-key-of-openalgo" not in config_file(state).read_text()
    settings = load(config_file(state)).settings
    assert settings.shadow.stop is None
    assert (settings.mode, settings.broker.key) == (Mode.SHADOW, KEPT_KEY)
    assert (settings.broker.rest, settings.broker.feed) == (WISH.rest, WISH.feed)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", environment(state, {})["CREDENTIALS_DIRECTORY"])
    assert shadow_setup.key_of(KEPT_KEY) == "a-key-of-openalgo"


def test_a_key_that_is_kept_elsewhere_is_not_kept_here(state):
    wish = Wish(rest=WISH.rest, feed=WISH.feed, key=SecretName("env", "ALGO_KEY"), stop="2%")
    assert make(state, wish, None) == [config_file(state)]
    assert str(load(config_file(state)).settings.shadow.stop) == "2%"
    assert str(load(config_file(state)).settings.broker.key) == "env:ALGO_KEY"


def test_credentials_of_the_service_manager_come_first(state):
    assert environment(state, {"CREDENTIALS_DIRECTORY": "theirs"}) == {
        "CREDENTIALS_DIRECTORY": "theirs"
    }


def test_a_directory_with_other_trades_is_left_as_it_is(state):
    state.prepare()
    state.claim(PAPER_OWNER)
    with pytest.raises(ConfigError, match="holds the trades of the paper exchange"):
        make(state, WISH, "a-key")
    assert not config_file(state).exists()
    assert not (state.path / "credentials").exists()


def test_a_file_in_the_way_is_named(state):
    state.prepare()
    (state.path / "credentials").write_text("")
    with pytest.raises(ConfigError, match="credentials"):
        make(state, WISH, "a-key")


@pytest.mark.parametrize(
    ("rest", "feed"),
    [
        ("http://127.0.0.1:5000", "ws://127.0.0.1:8765"),
        ("http://[::1]:5000/", "ws://[::1]:8765"),
        ("https://algo.example.com", "wss://algo.example.com/ws"),
        ("https://algo.example.com:8443", "wss://algo.example.com:8443/ws"),
    ],
)
def test_the_websocket_is_where_openalgo_is_installed_with_it(rest, feed):
    assert feed_of(rest) == feed


@pytest.mark.parametrize("typed", ["", "  ", "clé", "a\x07b"])
def test_what_no_key_has_is_not_taken_for_one(monkeypatch, typed):
    monkeypatch.setattr("getpass.getpass", lambda _prompt: typed)
    with pytest.raises(InputError, match="no key") as error:
        shadow_setup.asked_key()
    assert not typed.strip() or typed not in str(error.value)


def test_a_key_is_taken_without_what_pasting_brings(monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda _prompt: " a-key \n")
    assert shadow_setup.asked_key() == "a-key"


def test_ctrl_d_is_no_key_either(monkeypatch):
    def closed(_prompt):
        raise EOFError

    monkeypatch.setattr("getpass.getpass", closed)
    with pytest.raises(InputError, match="no key"):
        shadow_setup.asked_key()


async def test_the_account_is_looked_at_and_nothing_else(server):
    await server.held(100)
    url, key = server.server.url, server.server.api_key
    server.server.record.requests.clear()
    (held,) = await asyncio.to_thread(shadow_setup.positions_at, url, key) or ()
    assert (held.key.instrument, held.net) == (NAME, 100)
    assert held.key == SBIN._replace(account="OPENALGO")
    assert {asked.endpoint for asked in server.server.record.requests} <= READ_ROUTES


async def test_a_key_that_is_not_taken_is_told_and_not_shown(server):
    with pytest.raises(BrokerError, match="does not take the key") as error:
        await asyncio.to_thread(shadow_setup.positions_at, server.server.url, "a-wrong-key")
    assert "a-wrong-key" not in str(error.value)


async def test_a_server_that_is_none_is_told(server):
    with pytest.raises(BrokerError, match="no OpenAlgo that can be used"):
        await asyncio.to_thread(shadow_setup.positions_at, "http://127.0.0.1:1", "a-key")
