"""The websocket proxy: logins, subscriptions, ticks and order updates, over real sockets."""

import asyncio
import json
import time
from collections.abc import Callable

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.openalgo.account import Account
from tests.openalgo.exchange import Order
from tests.openalgo.faults import Fault, Switchboard
from tests.openalgo.pace import Pace
from tests.openalgo.ticks import MODES, Message, items_of, mode_of, symbols_of, tick, update

AUTH_TIMEOUT_S = 15.0
PING_S = 20.0
POLL_S = 5.0
SYMBOLS_MAX = 3000  # 1000 on each of three sockets to the broker
FEATURES = {"ltp": True, "quote": True, "depth": True}  # [S] none of orders


class Client(msgspec.Struct, kw_only=True, eq=False):
    """One connection, and what it has asked for."""

    socket: ServerConnection
    login: int | None = None  # the broker session that it belongs to; None: not logged in
    wants: set[tuple[str, int]] = msgspec.field(default_factory=set)  # instrument and mode
    wants_orders: bool = False
    is_frozen: bool = False
    deaf: set[str] = msgspec.field(default_factory=set)  # subscribed, and never served


class Proxy:
    """The proxy of one server. ``received`` keeps what clients sent, keys left out."""

    def __init__(self, account: Account, pace: Pace) -> None:
        self._account = account
        self._pace = pace
        self._faults: Switchboard = account.faults
        self._server: Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._out: asyncio.Queue[tuple[str, list[Client]]] = asyncio.Queue()
        self._busy = asyncio.Lock()  # a login at the broker holds the whole proxy up
        self._login = 1
        self._polled: dict[str, Order] = {}
        self._tick_s = float("-inf")
        self._alien: set[str] = set()  # instruments whose last tick was of something else
        self.clients: list[Client] = []
        self.received: list[Message] = []
        self.updates = True  # whether the stream of orders runs
        self.logins = 0  # of the proxy at the broker: one for all clients that come together
        self.patience_s_min = 1.0  # real: a busy machine is no dead client
        self.on_change: Callable[[], None] = lambda: None
        account.on_order = self._order_changed

    async def start(self, port: int) -> int:
        ping_s = max(self.patience_s_min, PING_S * self._pace.scale)
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            port,
            process_request=self._handshake,
            ping_interval=ping_s,
            ping_timeout=ping_s,
        )
        self._start(self._publish())
        bound: int = next(iter(self._server.sockets)).getsockname()[1]
        return bound

    async def stop(self) -> None:
        """End like a killed process: no goodbye, nothing kept."""
        if self._server is None:
            return
        self.drop()
        self._server.close(close_connections=False)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self._out = asyncio.Queue()
        self._busy = asyncio.Lock()

    def drop(self) -> None:
        """Cut every connection without a close."""
        for client in self.clients:
            client.socket.transport.abort()

    def send_raw(self, text: str) -> None:
        """Send every client what the proxy itself would never write."""
        self._out.put_nowait((text, list(self.clients)))

    def freeze(self) -> None:
        """Let every connection stand open and hear and say nothing, not even a pong."""
        for client in self.clients:
            client.is_frozen = True
            client.socket.transport.pause_reading()
            if client.socket.keepalive_task is not None:
                client.socket.keepalive_task.cancel()

    def thaw(self) -> None:
        """Let those that were left open hear and speak again."""
        for client in self.clients:
            if client.is_frozen:
                client.is_frozen = False
                client.socket.transport.resume_reading()

    def relogin(self) -> None:
        """Begin a new session at the broker: sockets stay open, and their ticks are over."""
        self._login += 1

    def serves(self, name: str) -> bool:
        """Whether some client would hear a tick of an instrument now."""
        return any(
            client.login == self._login
            and not client.is_frozen
            and name not in client.deaf
            and any(wanted == name for wanted, _ in client.wants)
            for client in self.clients
        )

    def price_moved(self, name: str) -> None:
        """Tell a price to who has asked for it, as far as the switches let it through."""
        gap_s = self._pace.now_s() - self._tick_s
        self._tick_s = self._pace.now_s()
        met = self._faults.hit
        lonely = 0.285 <= gap_s <= 0.305 and met(Fault.LONE_TICKS_LOST, symbol=name)
        if lonely or met(Fault.TICKS_MUTED, symbol=name) or met(Fault.TICK_LOST, symbol=name):
            return
        listening = [
            client
            for client in self.clients
            if client.login == self._login and name not in client.deaf
        ]
        modes = {mode for client in listening for wanted, mode in client.wants if wanted == name}
        richer = met(Fault.TICK_RICHER, symbol=name)
        if richer:
            modes.add(int(richer.number(2)))
        to = [client for client in listening if any(wanted == name for wanted, _ in client.wants)]
        if not to:
            return
        price = self._account.prices[name]
        alien = met(Fault.TICK_ALIEN, symbol=name)
        # One that is drawn by chance has a true price after it: two would be a true jump.
        if alien and (alien.rate == 1.0 or name not in self._alien):
            price = alien.number(price)
            self._alien.add(name)
        elif met(Fault.TICK_ZERO, symbol=name):
            price = 0.0
        else:
            self._alien.discard(name)
        times = met(Fault.TICK_TIMES, symbol=name)
        form = times.text("ms") if times else "ms"
        copies = 2 if met(Fault.TICK_DOUBLED, symbol=name) else 1
        for mode in sorted(modes):
            message = tick(name, mode, price, self._account.broker.name, form)
            for _ in range(copies):
                self._out.put_nowait((json.dumps(message), to))

    def _order_changed(self, order: Order, mode: str) -> None:
        self.on_change()
        plugin = self._account.broker
        if not self.updates or plugin.updates == "none":
            return
        if plugin.updates == "poll" and mode == "live":
            if not self._polled:
                self._pace.after(POLL_S, self._poll)
            self._polled[order.order_id] = order
            return
        self._tell_order(order, mode)

    def _poll(self) -> None:
        polled, self._polled = self._polled, {}
        for order in polled.values():
            self._tell_order(order, "live")

    def _tell_order(self, order: Order, mode: str) -> None:
        name = order.ticket.key.name
        if self._faults.hit(Fault.UPDATES_LOST, symbol=name):
            return
        message = json.dumps(update(order, mode, self._account.broker.name))
        copies = 2 if self._faults.hit(Fault.UPDATES_DOUBLED, symbol=name) else 1

        def tell() -> None:
            to = [client for client in self.clients if client.wants_orders]
            for _ in range(copies if to else 0):
                self._out.put_nowait((message, to))

        late = self._faults.hit(Fault.UPDATES_LATE, symbol=name)
        if late:
            self._pace.after(late.number(3.0), tell)
        else:
            tell()

    async def _publish(self) -> None:
        """Send what is to be sent, one client after the other: one that stalls stalls all."""
        while True:
            text, clients = await self._out.get()
            async with self._busy:
                stalled = self._faults.hit(Fault.SLOW_READER)
                if stalled:
                    await self._pace.sleep(stalled.number(10.0))
                for client in clients:
                    await _send(client, text)

    async def _handshake(self, socket: ServerConnection, _request: Request) -> Response | None:
        if held := self._faults.hit(Fault.HANDSHAKE_HANGS):
            self.on_change()
            await asyncio.wait({self._start(self._pace.sleep(held.number(5.0)))})  # or to the end
        refused = self._faults.hit(Fault.HANDSHAKE_REFUSED)
        return socket.respond(int(refused.number(502)), "") if refused else None

    async def _serve(self, socket: ServerConnection) -> None:
        client = Client(socket=socket)
        self.clients.append(client)
        self.on_change()
        timeout = self._start(self._end_unless_logged_in(client))
        try:
            async for frame in socket:
                # A login of somebody else's is waited for by everyone.
                async with self._busy:
                    pass
                await self._heard(client, frame)
        except ConnectionClosed:
            pass
        finally:
            timeout.cancel()
            self.clients.remove(client)
            self.on_change()

    async def _end_unless_logged_in(self, client: Client) -> None:
        await asyncio.sleep(max(self.patience_s_min, AUTH_TIMEOUT_S * self._pace.scale))
        if client.login is None:
            await client.socket.close(4401, "auth timeout")

    async def _heard(self, client: Client, frame: str | bytes) -> None:
        try:
            message = json.loads(frame)
            assert isinstance(message, dict)
        except (ValueError, AssertionError):
            await _send(client, _error("INVALID_JSON", "Invalid JSON message"))
            return
        action = str(message.get("action") or message.get("type") or "")
        self.received.append(
            {name: value for name, value in message.items() if name not in {"api_key", "apikey"}}
        )
        if self._faults.hit(Fault.ACTION_UNANSWERED, endpoint=action):
            self.on_change()
            return
        failed = self._faults.hit(Fault.ACTION_FAILS, endpoint=action)
        if failed:
            answer = _error(failed.text("PROCESSING_ERROR"), "Error processing message")
        elif action in {"authenticate", "auth"}:
            answer = await self._authenticate(client, message)
        elif action == "ping":
            answer = json.dumps(
                {
                    "type": "pong",
                    "server_timestamp": time.time_ns() // 1_000_000,
                    "client_timestamp": message.get("timestamp"),
                }
            )
        elif client.login is None:
            answer = _error("NOT_AUTHENTICATED", "Authenticate first")
        else:
            answer = self._done(client, action, message)
        await _send(client, answer)
        self.on_change()

    async def _authenticate(self, client: Client, message: Message) -> str:
        key = message.get("api_key") or message.get("apikey")
        refused = self._faults.hit(Fault.AUTH_REFUSED)
        async with self._busy:
            slow = self._faults.hit(Fault.AUTH_SLOW)
            if slow:
                self.on_change()
                await self._pace.sleep(slow.number(5.0))
        if refused:
            return _error(refused.text("AUTHENTICATION_ERROR"), "Authentication failed")
        if key != self._account.api_key or self._account.session_expired:
            return _error("AUTHENTICATION_ERROR", "Invalid API key")
        if client.login != self._login:
            client.wants.clear()  # they were of the old session
        if all(one.login != self._login for one in self.clients):
            self.logins += 1
        client.login = self._login
        answer = {
            "type": "auth",
            "status": "success",
            "message": "Authentication successful",
            "broker": self._account.broker.name,
            "user_id": "tester",
            "supported_features": FEATURES,
        }
        return json.dumps(answer)

    def _done(self, client: Client, action: str, message: Message) -> str:
        match action:
            case "subscribe":
                return self._subscribe(client, message)
            case "unsubscribe":
                return self._unsubscribe(client, message)
            case "unsubscribe_all":
                client.wants.clear()
                return json.dumps({"type": "unsubscribe", "status": "success"} | _asked(message))
            case "subscribe_orders" | "unsubscribe_orders":
                client.wants_orders = action == "subscribe_orders"
                return json.dumps({"type": action, "status": "success"} | _asked(message))
        return _error("INVALID_ACTION", f"Invalid action: {action}")

    def _subscribe(self, client: Client, message: Message) -> str:
        mode, symbols = mode_of(message.get("mode", 2)), symbols_of(message)
        if mode is None:
            return _error("INVALID_MODE", f"Invalid mode: {message.get('mode')}")
        if not symbols:
            return _error("INVALID_PARAMETERS", "At least one symbol must be specified")
        if client.login != self._login:
            return _error("BROKER_ERROR", "Broker adapter is not connected")
        rows: list[Message] = []
        for exchange, symbol in symbols:
            name = f"{exchange}:{symbol}"
            row: Message = {"symbol": symbol, "exchange": exchange}
            wrong = ""
            if self._faults.hit(Fault.SUBSCRIBE_FAILS, symbol=name):
                wrong = "Subscription failed at the broker"
            elif self._account.catalogue.find(exchange, symbol) is None:
                wrong = f"Token not found for {exchange}:{symbol}"
            elif len(client.wants) >= SYMBOLS_MAX:
                wrong = "Maximum number of symbols reached"
            if wrong:
                rows.append(row | {"status": "error", "mode": MODES[mode], "message": wrong})
                continue
            if self._faults.hit(Fault.SUBSCRIBE_DEAF, symbol=name):
                client.deaf.add(name)
            else:
                client.deaf.discard(name)
            client.wants.add((name, mode))
            rows.append(row | {"status": "success", "mode": MODES[mode]})
        whole = all(row["status"] == "success" for row in rows)
        answer: Message = {
            "type": "subscribe",
            "status": "success" if whole else "partial",
            "subscriptions": rows,
            "message": "Subscription processing complete",
            "broker": self._account.broker.name,
        }
        return json.dumps(answer | _asked(message))

    def _unsubscribe(self, client: Client, message: Message) -> str:
        done: list[Message] = []
        failed: list[Message] = []
        for item in items_of(message):
            mode = mode_of(item.get("mode", 2))
            name = f"{item.get('exchange')}:{item.get('symbol')}"
            row: Message = {"symbol": item.get("symbol"), "exchange": item.get("exchange")}
            if mode is not None and (name, mode) in client.wants:
                client.wants.remove((name, mode))
                done.append(row | {"status": "success"})
            else:
                failed.append(row | {"status": "error", "message": "Not subscribed"})
        answer: Message = {
            "type": "unsubscribe",
            "status": "partial" if failed else "success",
            "successful": done,
            "failed": failed,
        }
        return json.dumps(answer | _asked(message))

    def _start(self, work):
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _send(client: Client, text: str) -> None:
    if client.is_frozen:
        return
    try:
        await client.socket.send(text)
    except ConnectionClosed:
        return


def _error(code: str, message: str) -> str:
    return json.dumps({"status": "error", "code": code, "message": message})


def _asked(message: Message) -> Message:
    return {"request_id": message["request_id"]} if "request_id" in message else {}
