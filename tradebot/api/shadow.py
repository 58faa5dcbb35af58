"""The route that tells what a shadow's exits would have saved or cost."""

from collections.abc import Callable

from litestar import get
from litestar.handlers import HTTPRouteHandler

from tradebot.api.answers import Reply, answer
from tradebot.api.errors import Asked
from tradebot.api.halts import Door
from tradebot.api.keys import Scope
from tradebot.core.words.fields import Json


def no_shadow() -> Json:
    """Return the answer of a daemon that is none."""
    return {"exits": [], "saved": 0}


def shadow_route(told: Callable[[], Json], door: Door) -> HTTPRouteHandler:
    """Return the route; ``told`` returns what it answers."""

    @get("/api/v1/shadow")
    async def shadow(request: Asked) -> Reply:
        door.check_key(request, Scope.READ)
        return answer(told())

    return shadow
