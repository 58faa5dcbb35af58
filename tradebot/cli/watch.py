"""``tradebot watch``: the trades of a running daemon, live in the terminal."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import msgspec

from tradebot.cli.client import (
    EXIT_NOT_RUNNING,
    AnswerError,
    Daemon,
    Json,
    NotRunningError,
    add_state_argument,
    daemon_of,
)
from tradebot.cli.figures import age, decimals_of, figure, gain, local_time, quantity, way

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod, RenderableType
    from rich.table import Table

EVERY_S = 0.5
STALE_MS = 10_000
EXITS_SHOWN = 8
WIDE = 132  # columns of a terminal that holds a trade in one line
EXIT_OK = 0
EXIT_FAILURE = 1

_GAIN, _LOSS, _WARNING = "#26a69a", "#ef5350", "bold #ffb300"  # teal and red, as charts have them
_BADGES = {"paper": "black on #26a69a", "shadow": "black on #ffb300", "live": "white on #c62828"}
_HEADS = (
    *("TRADE", "SYMBOL", "SIDE", "QTY", "ENTRY", "LTP", "AGE"),
    *("STOP", "", "TARGET", "", "TRAIL", "", "P&L", "STATE"),
)
_BELOW = (6, 8, 10, 12)  # the age and the distances: each belongs to the column before it
_LEFT = {"TRADE", "SYMBOL", "SIDE", "STATE"}
_EXPLAINED = """\
Percentages say how far the LTP must move to reach a level. P&L is before charges; it
includes what targets have taken. Rows whose price is old are dimmed. Ctrl-C ends it.

exit codes: 0 done, 1 the daemon refuses to answer, 3 --once and no daemon runs
"""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon said at one moment."""

    mode: str
    state: str
    reasons: list[str]
    trades: list[Json]
    exits: list[Json]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Follow the trades of a running daemon."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_state_argument(parser)
    parser.add_argument("--strategy", metavar="NAME", help="only the trades of this strategy")
    parser.add_argument(
        "--once", action="store_true", help="print them once, as plain text; so it is in a pipe"
    )


def main(args: argparse.Namespace) -> int:
    """Show the trades until interrupted, or once."""
    daemon = daemon_of(args)
    if not args.once and sys.stdout.isatty():
        with contextlib.suppress(KeyboardInterrupt):
            _follow(daemon, args.strategy)
        return EXIT_OK
    try:
        print("\n".join(plain(look(daemon, args.strategy))))
    except NotRunningError as error:
        print(f"tradebot: {error}", file=sys.stderr)
        return EXIT_NOT_RUNNING
    except AnswerError as error:
        print(f"tradebot: {error}", file=sys.stderr)
        return EXIT_FAILURE
    return EXIT_OK


def look(daemon: Daemon, strategy: str | None) -> View:
    """Ask the daemon how things stand."""
    ready = _readiness(daemon)
    chosen: Json = {} if strategy is None else {"strategy": strategy}
    active = daemon.ask("POST", "/api/v1/activetrades", chosen)
    reasons = cast("list[str]", ready.get("reasons", []))
    try:
        over = daemon.ask("POST", "/api/v1/tradehistory", {**chosen, "limit": EXITS_SHOWN})
    except AnswerError as error:  # a database that is away hides no open trade
        over = {"trades": []}
        reasons = [*reasons, f"the last exits cannot be read: {error}"]
    return View(
        mode=str(ready.get("mode", "")),
        state=str(ready.get("state", "")),
        reasons=reasons,
        trades=cast("list[Json]", active["trades"]),
        exits=cast("list[Json]", over["trades"]),
    )


