"""What the websocket and its word of orders are worth, told with what to do about it."""

from collections.abc import Iterator

from tradebot.brokers.openalgo.doctor.order_channel import Asked, Probe
from tradebot.brokers.openalgo.stream.channel_proof import POLLED, ChannelProof
from tradebot.ports import Finding, Level

# [S] services/order_update_service.py: the brokers that send word of orders by themselves. The
# list grows with each version, so that one which is not here may do it too.
PUSHING = frozenset(
    {
        *("aliceblue", "angel", "arrow", "definedge", "dhan", "fyers", "iiflcapital"),
        *("indmoney", "kotak", "nubra", "shoonya", "upstox", "zerodha"),
    }
)
_WEBSOCKET, _ORDERS = "websocket", "order channel"
_EXITS = "each exit reads the trade book first, for a second at most"
_NO_TICKS = "no ticks come without it, only slow quotes"


def of_probe(url: str, probe: Probe) -> Iterator[Finding]:
    """Yield what a short connection of our own has shown."""
    asked = probe.asked
    if asked is Asked.CONNECTION:
        text = f"{url} was asked for a connection: {probe.why}; {_NO_TICKS}"
        todo = "start OpenAlgo's websocket proxy, or correct broker.feed: ws://HOST:8765 as it is"
        yield _found(_WEBSOCKET, "error", text, f"{todo} installed, wss://HOST/ws behind nginx")
        return
    if asked is Asked.KEY:
        text = f"{url} was sent our key: {probe.why}; {_NO_TICKS}"
        todo = "log in at OpenAlgo's page, so that the broker's session lives; compare broker.key"
        yield _found(_WEBSOCKET, "error", text, f"{todo} with the key shown there")
        return
    yield _websocket(url, probe)
    if asked is Asked.ORDERS:
        text = f"it was asked for word of orders: {probe.why}; {_EXITS}"
        yield _found(_ORDERS, "warning", text, "update OpenAlgo, or look at its log")
    else:
        yield _order_channel(probe)


def of_daemon(proof: ChannelProof, now_ns: int) -> Iterator[Finding]:
    """Yield what the connection of a daemon shows; no other one is made."""
    if proof.broker is None:
        text = f"the daemon is not let in there now; {_NO_TICKS}"
        yield _found(_WEBSOCKET, "error", text, "its log says why: feed.broke, feed.error")
        return
    yield _found(_WEBSOCKET, "ok", f"the daemon is connected, broker {proof.broker or 'unnamed'}")
    heard = f"{proof.words} updates heard since the daemon's start"
    if proof.ack != "success":
        came = f'was answered "{proof.ack}"' if proof.ack else "is not acknowledged"
        text = f"the wish to hear of orders {came}; {heard}; {_EXITS}"
        yield _found(_ORDERS, "warning", text, "look again in a minute, then at OpenAlgo's log")
    elif proof.is_good(now_ns):
        text = f"{heard}, the last one a moment ago: while that holds, exits leave at once"
        yield _found(_ORDERS, "ok", text)
    else:
        text = f"{_worth(proof.broker)}; {heard}; {_EXITS}"
        yield _found(_ORDERS, "ok", text, _todo(proof.broker))


def _websocket(url: str, probe: Probe) -> Finding:
    who = probe.broker or "one that it does not name"
    if probe.pong_ms is not None:
        text = f"{url} takes our key, its broker is {who}, and answers a ping in {probe.pong_ms} ms"
        return _found(_WEBSOCKET, "ok", text)
    if probe.asked is not Asked.PING:
        return _found(_WEBSOCKET, "ok", f"{url} takes our key, its broker is {who}")
    text = f"{url} takes our key, its broker is {who}; it was sent a ping: {probe.why}"
    return _found(_WEBSOCKET, "warning", text, "look at the log of OpenAlgo's websocket proxy")


def _order_channel(probe: Probe) -> Finding:
    if probe.ack == "success":
        until = ", until an update was heard" if probe.broker in PUSHING else ""
        text = f"{_worth(probe.broker)}; {_EXITS}{until}"
        return _found(_ORDERS, "ok", text, _todo(probe.broker))
    came = f'the answer was "{probe.ack}"' if probe.ack else "no answer came before the pong"
    text = f"it was asked for word of orders: {came}; {_EXITS}"
    return _found(_ORDERS, "warning", text, "update OpenAlgo, or look at its log")


def _worth(broker: str) -> str:
    """Return what an acknowledgement means, by what the plugin of a broker does [S]."""
    who = broker or "a broker without a name"
    if broker in PUSHING:
        return f"acknowledged, which proves little: {who} pushes, but only an update shows that"
    if broker in POLLED:
        return f"acknowledged, and too slow to rely on: OpenAlgo asks {who} every 5 s"
    return f"acknowledged, which proves nothing: {who} is none of those known to send updates"


def _todo(broker: str) -> str:
    if broker not in PUSHING:
        return ""  # it is nobody's fault, and nothing is to be done
    return "after a restart of OpenAlgo log in again: updates come of a login since 03:00 alone"


def _found(what: str, level: Level, text: str, todo: str = "") -> Finding:
    return Finding(what=what, level=level, text=text, todo=todo)
