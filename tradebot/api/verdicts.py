"""The routes of a person's word on a doubt, and of the comparison with the broker."""

from litestar import post
from litestar.handlers import HTTPRouteHandler

from tradebot.api.answers import Reply, answer
from tradebot.api.errors import Asked
from tradebot.api.halts import WHY_LENGTH_MAX, Door
from tradebot.api.keys import Scope
from tradebot.core.inputs import Verdict
from tradebot.core.words.fields import json_object, text, word
from tradebot.services.comparison import Comparison
from tradebot.services.verdicts import Verdicts


def verdict_routes(
    verdicts: Verdicts, comparison: Comparison, door: Door
) -> list[HTTPRouteHandler]:
    """Return the routes."""

    @post("/api/v1/resolve")
    async def resolve(request: Asked) -> Reply:
        given = await door.body(request, Scope.TRADE)
        request.state.verdict = given.get("verdict")
        words = json_object(given, ("trade_id", "verdict", "order", "why"), "verdict")
        trade_id, verdict = text(words, "trade_id"), word(words, "verdict", Verdict)
        why = text(words, "why", default="", length_min=0, length_max=WHY_LENGTH_MAX)
        order = None if words.get("order") is None else text(words, "order")
        return answer(await verdicts.resolve(trade_id, verdict, why, order))

    @post("/api/v1/reconcile")
    async def reconcile(request: Asked) -> Reply:
        json_object(await door.body(request, Scope.TRADE), (), "comparison")
        return answer(await comparison.compare())

    return [resolve, reconcile]
