"""The routes of positions that no trade guards: who may trade adopts them, or leaves them alone."""

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from tradebot.api.answers import Reply, answer
from tradebot.api.errors import Asked
from tradebot.api.halts import Door
from tradebot.api.keys import Scope
from tradebot.core.words.fields import json_object
from tradebot.services.found_positions import FoundPositions


def found_routes(found: FoundPositions, door: Door) -> list[HTTPRouteHandler]:
    """Return the routes."""

    @get("/api/v1/found")
    async def listed(request: Asked) -> Reply:
        door.check_key(request, Scope.READ)
        door.query(request, ())
        return answer({"found": found.listed()})

    @post("/api/v1/found/{found_id:str}/adopt")
    async def adopt(request: Asked, found_id: FromPath[str]) -> Reply:
        return answer(await found.adopt(found_id, await door.body(request, Scope.TRADE)))

    @post("/api/v1/found/{found_id:str}/ignore")
    async def ignore(request: Asked, found_id: FromPath[str]) -> Reply:
        json_object(await door.body(request, Scope.TRADE), (), "request")
        return answer(await found.ignore(found_id))

    return [listed, adopt, ignore]
