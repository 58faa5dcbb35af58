"""Addresses of the broker that are right by themselves, and cannot be what was meant."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tradebot.config.forms import known
from tradebot.config.problems import Problems
from tradebot.config.settings import BrokerKind, Listen
from tradebot.core.words.did_you_mean import shown

REST, FEED, LISTEN = "broker.rest", "broker.feed", "api.listen"
_ROUTES = "/api/v1"  # OpenAlgo's, which the client adds
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_HERE = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Place(NamedTuple):
    """Where an address leads."""

    host: str
    port: int
    path: str


def place_of(address: str) -> Place:
    """Return where an address leads that its form has read."""
    scheme, _, rest = address.partition("://")
    host, _, path = rest.partition("/")
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return Place(host.lower(), _PORTS[scheme], path.strip("/"))
    return Place(name.lower(), int(port), path.strip("/"))


def rest_problems(values: Mapping[str, object], _: Problems) -> list[str]:
    """Return what is wrong with the address of the HTTP side."""
    address = known(values[REST], str)
    if not address.rstrip("/").endswith(_ROUTES):
        return []
    return [f"{shown(address)}: without {_ROUTES}, which is added to it"]


def feed_problems(values: Mapping[str, object], problems: Problems) -> list[str]:
    """Return what is wrong with the address of the websocket.

    Behind nginx both sides have one host and port, and the websocket a path of its own.
    """
    if not _is_openalgo(values, problems) or REST in problems.keys:
        return []
    rest, feed = (place_of(known(values[key], str)) for key in (REST, FEED))
    if feed.path or feed[:2] != rest[:2]:
        return []
    what = f"is where {REST} is; the websocket is ws://HOST:8765, or wss://HOST/ws behind nginx"
    return [f"{shown(values[FEED])}: {what}"]


def listen_problems(values: Mapping[str, object], problems: Problems) -> Iterator[str]:
    """Yield which side of the broker has the address at which the daemon is to listen."""
    listen = known(values[LISTEN], Listen)
    if not _is_openalgo(values, problems):
        return
    for key in (REST, FEED):
        if key in problems.keys:
            continue
        place = place_of(known(values[key], str))
        if place.host in _HERE and place.port == listen.port:
            yield f"{shown(str(listen))}: is where {key} is; the daemon needs a port of its own"


def _is_openalgo(values: Mapping[str, object], problems: Problems) -> bool:
    return "broker.kind" not in problems.keys and values["broker.kind"] is BrokerKind.OPENALGO
