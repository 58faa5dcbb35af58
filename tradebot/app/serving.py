"""The API over a running daemon's parts."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from tradebot.api.audit import Audited
from tradebot.api.auth import Keys
from tradebot.api.keys import LOCAL, PER_MINUTE, Key, Scope
from tradebot.api.routes import Api
from tradebot.api.server import ApiServer
from tradebot.api.shadow import no_shadow
from tradebot.api.shapes import About, Readiness
from tradebot.app.broker_checkup import daemons_look
from tradebot.app.key_file import KeyFile, KeysInForce
from tradebot.app.parts import Parts
from tradebot.app.shadow_exits import shadow_exits
from tradebot.app.state import StateDirectory
from tradebot.brokers.paper.broker import PaperBroker
from tradebot.brokers.shadow.broker import ShadowBroker
from tradebot.config.settings import Settings
from tradebot.core.words.fields import Json
from tradebot.services.coverages import coverage_json
from tradebot.services.found_positions import FoundPositions
from tradebot.services.halts import Halts
from tradebot.services.verdicts import Verdicts


def api_server(
    settings: Settings, state: StateDirectory, parts: Parts, readiness: Callable[[], Readiness]
) -> ApiServer:
    """Return the server, not yet listening.

    Raises:
        StoreError: the key of the local tools cannot be made or read.
    """
    local = Key(name=LOCAL, scope=Scope.ADMIN, per_minute=PER_MINUTE[Scope.ADMIN])
    broker = parts.world.broker
    in_force = KeysInForce(KeyFile(state.path), {state.admin_key_hash(): local}, say=parts.say)
    api = Api(
        parts.trades,
        Keys(in_force, say=parts.say),
        coverage=lambda: coverage_json(parts.engine.book, parts.clock.now_ns()),
        alerts=parts.alerting.alerts,
        found=FoundPositions(parts.loop, parts.trades, clock=parts.clock),
        halts=Halts(parts.loop, durable=parts.trades.durable, clock=parts.clock),
        verdicts=Verdicts(parts.loop, parts.trades, clock=parts.clock),
        comparison=parts.guard.comparison,
        backups=parts.backups,
        about=About(
            version=version_text(),
            mode=settings.mode.value,
            account=settings.account.id,
            default_product=settings.defaults.product,
        ),
        readiness=readiness,
        clock=parts.clock,
        paper=broker if isinstance(broker, PaperBroker) else None,
        shadow=_shadow(parts, broker) if isinstance(broker, ShadowBroker) else no_shadow,
        look=daemons_look(parts, settings.account.id),
        figures=[
            parts.figures.source(parts.loop, parts.persister),
            parts.backups.figures,
            parts.alerting.figures,
        ],
    )
    listen = settings.api.listen
    app = Audited(api.app(parts.say), parts.say)
    return ApiServer(app, host=listen.host, port=listen.port)


def _shadow(parts: Parts, broker: ShadowBroker) -> Callable[[], Json]:
    return lambda: shadow_exits(parts.engine.book, broker.outcomes())


def version_text() -> str:
    """Return the installed version."""
    try:
        return version("tradebot")
    except PackageNotFoundError:
        return "uninstalled"
