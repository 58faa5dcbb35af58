"""The REST surface over real sockets: what comes in, what is done, what goes out."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from tests.openalgo.account import Account, Reply, error
from tests.openalgo.faults import OF_REQUESTS, Fault, Rule
from tests.openalgo.fields import FIELDS, Body, Field, Invalid, checked, text
from tests.openalgo.gtt import Gtts
from tests.openalgo.limits import BrokerLimits, Limits, too_many
from tests.openalgo.orders import FORBIDDEN_IN_SEMI_AUTO, PLACING, QUEUED, Orders
from tests.openalgo.pace import Pace
from tests.openalgo.quotes import Quotes
from tests.openalgo.reads import Reads
from tests.openalgo.record import Record, Request

BAD_KEY = "Invalid openalgo apikey"
INTERNAL = "Failed to place smart order due to internal error"
OF_ORDERS = {  # their messages are text, and while analyzing they say so
    *PLACING,
    *FORBIDDEN_IN_SEMI_AUTO,
    *{"gttorderbook", "orderstatus", "orderbook", "tradebook", "positionbook"},
    *{"openposition", "holdings", "funds", "margin"},
}
HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body><h1>{0}</h1><hr>nginx</body>\r\n</html>"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Finish = Callable[[], Reply]


class Rest:
    """The routes of one server."""

    def __init__(self, account: Account, pace: Pace, record: Record) -> None:
        self._account = account
        self._pace = pace
        self._record = record
        self.orders = Orders(account)
        self.quotes = Quotes(account)
        self.gtts = Gtts(account)
        self.routes = (
            self.orders.routes | self.gtts.routes | Reads(account).routes | self.quotes.routes
        )
        self.limits = Limits(account)
        self.broker_limits = BrokerLimits(account)
        self.on_request: Callable[[], None] = lambda: None
        self._locks: dict[str, asyncio.Lock] = {}
        self._working: set[asyncio.Task[Reply]] = set()
        self._open: dict[int, web.Request] = {}

    def application(self) -> web.Application:
        @web.middleware
        async def kept(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._open[id(request)] = request
            try:
                return await handler(request)
            finally:
                del self._open[id(request)]

        app = web.Application(middlewares=[kept])
        app.router.add_get("/api/v1/instruments{slash:/?}", self._instruments)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    @property
    def is_idle(self) -> bool:
        """Whether no request is at work, answered or not."""
        return not self._working

    def killed(self) -> None:
        """Forget what only the process knew: requests at work, windows, locks."""
        for task in self._working:
            task.cancel()
        for http in self._open.values():
            _cut(http)
        self.limits = Limits(self._account)
        self._locks.clear()

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        address = http.remote or ""
        path = http.path.strip("/")
        endpoint = path.removeprefix("api/v1/")
        given = _read(await http.text())
        noted = self._noted(endpoint, given or {})
        if http.method != "POST" or endpoint not in FIELDS or endpoint == path:
            self.limits.offended(address, 404)
            return self._answered(
                noted, error(404, "The requested URL was not found on the server.")
            )
        refusal = self.limits.refusal(address, endpoint)
        if refusal:
            return self._answered(noted, refusal)
        if http.content_type != "application/json":
            return self._answered(noted, error(500, "An unexpected error occurred"))
        if given is None:
            return self._answered(noted, error(400, "Failed to decode JSON object"))
        return await self._answer(http, noted, given, FIELDS[endpoint])

    async def _instruments(self, http: web.Request) -> web.StreamResponse:
        asked: Body = dict(http.query)
        noted = self._noted("instruments", asked)
        refusal = self.limits.refusal(http.remote or "", "instruments")
        if refusal:
            return self._answered(noted, refusal)
        fields = {"exchange": Field(text, ""), "format": Field(text, "json")}
        return await self._answer(http, noted, asked, fields)

    def _met(self, noted: Request) -> Rule | None:
        """Return the first switch that a request meets."""
        body = noted.body
        named = {"exchange", "symbol"} <= body.keys()
        name = f"{body['exchange']}:{body['symbol']}" if named else None
        for fault in OF_REQUESTS:
            rule = self._account.faults.hit(fault, endpoint=noted.endpoint, symbol=name)
            if rule:
                return rule
        return None

    def _refusal(
        self, address: str, endpoint: str, given: Body, fields: dict[str, Field]
    ) -> Body | Reply:
        """Return the checked fields, or how a request is refused without being looked at."""
        try:
            values = checked(given, {"apikey": Field(text)} | fields)
        except Invalid as invalid:
            return error(400, str(invalid) if endpoint in OF_ORDERS else invalid.errors)
        if values["apikey"] != self._account.api_key or self._account.session_expired:
            self.limits.offended(address, 403)
            return error(403, BAD_KEY)
        return values

    async def _answer(
        self, http: web.Request, noted: Request, given: Body, fields: dict[str, Field]
    ) -> web.StreamResponse:
        """Do what is asked, and answer as the switches have it.

        The work is a task of its own: it goes on when the client has given up.
        """
        body = self._refusal(http.remote or "", noted.endpoint, given, fields)
        if isinstance(body, Reply):
            return self._answered(noted, body)
        rule = self._met(noted)
        if rule is None:
            return self._answered(noted, await asyncio.shield(self._start(noted, body, 0.0)))
        delay_s = self._account.faults.delay_s(rule)
        if rule.fault is Fault.SLOW:
            work = self._start(noted, body, delay_s or 0.0)
            await self._pace.sleep(rule.number(1.0))
            return self._answered(noted, await asyncio.shield(work))
        if delay_s is not None:
            work = self._start(noted, body, delay_s, decided=rule.value == "decided")
            if delay_s == 0:
                await asyncio.shield(work)
        if rule.fault is Fault.HANGS:
            await asyncio.Event().wait()
        if rule.fault is Fault.CUT:
            _cut(http)
            return _sent(Reply(500, ""))
        return self._answered(noted, _unkind(rule))

    def _denied(self, endpoint: str, body: Body) -> Reply:
        """Answer as the broker's error about too many calls makes the server answer.

        Its status passes through for orders. Of a book the server takes it for no data:
        positions are empty, and a smart order believes in 0.
        """
        if endpoint in {"placesmartorder", "openposition", "positionbook"}:
            with self._account.faults.during(Fault.BOOK_EMPTY, endpoint=endpoint):
                return self.routes[endpoint](body)
        return error(429, "Access denied because of exceeding access rate")

    def _start(
        self, noted: Request, body: Body, after_s: float, *, decided: bool = False
    ) -> asyncio.Task[Reply]:
        task = asyncio.create_task(self._work(noted.endpoint, body, after_s, decided=decided))
        self._working.add(task)
        task.add_done_callback(self._done)
        return task

    async def _work(self, endpoint: str, body: Body, after_s: float, *, decided: bool) -> Reply:
        if endpoint != "placesmartorder":
            if after_s:
                await self._pace.sleep(after_s)
            return self._now(endpoint, body)
        # Smart orders of one symbol wait for each other, for as long as the call takes.
        lock = self._locks.setdefault(f"{body['exchange']}:{body['symbol']}", asyncio.Lock())
        async with lock:
            if decided and not self._account.semi_auto:
                finish: Finish = self.orders.decide(body)
            else:
                finish = lambda: self._now(endpoint, body)  # noqa: E731 # it is one of two
            if after_s:
                await self._pace.sleep(after_s)
            return finish()

    def _now(self, endpoint: str, body: Body) -> Reply:
        """Do what a request asks; while orders wait for a person's yes, only note it."""
        account = self._account
        if endpoint == "instruments":
            return self.quotes.instruments(str(body["exchange"]), str(body["format"]))
        route = self.routes[endpoint]
        if account.semi_auto and endpoint in FORBIDDEN_IN_SEMI_AUTO:
            return error(403, "This operation is not allowed in Semi-Auto mode")
        if account.semi_auto and endpoint in PLACING:
            number = next(account.pending_serial)
            account.pending[number] = lambda: route(body)
            queued = {"message": QUEUED, "mode": "semi_auto", "pending_order_id": number}
            return Reply(200, {"status": "success"} | queued)
        analyzing = account.analyzer
        reply = route(body) if self.broker_limits.allow(endpoint) else self._denied(endpoint, body)
        if analyzing and endpoint in OF_ORDERS and isinstance(reply.body, dict):
            return Reply(reply.status, reply.body | {"mode": "analyze"})
        return reply

    def _done(self, task: asyncio.Task[Reply]) -> None:
        self._working.discard(task)
        self.on_request()

    def _noted(self, endpoint: str, body: Body) -> Request:
        request = Request(
            number=len(self._record.requests) + 1,
            endpoint=endpoint,
            body={name: value for name, value in body.items() if name != "apikey"},
            at_s=self._account.time.now_s(),
        )
        self._record.requests.append(request)
        self.on_request()
        return request

    def _answered(self, noted: Request, reply: Reply) -> web.StreamResponse:
        noted.status, noted.reply = reply
        self.on_request()
        return _sent(reply)


