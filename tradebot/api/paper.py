"""The routes of the paper exchange: orders of a person's own, for whom nothing is real."""

from collections.abc import Awaitable, Callable
from decimal import Decimal

from litestar import get, route
from litestar.handlers import HTTPRouteHandler

from tradebot.api.answers import Reply, answer
from tradebot.api.errors import Asked
from tradebot.api.halts import Door
from tradebot.api.keys import Scope
from tradebot.api.shapes import LIMIT_DEFAULT, About, PaperWorld, whole_number
from tradebot.core.inputs import OrderReport, OrderSide
from tradebot.core.market.instruments import NetKey
from tradebot.core.words.fields import Json, json_object, number, text, word
from tradebot.errors import InputError
from tradebot.ports import Clock
from tradebot.services import trade_json
from tradebot.services.trade_history import PAGE_MAX

Ask = Callable[[str | None], Awaitable[Json]]
Once = Callable[[Asked, Json, Ask], Awaitable[Reply]]

_WAITS_FOR = ("price", "trigger")
_SIDES = {"long": "BUY", "short": "SELL", "b": "BUY", "s": "SELL"}


def paper_routes(
    paper: PaperWorld | None, door: Door, once: Once, *, about: About, clock: Clock
) -> list[HTTPRouteHandler]:
    """Return the routes; where orders are real there are none.

    Args:
        paper: the exchange; None: there is none.
        door: how a request comes in.
        once: does what a request asks for, once for all that carry the same key.
        about: the daemon, for what an order leaves out.
        clock: the time of day.
    """
    if paper is None:
        return []

    async def place(request: Asked) -> Reply:
        words = await door.body(request, Scope.TRADE)
        key, side, quantity, waits_for = _order(words, about)

        async def placed(_once: str | None) -> Json:
            at_ns = clock.now_ns()
            return {"order_id": paper.place_for_person(key, side, quantity, at_ns, **waits_for)}

        return await once(request, words, placed)

    # One handler: of two at one address, litestar's answer to OPTIONS knows only one.
    @route("/api/v1/paper/orders", http_method=["GET", "POST"])
    async def orders(request: Asked) -> Reply:
        if request.method == "POST":
            return await place(request)
        door.check_key(request, Scope.READ)
        limit = whole_number(door.query(request, ("limit",)), "limit", LIMIT_DEFAULT, PAGE_MAX)
        return answer({"orders": [_order_json(order) for order in paper.orders(limit)]})

    @get("/api/v1/paper/positions")
    async def positions(request: Asked) -> Reply:
        door.check_key(request, Scope.READ)
        found = sorted(paper.nets().items())
        return answer({"positions": [_position_json(key, net) for key, net in found]})

    return [orders, positions]


def _order(
    body: Json, about: About
) -> tuple[NetKey, OrderSide, Decimal, dict[str, Decimal | None]]:
    """Read an order for the paper exchange, with the price that it waits for."""
    keys = ("account", "exchange", "symbol", "product", "side", "quantity", *_WAITS_FOR)
    words = json_object(body, keys, "paper order", meanings={"qty": "quantity"})
    key = NetKey(
        text(words, "account", default=about.account),
        text(words, "exchange", length_max=32),
        text(words, "symbol"),
        text(words, "product", default=about.default_product, length_max=32),
    )
    quantity = number(words, "quantity")
    if quantity is None:
        raise InputError("quantity", "quantity is missing")
    waits_for = {name: number(words, name) for name in _WAITS_FOR}
    return key, word(words, "side", OrderSide, meanings=_SIDES), quantity, waits_for


def _order_json(order: OrderReport) -> Json:
    return {
        "order_id": order.order_id,
        "client_order_id": order.client_order_id,
        "account": order.key.account,
        "exchange": order.key.exchange,
        "symbol": order.key.symbol,
        "product": order.key.product,
        "side": order.side.value,
        "quantity": trade_json.number(order.quantity),
        "filled": trade_json.number(order.filled),
        "state": order.state.value,
        "at": trade_json.iso(order.at_ns),
        "message": order.message,
        "price": trade_json.number(order.price),
        "trigger": trade_json.number(order.trigger),
    }


def _position_json(key: NetKey, net: Decimal) -> Json:
    return {
        "account": key.account,
        "exchange": key.exchange,
        "symbol": key.symbol,
        "product": key.product,
        "quantity": trade_json.number(net),
    }
