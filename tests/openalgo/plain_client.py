"""A client without any care: it sends what a test says, and returns what comes."""

import asyncio
import contextlib
import json
from typing import NamedTuple

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

from tests.openalgo.server import OpenAlgoServer

HEARD_S_MAX = 5.0  # real seconds; what is not heard by then will not come
SBIN = {"symbol": "SBIN", "exchange": "NSE"}
AN_ORDER = SBIN | {"strategy": "a test", "action": "BUY", "quantity": 5, "product": "MIS"}
AN_EXIT = AN_ORDER | {"action": "SELL", "position_size": 0, "quantity": 0}


class Answer(NamedTuple):
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self):
        return json.loads(self.text)

    @property
    def data(self):
        return self.body["data"]

    @property
    def message(self):
        return self.body["message"]


class PlainClient:
    """HTTP and websocket, as anybody could speak them."""

    def __init__(self, server: OpenAlgoServer, session: aiohttp.ClientSession) -> None:
        self._server = server
        self._session = session

    async def ask(self, endpoint: str, **fields) -> Answer:
        body = {"apikey": self._server.api_key} | fields
        return await self.send("POST", endpoint, json=body)

    async def send(
        self, method: str, endpoint: str, timeout_s: float = HEARD_S_MAX, **how
    ) -> Answer:
        url = f"{self._server.url}/api/v1/{endpoint}"
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with self._session.request(method, url, timeout=timeout, **how) as http:
            return Answer(http.status, dict(http.headers), await http.text())

    async def give_up(self, rule, endpoint: str, **fields) -> None:
        """Ask what will never be answered, and leave once the server has met its switch."""
        asking = asyncio.ensure_future(self.ask(endpoint, **fields))
        await self._server.until(lambda: rule.hits > 0)
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking

    async def place(self, **changes) -> Answer:
        return await self.ask("placeorder", **AN_ORDER | changes)

    async def leave(self, **changes) -> Answer:
        """Ask for a smart order to nothing, as an exit should be."""
        return await self.ask("placesmartorder", **AN_EXIT | changes)

    @contextlib.asynccontextmanager
    async def feed(self, *symbols: str, mode: object = 1, logged_in: bool = True):
        async with connect(self._server.feed_url) as socket:
            feed = PlainFeed(self._server, socket)
            if logged_in:
                await feed.log_in()
            if symbols:
                await feed.subscribe(*symbols, mode=mode)
            yield feed


class PlainFeed:
    """One websocket."""

    def __init__(self, server: OpenAlgoServer, socket: ClientConnection) -> None:
        self._server = server
        self.socket = socket

    async def say(self, action: str | None = None, **fields) -> None:
        named = {} if action is None else {"action": action}
        await self.socket.send(json.dumps(named | fields))

    async def hear(self):
        async with asyncio.timeout(HEARD_S_MAX):
            return json.loads(await self.socket.recv())

    async def ask(self, action: str, **fields):
        await self.say(action, **fields)
        return await self.hear()

    async def log_in(self):
        return await self.ask("authenticate", api_key=self._server.api_key)

    async def subscribe(self, *names: str, mode: object = 1, **fields):
        symbols = [
            dict(zip(("exchange", "symbol"), name.split(":"), strict=True)) for name in names
        ]
        return await self.ask("subscribe", symbols=symbols, mode=mode, **fields)

    async def is_silent(self):
        """Tell whether nothing was sent to us before the answer to a ping."""
        return (await self.ask("ping", timestamp=1))["type"] == "pong"

    async def ltp(self):
        return (await self.hear())["data"]["ltp"]
