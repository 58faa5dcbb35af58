"""The routes of the alerts: who may read sees them, who may trade acknowledges them."""

import enum
from itertools import islice

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from tradebot.api.answers import Reply, answer, listing
from tradebot.api.errors import Asked
from tradebot.api.halts import Door
from tradebot.api.keys import Scope
from tradebot.api.shapes import LIMIT_DEFAULT, optional, whole_number
from tradebot.core.alerting.alerts import Alert, Category, Severity, number_of
from tradebot.core.words.did_you_mean import shown
from tradebot.core.words.fields import Json, json_object, text, word
from tradebot.errors import InputError
from tradebot.services.alerts import Alerts
from tradebot.services.trade_json import iso

PAGE_MAX = 1_000


class YesNo(enum.StrEnum):
    """A choice in a query."""

    YES = "yes"
    NO = "no"


def alert_routes(alerts: Alerts, door: Door) -> list[HTTPRouteHandler]:
    """Return the routes."""

    @get("/api/v1/alerts")
    async def listed(request: Asked) -> Reply:
        door.check_key(request, Scope.READ)
        words = door.query(request, ("severity", "category", "acknowledged", "limit", "cursor"))
        limit = whole_number(words, "limit", LIMIT_DEFAULT, PAGE_MAX)
        seen = word(words, "acknowledged", YesNo) if "acknowledged" in words else None
        found = alerts.listed(
            least=word(words, "severity", Severity, default=Severity.INFO),
            category=word(words, "category", Category) if "category" in words else None,
            is_acked=None if seen is None else seen is YesNo.YES,
            below=_below(optional(words, "cursor", text)),
        )
        page = list(islice(found, limit + 1))
        cursor = page[limit - 1].id if len(page) > limit else None
        return listing("alerts", map(alert_json, page[:limit]), cursor)

    @post("/api/v1/alerts/{alert_id:str}/ack")
    async def ack(request: Asked, alert_id: FromPath[str]) -> Reply:
        json_object(await door.body(request, Scope.TRADE), (), "acknowledgement")
        alert = alerts.acknowledge(alert_id, request.state.caller)
        await alerts.durable()
        return answer(alert_json(alert))

    @post("/api/v1/alerts/ack")
    async def ack_through(request: Asked) -> Reply:
        given = await door.body(request, Scope.TRADE)
        words = json_object(given, ("through",), "acknowledgement")
        count = alerts.acknowledge_through(text(words, "through"), request.state.caller)
        await alerts.durable()
        return answer({"acknowledged": count})

    return [listed, ack, ack_through]


def alert_json(alert: Alert) -> Json:
    """Return an alert as it is told."""
    return {
        "id": alert.id,
        "category": alert.category.value,
        "severity": alert.severity.value,
        "text": alert.text,
        "trade_id": alert.trade_id,
        "first_at": iso(alert.first_ns),
        "last_at": iso(alert.last_ns),
        "count": alert.count,
        "holds": alert.holds,
        "over_at": iso(alert.over_ns),
        "acknowledged_at": iso(alert.acked_ns),
        "acknowledged_by": alert.acked_by or None,
    }


def _below(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    number = number_of(cursor)
    if number is None:
        message = f"cursor = {shown(cursor)}: must be `next` of an earlier answer, like A17"
        raise InputError("cursor", message)
    return number