def plain(view: View) -> Iterator[str]:
    """Yield the lines of a view without colour."""
    yield _title(view)
    yield from (f"! {reason}" for reason in view.reasons)
    yield ""
    rows = [_HEADS, *(_cells(trade) for trade in view.trades)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADS))]
    for row in rows:
        cells = (
            cell.ljust(width) if head in _LEFT else cell.rjust(width)
            for head, cell, width in zip(_HEADS, row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()
    if not view.trades:
        yield "no open trades"
    if view.exits:
        yield ""
        yield "last exits"
        yield from (_exit_line(trade) for trade in view.exits)


def screen(view: View, width: int = WIDE) -> "RenderableType":
    """Return a view for a terminal; in a narrow one, ages and distances stand below."""
    from rich.console import Group
    from rich.text import Text

    title = Text()
    title.append(f" {view.mode.upper()} ", style=_BADGES.get(view.mode, "reverse"))
    title.append(f"  {_title(view).partition('  ')[2]}")
    parts: list[RenderableType] = [title]
    parts += [Text(f"! {reason}", style=_WARNING) for reason in view.reasons]
    parts.append(
        _table(view.trades, width) if view.trades else Text("\nno open trades\n", style="dim")
    )
    if view.exits:
        parts.append(Text("last exits", style="bold"))
        parts += [Text(_exit_line(trade), style=_colour(trade)) for trade in view.exits]
    return Group(*parts)


def follow(
    look_again: Callable[[], View],
    console: "Console",
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show views until interrupted; a daemon that is away is waited for."""
    from rich.live import Live
    from rich.text import Text

    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        while True:
            try:
                shown = screen(look_again(), console.width)
            except (NotRunningError, AnswerError) as error:
                shown = Text(f"waiting for the daemon ... ({error})", style=_WARNING)
            live.update(shown, refresh=True)
            sleep(EVERY_S)


def _follow(daemon: Daemon, strategy: str | None) -> None:
    from rich.console import Console

    # Rich looks at NO_COLOR by itself, but takes an empty one for a wish too.
    console = Console(highlight=False, no_color=bool(os.environ.get("NO_COLOR")))
    follow(lambda: look(daemon, strategy), console)


def _readiness(daemon: Daemon) -> Json:
    try:
        return daemon.ask("GET", "/ready")
    except AnswerError as error:
        if error.code != "not_ready":
            raise
        return error.details


def _title(view: View) -> str:
    counted = f"{len(view.trades)} open trade{'' if len(view.trades) == 1 else 's'}"
    total = sum(_pnl(trade) or 0 for trade in view.trades)
    return f"{view.mode.upper()}  {view.state}  {counted}  P&L {gain(total)}"


def _table(trades: list[Json], width: int) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    below = () if width >= WIDE else _BELOW
    for place, head in enumerate(_HEADS):
        if place not in below:
            side: JustifyMethod = "left" if head in _LEFT else "right"
            whole = head not in ("SYMBOL", "STATE")  # half a figure is a wrong figure
            table.add_column(head, justify=side, no_wrap=whole, overflow="fold")
    for trade in trades:
        # Text, never markup: a symbol may hold brackets.
        cells = [Text(cell) for cell in _cells(trade)]
        cells[_HEADS.index("P&L")].stylize(_colour(trade))
        if trade["flags"]:
            cells[-1].stylize(_WARNING)
        for place in reversed(below):
            cells[place - 1].append("\n").append_text(cells.pop(place))
        table.add_row(*cells, style="dim" if _is_stale(trade) else "")
    return table


def _cells(trade: Json) -> tuple[str, ...]:
    ltp = trade["ltp"]
    levels = [trade[f"{name}_level"] for name in ("stop", "target", "trail")]
    decimals = decimals_of(ltp, *levels)
    cells = [
        str(trade["trade_id"]),
        f"{trade['exchange']}:{trade['symbol']}",
        str(trade["side"]),
        quantity(trade["quantity"]),
        figure(trade["entry_price"], decimals),
        figure(ltp, decimals),
        age(trade["ltp_age_ms"]),
    ]
    for level in levels:
        cells += [figure(level, decimals), way(ltp, level)]
    flags = [str(flag).replace("_", " ").upper() for flag in cast("list[str]", trade["flags"])]
    return (*cells, gain(_pnl(trade)), " ".join([str(trade["status"]), *flags]))


def _exit_line(trade: Json) -> str:
    decimals = decimals_of(trade["exit_price"])
    return "  ".join(
        (
            local_time(trade["closed_at"], "%H:%M:%S"),
            str(trade["trade_id"]),
            f"{trade['exchange']}:{trade['symbol']}",
            f"{trade['side']} {quantity(trade['quantity'])}",
            f"{figure(trade['entry_price'], decimals)} -> {figure(trade['exit_price'], decimals)}",
            str(trade["reason"] or trade["status"]),
            gain(trade["realized_pnl"]),
        )
    )


def _pnl(trade: Json) -> float | None:
    """Return what a trade has gained so far, targets included; None: no price is known."""
    open_, taken = trade.get("unrealized_pnl"), trade["realized_pnl"]
    if not isinstance(taken, int | float):
        return None
    if "unrealized_pnl" not in trade:
        return taken
    return taken + open_ if isinstance(open_, int | float) else None


def _colour(trade: Json) -> str:
    pnl = _pnl(trade) or 0
    return _GAIN if pnl > 0 else _LOSS if pnl < 0 else ""


def _is_stale(trade: Json) -> bool:
    milliseconds = trade["ltp_age_ms"]
    return not isinstance(milliseconds, int) or milliseconds > STALE_MS
