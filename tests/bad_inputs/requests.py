"""Bad requests to a running daemon."""

import http.client
import json
from collections.abc import Mapping
from typing import NamedTuple

from tests.daemon_process import DaemonProcess

JSON = "application/json"
CREATE, ACTIVE, HISTORY = "/api/v1/createtrade", "/api/v1/activetrades", "/api/v1/tradehistory"
EXIT, ORDERS = "/api/v1/exittrade", "/api/v1/paper/orders"
TRADE = {
    "exchange": "SIM",
    "symbol": "SBIN",
    "side": "LONG",
    "quantity": 10,
    "entry_price": 800,
    "stop": "1%",
}
ORDER = {"exchange": "SIM", "symbol": "SBIN", "side": "BUY", "quantity": 10}


class Request(NamedTuple):
    """A request that must be refused: what is sent, and what must come back."""

    given: str
    path: str
    status: int
    code: str  # the error's word for programs
    says: tuple[str, ...]
    body: bytes = b"{}"
    method: str = "POST"
    headers: Mapping[str, str] = {}  # over those of a good request; "": none


class Reply(NamedTuple):
    """What came back."""

    status: int
    code: str
    message: str


def reply_to(row: Request, daemon: DaemonProcess) -> Reply:
    """Send a request as it is."""
    host, _, port = json.loads((daemon.state / "daemon.json").read_text())["address"].partition(":")
    good = {"X-API-Key": (daemon.state / "admin.key").read_text().strip(), "Content-Type": JSON}
    headers = {name: value for name, value in (good | dict(row.headers)).items() if value}
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request(row.method, row.path, row.body, headers)
        answer = connection.getresponse()
        error = json.loads(answer.read())
    finally:
        connection.close()
    assert error["status"] == "error", error
    assert error["trace_id"] == answer.getheader("X-Trace-Id"), error
    return Reply(answer.status, error["error_code"], error["message"])


def _bad(given, path, *says, body=b"{}", status=400, code="bad_request", **more):
    return Request(given, path, status, code, says, body, **more)


def _trade(change, *says, **more):
    """Return a row: a good trade with this change is refused."""
    trade = {key: value for key, value in (TRADE | change).items() if value != "left out"}
    given = f"a trade with `{json.dumps(change)[1:-1]}`"
    return _bad(given, CREATE, *says, body=json.dumps(trade).encode(), **more)


def _asked(path, words, *says, **more):
    """Return a row: these words to an address are refused."""
    return _bad(f"`{json.dumps(words)}`", path, *says, body=json.dumps(words).encode(), **more)


def _order(change, *says):
    """Return a row: a good order for the paper exchange with this change is refused."""
    order = {key: value for key, value in (ORDER | change).items() if value != "left out"}
    given = f"an order with `{json.dumps(change)[1:-1]}`"
    return _bad(given, ORDERS, *says, body=json.dumps(order).encode())


