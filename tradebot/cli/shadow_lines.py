"""What a shadow would have left, and what that would have saved or cost, on a line each."""

from typing import cast

from tradebot.cli.client import Daemon, Json
from tradebot.cli.figures import decimals_of, figure, gain, local_time, quantity

SHADOW = "shadow"
BANNER = "SHADOW: nothing is sent. Your account is only read, and exits are filled on paper."


def outcomes(daemon: Daemon, mode: object) -> Json | None:
    """Return what the daemon's exits were worth; None: it is no shadow."""
    return daemon.ask("GET", "/api/v1/shadow") if mode == SHADOW else None


def with_outcomes(trades: list[Json], found: Json | None) -> list[Json]:
    """Return trades, each with its outcome where there is one."""
    if found is None:
        return trades
    by_trade = {each["trade_id"]: each for each in cast("list[Json]", found["exits"])}
    return [{**trade, SHADOW: by_trade.get(trade["trade_id"])} for trade in trades]


def outcome_of(trade: Json) -> Json | None:
    """Return what a trade carries of its outcome."""
    return cast("Json | None", trade.get(SHADOW))


def line(trade: Json, outcome: Json) -> str:
    """Return a trade that a shadow has left on one line."""
    decimals = decimals_of(outcome["exit_price"], outcome["ltp"])
    price = figure(outcome["exit_price"], decimals)
    return "  ".join(
        (
            local_time(trade["closed_at"], "%H:%M:%S"),
            f"would leave {trade['trade_id']} at {price}: {trade['reason'] or trade['status']}",
            f"{trade['exchange']}:{trade['symbol']}",
            f"{trade['side']} {quantity(trade['quantity'])}",
            f"{_worth(outcome['saved'])} ({_beside(outcome, decimals)})",
        )
    )


def summary(found: Json) -> str:
    """Return what all exits were worth on one line."""
    count = len(cast("list[Json]", found["exits"]))
    return f"{count} exit{'' if count == 1 else 's'} on paper, {_worth(found['saved'])} in all"


def _worth(saved: object) -> str:
    if not isinstance(saved, int | float):
        return "worth not known"
    if not round(saved, 2):
        return "saved 0.00"
    return f"{'saved' if saved > 0 else 'cost'} {gain(saved)}"


def _beside(outcome: Json, decimals: int) -> str:
    """Return what the exit is held against."""
    open_, left = outcome["open"], outcome["left"]
    now = f"now {figure(outcome['ltp'], decimals)}"
    theirs = f"at {figure(outcome['left_price'], decimals)}"
    if open_ and left:
        return f"you left {quantity(left)} {theirs}, {now}"
    if open_:
        return now
    return f"you left {theirs}" if left else "your own exit is not known"
