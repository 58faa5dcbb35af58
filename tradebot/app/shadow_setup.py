"""The first start of a shadow: a look at the account, then a folder with all that it needs."""

import asyncio
import getpass
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from tradebot.app.secrets import read_secret
from tradebot.app.state import StateDirectory, shadow_owner, write_secret
from tradebot.brokers.openalgo.calls.client import READ_ROUTES, Client
from tradebot.brokers.openalgo.reader import OpenAlgoReader
from tradebot.clock import SystemClock
from tradebot.config.settings import SecretName
from tradebot.core.inputs import Input, NetPosition, Tick
from tradebot.core.secret import Secret
from tradebot.errors import BrokerError, ConfigError, InputError

ACCOUNT = "OPENALGO"  # what the account is called until somebody names it
KEPT_KEY = SecretName("credential", "openalgo")
_CREDENTIALS = "CREDENTIALS_DIRECTORY"  # systemd.exec(5); here a folder of the shadow's own
_CONFIG = """\
# Made by "tradebot shadow". What is not here has its default; "tradebot check --explain" tells.
mode = "shadow"  # the account is read, exits are filled on paper: nothing is sent

[account]
id = "{account}"  # a name of your own

[broker]
kind = "openalgo"
rest = "{rest}"
feed = "{feed}"
key = "{key}"  # where the key is kept, never the key

[shadow]
stop = "{stop}"  # of all that the account holds; empty: nothing is guarded before you say so

[api]
listen = "127.0.0.1:0"  # any port that is free: the commands find it

# Outside its session no price of an exchange is missing, and none makes a decision. Such tables
# may also stand in sessions.toml beside this file; the sources have that of India in examples.
# [sessions.NSE]
# zone = "Asia/Kolkata"
# open = "09:15"
# close = "15:30"
"""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Which server a new shadow is to look at, and where the key to it is."""

    rest: str
    feed: str
    key: SecretName  # ``KEPT_KEY``: in the shadow's own folder
    stop: str = ""  # of what the account holds, as the settings have it


def config_file(state: StateDirectory) -> Path:
    """Return the settings of a shadow: they lie with all else that it has."""
    return state.path / "config.toml"


def feed_of(rest: str) -> str:
    """Return where OpenAlgo's websocket is, as it is installed: beside the API, or behind nginx."""
    parts = urlsplit(rest)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"wss://{parts.netloc}/ws" if parts.scheme == "https" else f"ws://{host}:8765"


def environment(state: StateDirectory, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a shadow's daemon: it finds the key that was kept."""
    return {_CREDENTIALS: str(_credentials(state).resolve()), **environ}


def asked_key() -> str:
    """Ask a person for the key, without showing it.

    Raises:
        InputError: nothing was typed, or what no key has.
    """
    try:
        key = getpass.getpass("the API key of OpenAlgo (it is not shown): ").strip()
    except EOFError:  # Ctrl-D, which leaves the cursor behind the question
        sys.stderr.write("\n")
        key = ""
    if not (key and key.isascii() and key.isprintable()):
        raise InputError("key", "that is no key; OpenAlgo shows it under API Key")
    return key


def key_of(name: SecretName) -> str:
    """Return a key that is kept somewhere else.

    Raises:
        ConfigError: it is not there.
    """
    return read_secret(name, os.environ)


def positions_at(rest: str, key: str) -> Sequence[NetPosition] | None:
    """Look at the account; None: nobody says now what it holds.

    Raises:
        BrokerError: there is no OpenAlgo, it only simulates, or it does not take the key.
    """
    return asyncio.run(_positions(rest, key))


def make(state: StateDirectory, wish: Wish, key: str | None) -> list[Path]:
    """Write what a new shadow needs; return the files.

    Args:
        state: where to.
        wish: what to look at.
        key: to be kept; None: it is kept somewhere else.

    Raises:
        ConfigError: the directory has other trades.
        StoreError: it cannot be written.
    """
    state.prepare()
    state.claim(shadow_owner(ACCOUNT))
    written = []
    try:
        if key is not None:
            file = _credentials(state) / KEPT_KEY.name
            file.parent.mkdir(mode=0o700, exist_ok=True)
            write_secret(file, f"{key}\n")
            written.append(file)
        text = _CONFIG.format(account=ACCOUNT, **msgspec.structs.asdict(wish))
        write_secret(config_file(state), text)
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from error
    return [config_file(state), *written]


async def _positions(rest: str, key: str) -> Sequence[NetPosition] | None:
    client = Client(
        rest, Secret(key), clock=SystemClock(), say=lambda *_, **__: None, routes=READ_ROUTES
    )
    reader = OpenAlgoReader(ACCOUNT, client)
    await reader.open(_Nobody())
    try:
        if client.lockout.is_closed:
            raise BrokerError(f"OpenAlgo does not take the key: {client.lockout.why}")
        return await reader.positions()
    finally:
        await reader.close()


def _credentials(state: StateDirectory) -> Path:
    return state.path / "credentials"


class _Nobody:
    """An inbox that nobody reads."""

    def tick(self, tick: Tick) -> None:
        """Forget it."""

    def put(self, item: Input) -> None:
        """Forget it."""

    async def room(self) -> None:
        """There is room."""
