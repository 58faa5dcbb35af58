"""Servers on this machine that alerts are sent to, and that are unkind when told to be."""

import asyncio
import base64
import contextlib
import json
import ssl
from collections.abc import Callable
from typing import Any

from aiohttp import web


class HttpServer:
    """Answers each request by the next of ``replies``, the last one for ever, and keeps all."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []  # method, path, JSON
        self.replies: list[Any] = [(200, {}, b"{}")]
        self.came = asyncio.Event()
        self.address = ""
        self._hanging = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        with contextlib.suppress(ValueError):
            body = json.loads(body)
        self.asked.append((request.method, request.path, body))
        self.came.set()
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if callable(reply):
            reply = reply(request.path, body)
        if reply == "hang":
            await self._hanging.wait()
        if reply == "reset":
            assert request.transport is not None
            request.transport.abort()
        if reply in ("hang", "reset"):
            return web.Response()
        status, headers, data = reply
        return web.Response(status=status, headers=headers, body=data)

    @property
    def bodies(self) -> list[Any]:
        return [body for _, _, body in self.asked]

    def let_go(self) -> None:
        self._hanging.set()


@contextlib.asynccontextmanager
async def http_server(*replies: Any):
    server = HttpServer()
    server.replies = list(replies) or server.replies
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.address = f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        server.let_go()
        await runner.cleanup()


def ok(result: object = None) -> tuple[int, dict[str, str], bytes]:
    """A good answer of the Bot API."""
    return 200, {}, json.dumps({"ok": True, "result": result}).encode()


def refused(status: int, why: str, **parameters: object) -> tuple[int, dict[str, str], bytes]:
    """A refusal of the Bot API."""
    body = {"ok": False, "error_code": status, "description": why, "parameters": parameters}
    return status, {}, json.dumps(body).encode()


class SmtpServer:
    """A mail server that says what it is told to; a line that begins so is answered so."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.port = 0
        self.lines: list[str] = []
        self.mails: list[bytes] = []
        self.answers: dict[str, bytes] = {}  # by the first word of a line, or "" at the greeting
        self.offers = ["AUTH PLAIN LOGIN"] + (["STARTTLS"] if context else [])
        self.is_secure = False
        self._context = context
        self.talks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.talks.add(task)
        try:
            await self._talk(reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.answers.get("", b"220 mail.example ready\r\n"))
        while True:
            line = (await reader.readuntil(b"\r\n")).decode().rstrip()
            self.lines.append(line)
            word = line.split()[0].upper()
            if word in self.answers:
                answer = self.answers[word]
                if answer == b"hang":
                    await asyncio.Event().wait()
                writer.write(answer)
                if not answer:
                    return
            elif word == "EHLO":
                said = ["mail.example", *self.offers]
                rows = [f"250-{row}\r\n" for row in said[:-1]] + [f"250 {said[-1]}\r\n"]
                writer.write("".join(rows).encode())
            elif word == "STARTTLS":
                writer.write(b"220 go\r\n")
                await writer.drain()
                assert self._context is not None
                await writer.start_tls(self._context)
                self.is_secure = True
            elif word == "AUTH":
                writer.write(b"235 ok\r\n")
            elif word == "DATA":
                writer.write(b"354 go\r\n")
                self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                self.lines.append(".")
                writer.write(self.answers.get(".", b"250 queued\r\n"))
            elif word == "QUIT":
                writer.write(b"221 bye\r\n")
                return
            else:
                writer.write(b"250 ok\r\n")

    @property
    def login(self) -> list[str]:
        """User and password that were said."""
        line = next(line for line in self.lines if line.startswith("AUTH"))
        return base64.b64decode(line.split()[2]).decode().split("\0")[1:]


@contextlib.asynccontextmanager
async def smtp_server(context: ssl.SSLContext | None = None, *, implicit: bool = False):
    server = SmtpServer(context)
    listener = await asyncio.start_server(
        server.serve, "127.0.0.1", 0, ssl=context if implicit else None
    )
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in server.talks:
            task.cancel()
        await asyncio.gather(*server.talks, return_exceptions=True)


async def until(reached: Callable[[], object]) -> None:
    """Let the loop run until something holds."""
    while not reached():  # noqa: ASYNC110 - what is looked at has no event
        await asyncio.sleep(0.001)
