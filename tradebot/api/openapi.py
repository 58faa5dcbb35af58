"""The description of the API as OpenAPI 3.1; ``python -m tradebot.api.openapi`` prints it."""

import functools
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tradebot.api import schema
from tradebot.api.headers import IDEMPOTENCY_KEY_LENGTH_MAX
from tradebot.api.operations import OPERATIONS, Operation
from tradebot.core.alerting.alerts import Category, Severity

Doc = dict[str, Any]

_JSON = "application/json"
_ERRORS = {
    400: "The request says something that cannot be read, or that is not allowed",
    401: "No key was sent, or one that is not known or was revoked; the message says which",
    403: "The key's scope is too small",
    404: "It does not exist",
    409: "It cannot be done as things stand; nothing changed",
    412: "The trade is no longer at the version of If-Match; nothing changed",
    413: "The body is too large",
    415: "The body is not JSON in UTF-8",
    429: "Too many requests",
    503: "A disk, the exchange, or the daemon itself is not ready for it",
}
_EVERYWHERE = ("X-Request-Id", "X-Trace-Id")
_HEADERS: Doc = {
    "X-Request-Id": {
        "description": "What the request called itself, else its trace id",
        "schema": {"type": "string"},
    },
    "X-Trace-Id": {
        "description": "The name of this request in the log",
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "The version of the trade, for If-Match",
        "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    },
    "Idempotency-Replayed": {
        "description": "`true`: this answer was given before",
        "schema": {"const": "true"},
    },
    "Retry-After": {
        "description": "Seconds to wait",
        "schema": {"type": "integer", "minimum": 0},
    },
}
_TAG = r'(W/)?"[!#-~]*"'
_PARAMETERS: Doc = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "What carries the same key within a day is done once. A trade that is "
        "created under a key is known by it after a restart too.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": IDEMPOTENCY_KEY_LENGTH_MAX,
            "pattern": "^[ -~]+$",
        },
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "Change the trade only if it is at this version: the ETag that was seen.",
        "schema": {"type": "string", "pattern": rf"^\s*(\*|{_TAG}(\s*,\s*{_TAG})*)\s*$"},
    },
    "Limit": {
        "name": "limit",
        "in": "query",
        "description": "Rows of the page",
        "schema": {"type": "integer", "minimum": 1, "maximum": 1_000, "default": 1_000},
    },
    "InstrumentCursor": {
        "name": "cursor",
        "in": "query",
        "description": "`next` of an earlier answer",
        "schema": {"type": "string", "minLength": 1, "maxLength": 97},
    },
    "LeastSeverity": {
        "name": "severity",
        "in": "query",
        "description": "The least severe that are wanted",
        "schema": {"enum": [word.value for word in Severity], "default": "info"},
    },
    "Category": {
        "name": "category",
        "in": "query",
        "description": "What they are about",
        "schema": {"enum": [word.value for word in Category]},
    },
    "IsAcknowledged": {
        "name": "acknowledged",
        "in": "query",
        "description": "Only those that somebody has seen, or that nobody has",
        "schema": {"enum": ["yes", "no"]},
    },
    "AlertCursor": {
        "name": "cursor",
        "in": "query",
        "description": "`next` of an earlier answer",
        "schema": {"type": "string", "pattern": "^[Aa][0-9]{1,18}$"},
    },
    "AlertId": {
        "name": "alert_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    },
    "FoundId": {
        "name": "found_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    },
    "TradeId": {
        "name": "trade_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    },
}


def document() -> Doc:
    """Return the whole description."""
    types: list[type] = [schema.Error]
    for operation in OPERATIONS:
        types += [*operation.data, *([operation.body] if operation.body else [])]
    _, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, Doc] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    paths["/metrics"] = {"get": _plain("The daemon's figures for Prometheus", "text/plain")}
    paths["/api/v1/openapi.json"] = {"get": _plain("This description", _JSON)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "tradebot",
            "version": "1",
            "description": "Guards open trades tick by tick. Times are ISO 8601 in UTC, "
            "quantities are units, and numbers are exact: read them as decimals.",
        },
        "servers": [{"url": "http://127.0.0.1:4800"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {str(status): _error(status) for status in _ERRORS},
            "headers": _HEADERS,
            "parameters": _PARAMETERS,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


@functools.cache
def text() -> bytes:
    """Return the description as the file holds it."""
    return f"{json.dumps(document(), indent=2)}\n".encode()


def _operation(operation: Operation) -> Doc:
    statuses = set(operation.errors)
    doc: Doc = {
        "operationId": _name(operation),
        "summary": operation.summary,
        "security": [],
    }
    if operation.scope is not None:
        doc["description"] = f"Needs a key of scope `{operation.scope.value}`."
        doc["security"] = [{"key": []}]
        statuses |= {401, 403, 429}
    if operation.parameters:
        doc["parameters"] = [_ref("parameters", name) for name in operation.parameters]
        statuses.add(400)
    if operation.body is not None:
        required = any(field.required for field in msgspec.structs.fields(operation.body))
        content = {_JSON: {"schema": _ref("schemas", operation.body.__name__)}}
        doc["requestBody"] = {"required": required, "content": content}
        statuses |= {400, 413, 415}
    doc["responses"] = {"200": _good(operation)} | {
        str(status): _ref("responses", str(status)) for status in sorted(statuses)
    }
    return doc


def _name(operation: Operation) -> str:
    *_, last = operation.path.replace("/{trade_id}", "").split("/")
    if last == "ack":
        return "acknowledge_alert" if "{alert_id}" in operation.path else "acknowledge_alerts"
    if "/paper/" not in operation.path:
        return "halt_in_force" if (operation.method, last) == ("get", "halt") else last
    return f"{'place' if operation.method == 'post' else 'list'}_paper_{last}"


def _good(operation: Operation) -> Doc:
    refs = [_ref("schemas", data.__name__) for data in operation.data]
    answer = {
        "type": "object",
        "required": ["status", "data"],
        "properties": {
            "status": {"const": "success"},
            "data": refs[0] if len(refs) == 1 else {"anyOf": refs},
        },
        "additionalProperties": False,
    }
    return {
        "description": "It is done",
        "headers": _headers(operation.headers),
        "content": {_JSON: {"schema": answer}},
    }


def _error(status: int) -> Doc:
    headers: tuple[str, ...] = ()
    if status == 429:  # noqa: PLR2004 - as HTTP has it
        headers = ("Retry-After",)
    elif status == 412:  # noqa: PLR2004 - as HTTP has it
        headers = ("ETag",)
    return {
        "description": _ERRORS[status],
        "headers": _headers(headers),
        "content": {_JSON: {"schema": _ref("schemas", "Error")}},
    }


def _plain(summary: str, media_type: str) -> Doc:
    good = {"description": summary, "headers": _headers(()), "content": {media_type: {}}}
    name = "metrics" if media_type != _JSON else "openapi"
    return {"operationId": name, "summary": summary, "security": [], "responses": {"200": good}}


def _headers(names: Sequence[str]) -> Mapping[str, Doc]:
    return {name: _ref("headers", name) for name in (*_EVERYWHERE, *names)}


def _ref(kind: str, name: str) -> Doc:
    return {"$ref": f"#/components/{kind}/{name}"}


if __name__ == "__main__":
    sys.stdout.buffer.write(text())
