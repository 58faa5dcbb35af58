"""A look at the broker, through a daemon that runs or without one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from tradebot.app.parts import Parts
from tradebot.app.secrets import read_secret
from tradebot.app.world import PaperWorld
from tradebot.brokers.openalgo.calls.client import READ_ROUTES, Client
from tradebot.brokers.openalgo.doctor.checkup import Checkup, all_of
from tradebot.clock import SystemClock
from tradebot.config import BadSettingsError, Loaded
from tradebot.config.settings import BrokerKind, Settings
from tradebot.core.secret import Secret
from tradebot.errors import ConfigError
from tradebot.ports import Finding, Say

DAEMON_S_MAX = 8.0  # a command waits ten seconds for an answer
ALONE_S_MAX = 60.0

Look = Callable[[], Awaitable[list[Finding]]]
ON_PAPER = Finding(what="broker", level="ok", text="on paper there is nobody to ask")


def daemons_look(parts: Parts, account: str) -> Look:
    """Return a look through the client of a daemon, so that both keep to one budget.

    One at a time: who asks meanwhile waits and gets a look of his own.
    """
    turn = asyncio.Lock()

    async def look() -> list[Finding]:
        world, book = parts.world, parts.engine.book
        if isinstance(world, PaperWorld):
            return [ON_PAPER]
        names = dict.fromkeys(trade.instrument for trade in book.trades.values())
        checkup = Checkup(
            world.client,
            account=account,
            feed=world.proof,
            sessions=book.policy.sessions,
            wall_ahead_ns=book.policy.skew_ns,
        )
        async with turn:
            return await all_of(checkup, names, within_s=DAEMON_S_MAX)

    return look


def broker_findings(
    asked: Callable[[], object | None], load: Callable[[], Loaded], environ: Mapping[str, str]
) -> list[Finding]:
    """Look through a daemon, or alone where there is none.

    Args:
        asked: returns what a daemon found, as its API has it; None: none runs.
        load: reads the settings as a daemon would.
        environ: where secrets may be.
    """
    answer = asked()
    if answer is not None:
        return msgspec.convert(answer, list[Finding])
    try:
        settings = load().settings
    except BadSettingsError:
        text = "nobody is asked while the configuration is wrong"
        return [Finding(what="broker", level="error", text=text, todo="tradebot check")]
    return asyncio.run(look_alone(settings, environ, lambda *_args, **_fields: None))


async def look_alone(settings: Settings, environ: Mapping[str, str], say: Say) -> list[Finding]:
    """Look without a daemon: nothing can be ordered by this client."""
    if settings.venue is not BrokerKind.OPENALGO:
        return [ON_PAPER]
    name = settings.broker.key
    assert name is not None, "settings pass their checks with a key"
    try:
        key = Secret(read_secret(name, environ))
    except ConfigError as error:
        todo = "put the key there, or correct broker.key"
        return [Finding(what="server", level="error", text=str(error), todo=todo)]
    client = Client(settings.broker.rest, key, clock=SystemClock(), say=say, routes=READ_ROUTES)
    await client.open()
    try:
        checkup = Checkup(
            client,
            account=settings.account.id,
            feed=settings.broker.feed,
            sessions=settings.sessions,
        )
        return await all_of(checkup, (), within_s=ALONE_S_MAX)
    finally:
        await client.close()