BODIES = (
    _bad("a body that is no JSON", CREATE, "the body is not JSON", body=b"symbol=SBIN"),
    _bad("a body that is cut off", CREATE, "the body is not JSON", body=b'{"symbol": "SB'),
    _bad("a list", CREATE, "the body must be a JSON object, not [...]", body=b"[]"),
    _bad("a body that is not UTF-8", CREATE, "the body is not UTF-8", body=b'{"symbol": "\xff"}'),
    _bad("NaN", CREATE, "NaN is not a number", body=b'{"quantity": NaN}'),
    _bad("a key twice", CREATE, "stop is written twice", body=b'{"stop": "1%", "stop": "2%"}'),
    _bad("20,000 nested lists", CREATE, "nested too deeply", body=b"[" * 20_000),
    _bad(
        "a number of 5,000 digits", CREATE, "not JSON", body=b'{"quantity": ' + b"9" * 5000 + b"}"
    ),
    _bad("no body", CREATE, "exchange is missing", body=b""),
    _bad("2 MiB", CREATE, "too large", body=b" " * 2**21, status=413, code="too_large"),
    _bad(
        "a form",
        CREATE,
        "send JSON",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        status=415,
        code="unsupported_media_type",
    ),
    _bad(
        "JSON in UTF-16",
        CREATE,
        "send JSON in UTF-8",
        headers={"Content-Type": f"{JSON}; charset=utf-16"},
        status=415,
        code="unsupported_media_type",
    ),
    _bad(
        "a packed body",
        CREATE,
        "send JSON",
        headers={"Content-Encoding": "gzip"},
        status=415,
        code="unsupported_media_type",
    ),
)
DOORS = (
    _bad(
        "no key",
        ACTIVE,
        "an API key is needed and none was sent: ",
        "X-API-Key",
        "tradebot keys create",
        headers={"X-API-Key": ""},
        status=401,
        code="unauthorized",
    ),
    _bad(
        "a wrong key",
        ACTIVE,
        "the API key that was sent is not known",
        "revoked",
        "tradebot keys list",
        headers={"X-API-Key": "tb_x"},
        status=401,
        code="unauthorized",
    ),
    _bad(
        "a wrong key in the body",
        ACTIVE,
        "the API key that was sent is not known",
        body=b'{"apikey": 1}',
        headers={"X-API-Key": ""},
        status=401,
        code="unauthorized",
    ),
    _bad(
        "no key for a story",
        "/api/v1/why/T1",
        "an API key is needed and none was sent: ",
        method="GET",
        headers={"X-API-Key": ""},
        status=401,
        code="unauthorized",
    ),
    _bad(
        "an address that is none",
        "/api/v1/trades",
        "nothing at this address",
        status=404,
        code="not_found",
    ),
    _bad(
        "a method that is none",
        CREATE,
        "does not know the method",
        method="DELETE",
        status=405,
        code="method_not_allowed",
    ),
    _bad(
        "the story of no trade",
        "/api/v1/why/T404",
        "there is no trade T404",
        method="GET",
        status=404,
        code="not_found",
    ),
)
TRADES = (
    _trade({"sl": "1%"}, 'sl is no key of a trade; did you mean "stop"?'),
    _trade({"symbol": "left out"}, "symbol is missing"),
    _trade({"symbol": "A\nB"}, "symbol = 'A\\nB': must be 1 to 64 printable characters"),
    _trade({"side": "BUY"}, 'did you mean "LONG"?'),
    _trade({"quantity": 0}, "quantity = 0: must be a number above 0"),
    _trade({"quantity": -1.5}, "quantity = -1.5: must be a number above 0"),
    _trade({"quantity": "left out"}, "quantity is missing"),
    _trade({"entry_price": "left out"}, "entry_price is missing"),
    _trade({"entry_price": 1e300}, "entry_price = 1e+300: must be a number"),
    _trade({"order_id": "P1"}, "give one of the two"),
    _trade({"stop": 1}, "stop = 1 is not a level; write"),
    _trade({"stop": "1"}, "stop = '1' is not a level; write"),
    _trade({"stop": {"at": "1%"}}, "stop = {...} is not a level; write"),
    _trade({"stop": "9" * 1000 + "%"}, "is not a level; write"),
    _trade(
        {"target": [{"at": "1%", "quantity": 20}]}, "target parts of 20 are more than the quantity"
    ),
    _trade({"trail": {"distance": "1%"}}, "trail.distance is no key of a trail"),
    _trade({"breakeven": {}}, "breakeven.at is missing"),
    _trade({"time_exit": {"at": "noon"}}, "'noon' is not a time of day"),
    _trade({"past_stop": "wait"}, "past_stop = 'wait' is not known; allowed: exit, ask"),
    _trade({"trade_id": "../T1"}, "trade_id = '../T1': must be 1 to 64 of A-Z"),
)
OTHERS = (
    _asked(EXIT, {}, "trade_id is missing"),
    _asked(EXIT, {"trade_id": 1}, "trade_id = 1: must be 1 to 64 printable characters"),
    _asked(EXIT, {"trade_id": "T404"}, "there is no trade T404", status=404, code="not_found"),
    _asked(EXIT, {"id": "T1"}, "id is no key of a request; "),
    _asked(ACTIVE, {"stragety": "x"}, 'did you mean "strategy"?'),
    _asked(HISTORY, {"limit": 0}, "limit = 0: must be a whole number from 1 to 1000"),
    _asked(HISTORY, {"limit": "many"}, "limit = 'many': must be a whole number from 1"),
    _asked(HISTORY, {"cursor": "x"}, "cursor must be the `next` of an earlier answer"),
    _asked(HISTORY, {"reason": "stopp"}, 'did you mean "stop"?'),
    _order({"symbol": "NOPE"}, "the paper exchange does not trade SIM:NOPE"),
    _order({"side": "LONG"}, 'did you mean "BUY"?'),
    _order({"quantity": 0.5}, "quantity 0.5 is not a multiple of the lot size 1"),
    _order({"quantity": "left out"}, "quantity is missing"),
    _order({"prise": 800}, "prise is no key of a paper order"),
    _order({"price": 0}, "price = 0: must be"),
    _order({"trigger": "soon"}, "trigger = 'soon': must be"),
    _order({"price": 800, "trigger": 800}, "for a price or for a trigger"),
    _bad("a limit that is none", f"{ORDERS}?limit=x", "limit = 'x': must be", method="GET"),
)
ROWS = (*BODIES, *DOORS, *TRADES, *OTHERS)