def _unkind(rule: Rule) -> Reply:
    """Return the answer that takes the place of the true one."""
    match rule.fault:
        case Fault.ERROR:
            return error(500, rule.text(INTERNAL))
        case Fault.BAD_GATEWAY:
            return Reply(502, HTML.format("502 Bad Gateway"))
        case Fault.GATEWAY_TIMEOUT:
            return Reply(504, HTML.format("504 Gateway Time-out"))
        case Fault.GARBAGE:
            return Reply(200, rule.text('{"status":"succ'))
        case Fault.LIMITED:
            return too_many(rule.text("10 per 1 second"))
        case Fault.NO_SESSION:
            return error(403, BAD_KEY)
        case Fault.NO_PLUGIN:
            return error(404, "Broker-specific module not found")
        case Fault.REFUSED:
            return error(400, rule.text("RMS: order refused"))
        case Fault.BROKER_STATUS:
            return error(int(rule.number(503)), "broker error")
    raise AssertionError(rule.fault)


def _cut(http: web.Request) -> None:
    if http.transport is not None:
        http.transport.abort()


def _read(text_: str) -> Body | None:
    """Return the object that a request holds; None: it holds none."""
    try:
        body = json.loads(text_)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _sent(reply: Reply) -> web.Response:
    if isinstance(reply.body, dict):
        return web.json_response(reply.body, status=reply.status)
    kind = "text/html" if reply.body.startswith("<") else "text/csv"
    if reply.body.startswith("{"):
        kind = "application/json"
    return web.Response(text=reply.body, status=reply.status, content_type=kind)
