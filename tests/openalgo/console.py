"""Lines that a person types to the fake server, and what they do."""

import asyncio
import threading
from collections.abc import Callable
from typing import TextIO

import msgspec

from tests.openalgo.faults import Fault, Rule
from tests.openalgo.server import OpenAlgoServer


class Console:
    """Does what is typed; a line that makes no sense is answered with why."""

    def __init__(self, server: OpenAlgoServer, say: Callable[[str], object]) -> None:
        self._server = server
        self._say = say
        account, proxy = server.account, server.proxy
        self._words: dict[str, Callable[[], None]] = {
            "analyzer": lambda: setattr(account, "analyzer", not account.analyzer),
            "semi_auto": lambda: setattr(account, "semi_auto", not account.semi_auto),
            "relogin": proxy.relogin,
            "logout": server.log_out,
            "login": server.log_in,
            "drop": proxy.drop,
            "freeze": proxy.freeze,
            "show": self._show,
        }

    async def run(self, lines: TextIO) -> None:
        """Do line after line until ``quit``; without lines, serve until cancelled."""
        loop = asyncio.get_running_loop()
        typed: asyncio.Queue[str] = asyncio.Queue()

        def read() -> None:
            for line in lines:
                loop.call_soon_threadsafe(typed.put_nowait, line)

        threading.Thread(target=read, daemon=True).start()
        while True:
            line = (await typed.get()).strip()
            if line == "quit":
                return
            if line == "restart":
                await self._server.restart()
            elif line:
                self.do(line)

    def do(self, line: str) -> None:
        """Do one line."""
        word, *rest = line.split()
        try:
            if word in self._words:
                self._words[word]()
            elif word == "price":
                self._server.price(rest[0], float(rest[1]))
            elif word in {"buy", "sell"}:
                name, quantity, *product = rest
                order = self._server.by_hand(
                    name, word.upper(), int(quantity), product=(product or ["MIS"])[0]
                )
                self._say(f"order {order.order_id}")
            elif word == "on":
                self._turn_on(rest)
            elif word == "off":
                self._turn_off(rest)
            else:
                self._say(f"no word {word!r}; python -m tests.openalgo --help tells them")
        except (ValueError, KeyError, IndexError, TypeError) as error:
            self._say(f"{line!r}: {error!r}")

    def _turn_on(self, words: list[str]) -> None:
        given = dict(word.split("=", 1) for word in words[1:])
        known = {"endpoint", "symbol", "times", "rate", "value", "acts_after_s"}
        if not given.keys() <= known:
            raise ValueError(f"{given.keys() - known} is none of {sorted(known)}")
        rule = {"fault": Fault(words[0])} | given
        self._server.faults.add(msgspec.convert(rule, Rule, strict=False))
        self._say(f"{words[0]} is on")

    def _turn_off(self, words: list[str]) -> None:
        if words:
            self._server.faults.turn_off(Fault(words[0]))
        else:
            self._server.faults.clear()

    def _show(self) -> None:
        record = self._server.record
        for order in record.orders():
            ticket = order.ticket
            self._say(
                f"{order.order_id} {order.by} {order.via} {ticket.action} {ticket.quantity} "
                f"{ticket.key.name} {ticket.key.product} {order.status} filled {order.filled}"
            )
        for key, net in record.nets().items():
            self._say(f"{key.name} {key.product} net {net}")
        for harm in record.harm():
            self._say(f"harm: {harm}")
