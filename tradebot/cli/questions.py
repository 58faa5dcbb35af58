"""What commands ask the daemon about its trades."""

from collections.abc import Iterator, Mapping
from typing import cast

from tradebot.cli.client import AnswerError, Daemon, Json

PAGE_MAX = 1_000  # of the daemon


def readiness(daemon: Daemon) -> Json:
    """Return state, reasons, mode and version, also of a daemon that is not ready."""
    try:
        return daemon.ask("GET", "/ready")
    except AnswerError as error:
        if error.code != "not_ready":
            raise
        return error.details


def halt_in_force(daemon: Daemon) -> Json:
    """Return what is halted; its form is None where nothing is."""
    return daemon.ask("GET", "/api/v1/halt")


def coverage_today(daemon: Daemon) -> Json:
    """Return what nobody watched today."""
    return daemon.ask("GET", "/api/v1/coverage")


def unseen_alerts(daemon: Daemon) -> dict[str, int]:
    """Return how many alerts nobody has acknowledged, by severity; information alone is none."""
    words = f"severity=warning&acknowledged=no&limit={PAGE_MAX}"
    rows = cast("list[Json]", daemon.ask("GET", f"/api/v1/alerts?{words}")["alerts"])
    return {
        severity: sum(row["severity"] == severity for row in rows)
        for severity in ("critical", "warning")
    }


def open_trades(daemon: Daemon, strategy: str | None = None) -> list[Json]:
    """Return the trades that are not over, oldest first."""
    chosen = {} if strategy is None else {"strategy": strategy}
    pages = _pages(daemon, "/api/v1/activetrades", {**chosen, "limit": PAGE_MAX})
    return [trade for page in pages for trade in page]


def none_open(strategy: str | None) -> str:
    """Return the words for an empty list; a mistyped strategy is no flat account."""
    return "no open trades" if strategy is None else f"no open trades of the strategy {strategy!r}"


def closed_trades(
    daemon: Daemon, filters: Mapping[str, object] | None = None, *, page: int = PAGE_MAX
) -> Iterator[list[Json]]:
    """Yield pages of trades that are over, the one created last first; asked for as needed."""
    yield from _pages(daemon, "/api/v1/tradehistory", {**(filters or {}), "limit": page})


def _pages(daemon: Daemon, path: str, body: Mapping[str, object]) -> Iterator[list[Json]]:
    cursor: object = None
    while True:
        answer = daemon.ask("POST", path, body if cursor is None else {**body, "cursor": cursor})
        yield cast("list[Json]", answer["trades"])
        cursor = answer["next"]
        if cursor is None:
            return
