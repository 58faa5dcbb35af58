"""What can be asked, and who answers."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from litestar import Litestar, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from tradebot.api import openapi
from tradebot.api.alerts import alert_routes
from tradebot.api.answers import Reply, answer, listing, plain
from tradebot.api.auth import Keys
from tradebot.api.backups import backup_routes
from tradebot.api.broker import Look, broker_route, nobody_to_ask
from tradebot.api.coverage import coverage_route
from tradebot.api.errors import (
    Asked,
    MediaTypeError,
    NotReadyError,
    error_answer,
)
from tradebot.api.found import found_routes
from tradebot.api.front import Answers, Front
from tradebot.api.halts import Door, halt_routes
from tradebot.api.headers import idempotency_key, wanted_versions
from tradebot.api.keys import Scope
from tradebot.api.paper import paper_routes
from tradebot.api.shadow import no_shadow, shadow_route
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
    same_words,
    success,
    time_ns,
    whole_number,
)
from tradebot.api.verdicts import verdict_routes
from tradebot.core.guard.trades import Reason
from tradebot.core.words.did_you_mean import shown
from tradebot.core.words.fields import Json, json_object, text, word
from tradebot.errors import InputError
from tradebot.metrics import CONTENT_TYPE, Exposition, Figure
from tradebot.ports import Clock, Say
from tradebot.services.alerts import Alerts
from tradebot.services.backups import BackupSchedule
from tradebot.services.comparison import Comparison
from tradebot.services.found_positions import FoundPositions
from tradebot.services.halts import Halts
from tradebot.services.once import Once
from tradebot.services.trade_history import PAGE_MAX, Chosen
from tradebot.services.trades import Trades
from tradebot.services.verdicts import Verdicts


class Made(NamedTuple):
    """An answer that may be given again."""

    body: bytes
    version: int | None


class Api:
    """The handlers, with what they ask."""

    def __init__(
        self,
        trades: Trades,
        keys: Keys,
        *,
        alerts: Alerts,
        found: FoundPositions,
        halts: Halts,
        verdicts: Verdicts,
        comparison: Comparison,
        coverage: Callable[[], Json],
        backups: BackupSchedule,
        about: About,
        readiness: Callable[[], Readiness],
        clock: Clock,
        paper: PaperWorld | None,
        shadow: Callable[[], Json] = no_shadow,
        look: Look = nobody_to_ask,
        figures: Sequence[Callable[[], Iterable[Figure]]] = (),
    ) -> None:
        """Take what the handlers need; ``paper`` is None where orders are real."""
        self._trades = trades
        self._keys = keys
        self._alerts = alerts
        self._found = found
        self._halts = halts
        self._verdicts = verdicts
        self._comparison = comparison
        self._coverage = coverage
        self._backups = backups
        self._about = about
        self._readiness = readiness
        self._clock = clock
        self._paper = paper
        self._shadow, self._look = shadow, look
        self._answers: Once[Made] = Once(clock)
        self._answered: Answers = Counter()
        self._exposition = Exposition([self._figures, alerts.figures, *figures])

    def app(self, say: Say) -> Front:
        """Return the ASGI application."""
        door = Door(self._body, self._check_key, _query)
        app = Litestar(
            route_handlers=[
                *self._open_routes(),
                *self._trade_routes(),
                *self._list_routes(),
                *paper_routes(self._paper, door, self._once, about=self._about, clock=self._clock),
                *alert_routes(self._alerts, door),
                *halt_routes(self._halts, door),
                *found_routes(self._found, door),
                *verdict_routes(self._verdicts, self._comparison, door),
                coverage_route(self._coverage, door),
                shadow_route(self._shadow, door),
                broker_route(self._look, door),
                *backup_routes(self._backups, door),
            ],
            exception_handlers={Exception: error_answer(say)},
            openapi_config=None,
            logging_config=None,
            request_max_body_size=BODY_BYTES_MAX,
            pdb_on_exception=False,
            debug=False,
        )
        return Front(app, self._answered)

    def _figures(self) -> Iterator[Figure]:
        """Yield the figures of the API itself."""
        about = self._about
        yield Figure(
            name="tradebot_build_info",
            text="What runs here; always 1.",
            labels=("version", "mode"),
            values={(about.version, about.mode): 1},
        )
        yield Figure(
            name="tradebot_api_requests_total",
            text="Answers of the API, by method, route and status.",
            labels=("method", "route", "status"),
            values=self._answered,
        )

    def _open_routes(self) -> list[HTTPRouteHandler]:
        """Return the routes that need no key, because they tell nothing of the trader."""

        @get("/health")
        async def health() -> Reply:
            return answer({"alive": True})

        @get("/ready")
        async def ready() -> Reply:
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
            return answer(about)

        @get("/metrics")
        async def metrics() -> Reply:
            return Reply(self._exposition.text(), media_type=CONTENT_TYPE)

        description = openapi.text()  # made once, before anybody waits for a price

        @get("/api/v1/openapi.json")
        async def described() -> Reply:
            return Reply(description, media_type=JSON_TYPE)

        return [health, ready, metrics, described]

    def _trade_routes(self) -> list[HTTPRouteHandler]:
        """Return the routes that change trades."""

        @post("/api/v1/createtrade")
        async def createtrade(request: Asked) -> Reply:
            words = await self._body(request, Scope.TRADE)
            return await self._once(
                request, words, lambda once: self._trades.create(words, once=once)
            )

        @post("/api/v1/updatetrade")
        async def updatetrade(request: Asked) -> Reply:
            words = await self._body(request, Scope.TRADE)
            trade = await self._trades.update(words, versions=wanted_versions(request))
            return answer(trade, version=version_of(trade))

        @post("/api/v1/exittrade")
        async def exittrade(request: Asked) -> Reply:
            given = await self._body(request, Scope.TRADE)
            words = json_object(given, ("trade_id",), "request")
            trade_id = text(words, "trade_id")
            return await self._once(request, words, lambda _once: self._trades.exit(trade_id))

        return [createtrade, updatetrade, exittrade]

    def _list_routes(self) -> list[HTTPRouteHandler]:
        """Return the routes that tell of trades and change nothing."""

        @post("/api/v1/activetrades")
        async def activetrades(request: Asked) -> Reply:
            keys = ("limit", "cursor", "strategy")
            words = json_object(await self._body(request, Scope.READ), keys, "request")
            rows, cursor = self._trades.active(
                optional(words, "strategy", _name),
                limit=whole_number(words, "limit", LIMIT_DEFAULT, PAGE_MAX),
                cursor=optional(words, "cursor", _name),
            )
            return listing("trades", rows, cursor)

        @post("/api/v1/tradehistory")
        async def tradehistory(request: Asked) -> Reply:
            keys = ("limit", "cursor", "from", "to", "strategy", "reason")
            words = json_object(await self._body(request, Scope.READ), keys, "request")
            chosen = Chosen(
                strategy=optional(words, "strategy", _name),
                reason=word(words, "reason", Reason) if "reason" in words else None,
                from_ns=time_ns(words, "from"),
                to_ns=time_ns(words, "to"),
            )
            rows, cursor = await self._trades.history(
                limit=whole_number(words, "limit", LIMIT_DEFAULT, PAGE_MAX),
                cursor=optional(words, "cursor", _name),
                chosen=chosen,
            )
            return listing("trades", rows, cursor)

        @get("/api/v1/why/{trade_id:str}")
        async def why(request: Asked, trade_id: FromPath[str]) -> Reply:
            self._check_key(request, Scope.READ)
            return answer(await self._trades.story(trade_id))

        @get("/api/v1/instruments")
        async def instruments(request: Asked) -> Reply:
            self._check_key(request, Scope.READ)
            words = _query(request, ("limit", "cursor"))
            rows, cursor = self._trades.instruments(
                limit=whole_number(words, "limit", LIMIT_DEFAULT, PAGE_MAX),
                cursor=optional(words, "cursor", _instrument),
            )
            return listing("instruments", rows, cursor)

        return [activetrades, tradehistory, why, instruments]

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
            request.state.caller = self._keys.admit(request, in_body, scope).name
        request.state.trade_id = words.get("trade_id")  # for the line that says who changed what
        return words

    def _check_key(self, request: Asked, scope: Scope) -> None:
        given = request.headers.get("X-API-Key")
        request.state.caller = self._keys.admit(request, given, scope).name

    async def _once(
        self, request: Asked, words: Json, ask: Callable[[str | None], Awaitable[Json]]
    ) -> Reply:
        """Do what a request asks for; once for all that carry the same ``Idempotency-Key``."""
        key = idempotency_key(request)
        if key is None:
            made = await ask(None)
            return answer(made, version=version_of(made))
        name = f"{request.state.caller}\n{key}"

        async def asked() -> Made:
            made = await ask(name)
            return Made(body=success(made), version=version_of(made))

        path = request.scope["path"]
        first, again = await self._answers.answer(f"{path}\n{name}", same_words(words), asked)
        return plain(first.body, version=first.version, again=again)


def version_of(trade: Json) -> int | None:
    """Return a trade's version, where it is known."""
    version = trade.get("version")
    return version if isinstance(version, int) else None


def _is_plain_json(request: Asked) -> bool:
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    return encoding == "identity" and is_json(request.headers.get("Content-Type"))


def _instrument(words: Json, key: str) -> str:
    return text(words, key, length_max=97)  # exchange, colon, symbol


def _name(words: Json, key: str) -> str:
    return text(words, key, length_min=0)


def _query(request: Asked, keys: Collection[str]) -> Json:
    words: Json = {}
    for key, value in request.query_params.multi_items():
        if key in words:
            raise InputError(key, f"{shown(key)} is given twice")
        words[key] = value
    return json_object(words, keys, "query")
