"""What can be asked, and who answers."""

from collections.abc import Callable
from decimal import Decimal

from litestar import Litestar, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from tradebot.api.auth import Keys
from tradebot.api.errors import (
    Answer,
    Asked,
    MediaTypeError,
    NotReadyError,
    error_answer,
)
from tradebot.api.keys import Scope
from tradebot.api.shapes import (
    BODY_BYTES_MAX,
    JSON_TYPE,
    LIMIT_DEFAULT,
    About,
    PaperWorld,
    Readiness,
    is_json,
    optional,
    read_body,
    success,
    whole_number,
)
from tradebot.core.did_you_mean import shown
from tradebot.core.fields import Json, json_object, number, text, word
from tradebot.core.inputs import OrderReport, OrderSide
from tradebot.core.instruments import NetKey
from tradebot.core.trades import Reason
from tradebot.errors import InputError
from tradebot.ports import Clock, Say
from tradebot.services import trade_json
from tradebot.services.trades import PAGE_MAX, Trades

_SIDES = {"long": "BUY", "short": "SELL", "b": "BUY", "s": "SELL"}


class Api:
    """The handlers, with what they ask."""

    def __init__(
        self,
        trades: Trades,
        keys: Keys,
        *,
        about: About,
        readiness: Callable[[], Readiness],
        clock: Clock,
        paper: PaperWorld | None,
    ) -> None:
        """Take what the handlers need; ``paper`` is None where orders are real."""
        self._trades = trades
        self._keys = keys
        self._about = about
        self._readiness = readiness
        self._clock = clock
        self._paper = paper

    def app(self, say: Say) -> Litestar:
        """Return the ASGI application."""
        return Litestar(
            route_handlers=[*self._open_routes(), *self._trade_routes(), *self._paper_routes()],
            exception_handlers={Exception: error_answer(say)},
            openapi_config=None,
            logging_config=None,
            request_max_body_size=BODY_BYTES_MAX,
            pdb_on_exception=False,
            debug=False,
        )

    def _open_routes(self) -> list[HTTPRouteHandler]:
        """Return the routes that need no key, because they tell nothing of the trader."""

        @get("/health")
        async def health() -> Answer:
            return _answer({"alive": True})

        @get("/ready")
        async def ready() -> Answer:
            readiness = self._readiness()
            reasons = [*readiness.reasons, *self._trades.doubts()]
            about: Json = {
                "state": "degraded" if readiness.is_ready and reasons else readiness.state,
                "reasons": reasons,
                "mode": self._about.mode,
                "version": self._about.version,
            }
            if not readiness.is_ready:
                raise NotReadyError(about)
            return _answer(about)

        return [health, ready]

    def _trade_routes(self) -> list[HTTPRouteHandler]:
        @post("/api/v1/createtrade")
        async def createtrade(request: Asked) -> Answer:
            return _answer(await self._trades.create(await self._body(request, Scope.TRADE)))

        @post("/api/v1/activetrades")
        async def activetrades(request: Asked) -> Answer:
            words = json_object(await self._body(request, Scope.READ), ("strategy",), "request")
            return _answer({"trades": self._trades.active(optional(words, "strategy", _name))})

        @post("/api/v1/tradehistory")
        async def tradehistory(request: Asked) -> Answer:
            keys = ("limit", "cursor", "strategy", "reason")
            words = json_object(await self._body(request, Scope.READ), keys, "request")
            trades, cursor = await self._trades.history(
                limit=whole_number(words, "limit", LIMIT_DEFAULT, PAGE_MAX),
                cursor=optional(words, "cursor", _name),
                strategy=optional(words, "strategy", _name),
                reason=word(words, "reason", Reason) if "reason" in words else None,
            )
            return _answer({"trades": trades, "next": cursor})

        @post("/api/v1/exittrade")
        async def exittrade(request: Asked) -> Answer:
            words = json_object(await self._body(request, Scope.TRADE), ("trade_id",), "request")
            return _answer(await self._trades.exit(text(words, "trade_id")))

        @get("/api/v1/why/{trade_id:str}")
        async def why(request: Asked, trade_id: FromPath[str]) -> Answer:
            self._check_key(request, Scope.READ)
            return _answer(await self._trades.story(trade_id))

        @get("/api/v1/instruments")
        async def instruments(request: Asked) -> Answer:
            self._check_key(request, Scope.READ)
            return _answer({"instruments": self._trades.instruments()})

        return [createtrade, activetrades, tradehistory, exittrade, why, instruments]

    def _paper_routes(self) -> list[HTTPRouteHandler]:
        """Return the routes of the paper exchange; elsewhere there are none."""
        paper = self._paper
        if paper is None:
            return []

        @post("/api/v1/paper/orders")
        async def place(request: Asked) -> Answer:
            key, side, quantity = self._order(await self._body(request, Scope.TRADE))
            order_id = paper.place_for_person(key, side, quantity, self._clock.now_ns())
            return _answer({"order_id": order_id})

        @get("/api/v1/paper/orders")
        async def orders(request: Asked) -> Answer:
            self._check_key(request, Scope.READ)
            limit = whole_number(_query(request), "limit", LIMIT_DEFAULT, PAGE_MAX)
            return _answer({"orders": [_order_json(order) for order in paper.orders(limit)]})

        @get("/api/v1/paper/positions")
        async def positions(request: Asked) -> Answer:
            self._check_key(request, Scope.READ)
            found = sorted(paper.positions().items())
            return _answer({"positions": [_position_json(key, net) for key, net in found]})

        return [place, orders, positions]

    def _order(self, body: Json) -> tuple[NetKey, OrderSide, Decimal]:
        """Read an order for the paper exchange."""
        keys = ("account", "exchange", "symbol", "product", "side", "quantity")
        words = json_object(body, keys, "paper order", meanings={"qty": "quantity"})
        key = NetKey(
            text(words, "account", default=self._about.account),
            text(words, "exchange", length_max=32),
            text(words, "symbol"),
            text(words, "product", default=self._about.default_product, length_max=32),
        )
        quantity = number(words, "quantity")
        if quantity is None:
            raise InputError("quantity", "quantity is missing")
        return key, word(words, "side", OrderSide, meanings=_SIDES), quantity

    async def _body(self, request: Asked, scope: Scope) -> Json:
        """Return the JSON of a request, its key checked for ``scope`` and taken out.

        A wrong key in the header is turned away before the body is read.
        """
        in_header = "X-API-Key" in request.headers
        if in_header:
            self._check_key(request, scope)
        body = await request.body()
        if body and not _is_plain_json(request):
            raise MediaTypeError
        words = read_body(body)
        in_body = words.pop("apikey", None)
        if not in_header:
            self._keys.admit(request, in_body, scope)
        request.state.trade_id = words.get("trade_id")  # for the line that says who changed what
        return words

    def _check_key(self, request: Asked, scope: Scope) -> None:
        self._keys.admit(request, request.headers.get("X-API-Key"), scope)


def _answer(data: object, status: int = 200) -> Answer:
    return Answer(success(data), status_code=status, media_type=JSON_TYPE)


def _is_plain_json(request: Asked) -> bool:
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    return encoding == "identity" and is_json(request.headers.get("Content-Type"))


def _name(words: Json, key: str) -> str:
    return text(words, key, length_min=0)


def _query(request: Asked) -> Json:
    words: Json = {}
    for key, value in request.query_params.multi_items():
        if key in words:
            raise InputError(key, f"{shown(key)} is given twice")
        words[key] = value
    return json_object(words, ("limit",), "query")


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
    }


def _position_json(key: NetKey, net: Decimal) -> Json:
    return {
        "account": key.account,
        "exchange": key.exchange,
        "symbol": key.symbol,
        "product": key.product,
        "quantity": trade_json.number(net),
    }
