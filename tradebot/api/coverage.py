"""The route that tells what nobody watched today."""

from collections.abc import Callable

from litestar import get
from litestar.handlers import HTTPRouteHandler

from tradebot.api.answers import Reply, answer
from tradebot.api.errors import Asked
from tradebot.api.halts import Door
from tradebot.api.keys import Scope
from tradebot.core.words.fields import Json


def coverage_route(told: Callable[[], Json], door: Door) -> HTTPRouteHandler:
    """Return the route; ``told`` returns what it answers."""

    @get("/api/v1/coverage")
    async def coverage(request: Asked) -> Reply:
        door.check_key(request, Scope.READ)
        return answer(told())

    return coverage
