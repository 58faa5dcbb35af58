"""Everything that can be asked over the API, for its description."""

import msgspec

from tradebot.api import alert_schema, found_schema, guard_schema, schema
from tradebot.api.keys import Scope


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be asked."""

    method: str
    path: str
    summary: str
    data: tuple[type, ...]  # what the answer is, one of them
    scope: Scope | None = None  # of the key; None: no key is needed
    body: type | None = None
    parameters: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()  # of the good answer
    errors: tuple[int, ...] = ()  # beside those that every key and every body may meet


OPERATIONS = (
    Operation(
        method="post",
        path="/api/v1/createtrade",
        summary="Guard a trade from now on; it is on disk before the answer",
        scope=Scope.TRADE,
        body=schema.CreateTrade,
        data=(schema.ActiveTrade, schema.ClosedTrade),
        parameters=("IdempotencyKey",),
        headers=("ETag", "Idempotency-Replayed"),
        errors=(409, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/updatetrade",
        summary="Replace some of a trade's rules; they are on disk before the answer",
        scope=Scope.TRADE,
        body=schema.UpdateTrade,
        data=(schema.ActiveTrade, schema.ClosedTrade),
        parameters=("IfMatch",),
        headers=("ETag",),
        errors=(404, 409, 412, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/exittrade",
        summary="Leave a trade now; one that is being left stays as it is",
        scope=Scope.TRADE,
        body=schema.ExitTrade,
        data=(schema.Exit,),
        parameters=("IdempotencyKey",),
        headers=("Idempotency-Replayed",),
        errors=(404, 409, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/activetrades",
        summary="List the trades that are not over, oldest first",
        scope=Scope.READ,
        body=schema.ActiveTradesQuestion,
        data=(schema.ActiveTrades,),
    ),
    Operation(
        method="post",
        path="/api/v1/tradehistory",
        summary="List the trades that are over, newest first",
        scope=Scope.READ,
        body=schema.TradeHistoryQuestion,
        data=(schema.TradeHistory,),
        errors=(503,),
    ),
    Operation(
        method="get",
        path="/api/v1/why/{trade_id}",
        summary="Tell how a trade came to where it is, and what may come next",
        scope=Scope.READ,
        data=(schema.Story,),
        parameters=("TradeId",),
        errors=(404, 503),
    ),
    Operation(
        method="get",
        path="/api/v1/instruments",
        summary="List what can be traded, with the last price where there is one",
        scope=Scope.READ,
        data=(schema.Instruments,),
        parameters=("Limit", "InstrumentCursor"),
        errors=(400,),
    ),
    Operation(
        method="post",
        path="/api/v1/paper/orders",
        summary="Place a market order at the paper exchange (mode = paper alone)",
        scope=Scope.TRADE,
        body=schema.PaperOrder,
        data=(schema.PaperOrderId,),
        parameters=("IdempotencyKey",),
        headers=("Idempotency-Replayed",),
        errors=(404, 409, 503),
    ),
    Operation(
        method="get",
        path="/api/v1/paper/orders",
        summary="List the newest orders at the paper exchange (mode = paper alone)",
        scope=Scope.READ,
        data=(schema.PaperOrders,),
        parameters=("Limit",),
        errors=(400, 404),
    ),
    Operation(
        method="get",
        path="/api/v1/paper/positions",
        summary="List the net positions at the paper exchange (mode = paper alone)",
        scope=Scope.READ,
        data=(schema.PaperPositions,),
        errors=(404,),
    ),
    Operation(
        method="post",
        path="/api/v1/halt",
        summary="Stop new trades, leave every trade, or send nothing at all; on disk before "
        "the answer",
        scope=Scope.TRADE,
        body=guard_schema.SetHalt,
        data=(guard_schema.Halt,),
        errors=(409, 503),
    ),
    Operation(
        method="get",
        path="/api/v1/halt",
        summary="Say what is halted",
        scope=Scope.READ,
        data=(guard_schema.Halt,),
    ),
    Operation(
        method="post",
        path="/api/v1/release",
        summary="End the halt; it is over on disk before the answer",
        scope=Scope.ADMIN,
        body=guard_schema.ReleaseHalt,
        data=(guard_schema.Halt,),
        errors=(409, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/resolve",
        summary="End the doubt about the exits of a trade, as somebody who looked at the broker "
        "found it; on disk before the answer",
        scope=Scope.TRADE,
        body=guard_schema.ResolveDoubt,
        data=(guard_schema.Resolved,),
        errors=(404, 409, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/reconcile",
        summary="Compare the positions of open trades with the broker's now",
        scope=Scope.TRADE,
        body=guard_schema.Compare,
        data=(guard_schema.Comparison,),
    ),
    Operation(
        method="post",
        path="/api/v1/backup",
        summary="Copy the database now, and check the copy before the answer",
        scope=Scope.ADMIN,
        body=guard_schema.MakeBackup,
        data=(guard_schema.Backup,),
        errors=(503,),
    ),
    Operation(
        method="get",
        path="/api/v1/coverage",
        summary="Tell what nobody watched today: unguarded units, and seconds without a price",
        scope=Scope.READ,
        data=(guard_schema.Coverage,),
    ),
    Operation(
        method="get",
        path="/api/v1/broker",
        summary="Look at the broker: server, mode, session, clock, symbols, hours, other guards",
        scope=Scope.ADMIN,
        data=(guard_schema.BrokerLook,),
    ),
    Operation(
        method="get",
        path="/api/v1/shadow",
        summary="Tell what a shadow's exits would have saved or cost (mode = shadow alone)",
        scope=Scope.READ,
        data=(guard_schema.Shadow,),
    ),
    Operation(
        method="get",
        path="/api/v1/found",
        summary="List the positions at the broker that no trade guards, oldest first",
        scope=Scope.READ,
        data=(found_schema.FoundList,),
        errors=(400,),
    ),
    Operation(
        method="post",
        path="/api/v1/found/{found_id}/adopt",
        summary="Guard a position that was found; its trade is on disk before the answer",
        scope=Scope.TRADE,
        body=found_schema.AdoptFound,
        data=(schema.ActiveTrade, schema.ClosedTrade),
        parameters=("FoundId",),
        errors=(404, 409, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/found/{found_id}/ignore",
        summary="Leave a position that was found alone until it is flat",
        scope=Scope.TRADE,
        body=found_schema.IgnoreFound,
        data=(found_schema.FoundPosition,),
        parameters=("FoundId",),
        errors=(404, 503),
    ),
    Operation(
        method="get",
        path="/api/v1/alerts",
        summary="List what a person should know of, newest first",
        scope=Scope.READ,
        data=(alert_schema.Alerts,),
        parameters=("LeastSeverity", "Category", "IsAcknowledged", "Limit", "AlertCursor"),
        errors=(400,),
    ),
    Operation(
        method="post",
        path="/api/v1/alerts/{alert_id}/ack",
        summary="Say that an alert was seen; it is on disk before the answer",
        scope=Scope.TRADE,
        body=alert_schema.AcknowledgeAlert,
        data=(alert_schema.Alert,),
        parameters=("AlertId",),
        errors=(404, 503),
    ),
    Operation(
        method="post",
        path="/api/v1/alerts/ack",
        summary="Say that all alerts up to one were seen; it is on disk before the answer",
        scope=Scope.TRADE,
        body=alert_schema.AcknowledgeThrough,
        data=(alert_schema.Acknowledged,),
        errors=(503,),
    ),
    Operation(
        method="get",
        path="/health",
        summary="Say that the process answers",
        data=(schema.Health,),
    ),
    Operation(
        method="get",
        path="/ready",
        summary="Say whether trades are guarded, and why not",
        data=(schema.Ready,),
        errors=(503,),
    ),
)
