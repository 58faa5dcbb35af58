"""The route that looks at the broker: for an admin, because it uses up some of its budget."""

from collections.abc import Awaitable, Callable

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from tradebot.api.answers import Reply, answer
from tradebot.api.errors import Asked
from tradebot.api.halts import Door
from tradebot.api.keys import Scope
from tradebot.ports import Finding

Look = Callable[[], Awaitable[list[Finding]]]


async def nobody_to_ask() -> list[Finding]:
    """Return the answer of a daemon without a broker."""
    return []


def broker_route(look: Look, door: Door) -> HTTPRouteHandler:
    """Return the route; ``look`` asks the broker one thing after the other."""

    @get("/api/v1/broker")
    async def broker(request: Asked) -> Reply:
        door.check_key(request, Scope.ADMIN)
        return answer({"findings": [msgspec.structs.asdict(found) for found in await look()]})

    return broker
