"""The routes of the halt: who may trade may stop, and an admin releases."""

from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple

from litestar import post, route
from litestar.handlers import HTTPRouteHandler

from tradebot.api.answers import Reply, answer
from tradebot.api.errors import Asked, ForbiddenError
from tradebot.api.keys import Scope
from tradebot.core.leaving.halt import Form
from tradebot.core.words.fields import Json, json_object, text, word
from tradebot.services.halts import Halts

WHY_LENGTH_MAX = 200


class Door(NamedTuple):
    """How a request comes in, as every route does it."""

    body: Callable[[Asked, Scope], Awaitable[Json]]
    check_key: Callable[[Asked, Scope], None]
    query: Callable[[Asked, Collection[str]], Json]  # the words behind the address


def halt_routes(halts: Halts, door: Door) -> list[HTTPRouteHandler]:
    """Return the routes of the halt."""

    async def halt(request: Asked) -> Reply:
        given = await door.body(request, Scope.TRADE)
        request.state.form = given.get("form")
        words = json_object(given, ("form", "why"), "halt")
        form = word(words, "form", Form)
        scope: Scope = request.state.scope
        # Nothing is sent then, not even the stop of a position: that is no trader's to say.
        if form is Form.EVERYTHING and not scope.includes(Scope.ADMIN):
            raise ForbiddenError(Scope.ADMIN.value, scope.value)
        return answer(await halts.halt(form, _why(words)))

    # One handler: of two at one address, litestar's answer to OPTIONS knows only one.
    @route("/api/v1/halt", http_method=["GET", "POST"])
    async def halted(request: Asked) -> Reply:
        if request.method == "POST":
            return await halt(request)
        door.check_key(request, Scope.READ)
        return answer(halts.in_force())

    @post("/api/v1/release")
    async def release(request: Asked) -> Reply:
        words = json_object(await door.body(request, Scope.ADMIN), ("why",), "release")
        return answer(await halts.release(_why(words)))

    return [halted, release]


def _why(words: Json) -> str:
    return text(words, "why", length_max=WHY_LENGTH_MAX)
