"""``tradebot watch``: the trades of a running daemon, live in the terminal."""

import argparse
import contextlib
import datetime as dt
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import msgspec

from tradebot.cli import trade_table
from tradebot.cli.client import (
    EXIT_NOT_RUNNING,
    AnswerError,
    Daemon,
    Json,
    NotRunningError,
    add_state_argument,
    daemon_of,
)
from tradebot.cli.figures import duration, gain
from tradebot.cli.questions import open_trades, readiness
from tradebot.cli.shadow_lines import BANNER, outcomes, summary, with_outcomes
from tradebot.cli.terminal import console
from tradebot.cli.trade_table import WARNING, WIDE, colour, exit_line, pnl

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

EVERY_S = 0.5
FIGURES_EVERY = 20  # looks: so often a terminal that cannot be drawn over gets new prices
EXITS_SHOWN = 8
EXITS_READ = 200  # the page comes by creation, and an old trade may have been left just now
EXIT_OK = 0
EXIT_FAILURE = 1

_BADGES = {"paper": "black on #26a69a", "shadow": "black on #ffb300", "live": "white on #c62828"}
_EXPLAINED = """\
Percentages say how far the LTP must move to reach a level. P&L is before charges; it
includes what targets have taken. Rows whose price is old are dimmed. Ctrl-C ends it.
Where TERM is dumb the lines of --once come again whenever something has changed.

exit codes: 0 done, 1 the daemon refuses to answer, 3 --once and no daemon runs
"""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What the daemon said at one moment."""

    mode: str
    state: str
    reasons: list[str]
    trades: list[Json]
    exits: list[Json]
    shadow: Json | None = None  # what the exits of a shadow were worth


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
    ready = readiness(daemon)
    chosen: Json = {} if strategy is None else {"strategy": strategy}
    trades = open_trades(daemon, strategy)
    reasons = cast("list[str]", ready.get("reasons", []))
    found = outcomes(daemon, ready.get("mode"))
    try:
        over = daemon.ask("POST", "/api/v1/tradehistory", {**chosen, "limit": EXITS_READ})
    except AnswerError as error:  # a database that is away hides no open trade
        over = {"trades": []}
        reasons = [*reasons, f"the last exits cannot be read: {error}"]
    return View(
        mode=str(ready.get("mode", "")),
        state=str(ready.get("state", "")),
        reasons=reasons,
        trades=trades,
        exits=with_outcomes(_last_left(cast("list[Json]", over["trades"])), found),
        shadow=found,
    )


def _last_left(trades: list[Json]) -> list[Json]:
    left = [trade for trade in trades if trade["closed_at"] is not None]
    left.sort(key=lambda trade: dt.datetime.fromisoformat(str(trade["closed_at"])), reverse=True)
    return left[:EXITS_SHOWN]


def plain(view: View) -> Iterator[str]:
    """Yield the lines of a view without colour."""
    yield _title(view)
    if view.shadow is not None:
        yield BANNER
    yield from (f"! {reason}" for reason in view.reasons)
    yield ""
    yield from trade_table.lines(view.trades)
    if not view.trades:
        yield "no open trades"
    if view.exits:
        yield ""
        yield _heading(view)
        yield from (exit_line(trade) for trade in view.exits)


def screen(view: View, width: int = WIDE, height: int | None = None) -> "RenderableType":
    """Return a view for a terminal of so many columns and lines; trades come before exits."""
    from rich.console import Group
    from rich.text import Text

    title = Text()
    title.append(f" {view.mode.upper()} ", style=_BADGES.get(view.mode, "reverse"))
    title.append(f"  {_title(view).partition('  ')[2]}")
    parts: list[RenderableType] = [title]
    if view.shadow is not None:
        parts.append(Text(BANNER, style=WARNING))
    parts += [Text(f"! {reason}", style=WARNING) for reason in view.reasons]
    room = None if height is None else height - sum(-(-len(str(p)) // width) for p in parts)
    parts.append(
        trade_table.table(view.trades, width, room)
        if view.trades
        else Text("\nno open trades\n", style="dim")
    )
    if view.exits:
        parts.append(Text(_heading(view), style="bold"))
        parts += [Text(exit_line(trade), style=colour(trade)) for trade in view.exits]
    return Group(*parts)


def follow(
    look_again: Callable[[], View],
    console: "Console",
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show views until interrupted; a daemon that is away is waited for.

    A dumb terminal moves no cursor. It gets the lines of a pipe: at once where trades, their
    states or the daemon's have changed, and every ten seconds where only prices have.
    """
    show = _follow_in_lines if console.is_dumb_terminal else _follow_on_screen
    show(look_again, console, sleep)


def _follow_on_screen(
    look_again: Callable[[], View], console: "Console", sleep: Callable[[float], None]
) -> None:
    from rich.live import Live
    from rich.text import Text

    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as live:
        while True:
            try:
                shown = screen(look_again(), console.width, console.height)
            except (NotRunningError, AnswerError) as error:
                shown = Text(f"waiting for the daemon ... ({error})", style=WARNING)
            live.update(shown, refresh=True)
            sleep(EVERY_S)


def _follow_in_lines(
    look_again: Callable[[], View], console: "Console", sleep: Callable[[float], None]
) -> None:
    shown: tuple[object, object] = None, None
    looks = 0
    while True:
        try:
            view = look_again()
            lines, told = list(plain(view)), (_lasting(view), _moving(view))
        except (NotRunningError, AnswerError) as error:
            lines = [f"waiting for the daemon ... ({error})"]
            told = lines, None
        looks += 1
        if told[0] != shown[0] or (looks >= FIGURES_EVERY and told[1] != shown[1]):
            console.out("\n".join([*lines, ""]), highlight=False)
            shown, looks = told, 0
        sleep(EVERY_S)


def _lasting(view: View) -> object:
    """Return what of a view no price moves; a count in a reason moves like one."""
    trades = [trade_table.lasting(trade) for trade in view.trades]
    reasons = [re.sub(r"\d", "", reason) for reason in view.reasons]
    return view.mode, view.state, reasons, trades, [trade["trade_id"] for trade in view.exits]


def _moving(view: View) -> object:
    """Return the figures of a view that are new when they differ; an age always does."""
    trades = [trade_table.ageless(trade) for trade in view.trades]
    return trades, view.reasons, [exit_line(trade) for trade in view.exits]


def _follow(daemon: Daemon, strategy: str | None) -> None:
    follow(lambda: look(daemon, strategy), console())


def _title(view: View) -> str:
    counted = f"{len(view.trades)} open trade{'' if len(view.trades) == 1 else 's'}"
    total = sum(pnl(trade) or 0 for trade in view.trades)
    return f"{view.mode.upper()}  {view.state}  {counted}  P&L {gain(total)}{_unwatched(view)}"


def _heading(view: View) -> str:
    """Return what stands over the last exits."""
    return "last exits" if view.shadow is None else f"last exits: {summary(view.shadow)}"


def _unwatched(view: View) -> str:
    """Return for how long the trades that are open were unguarded and blind today."""
    words = ""
    for key in ("unguarded", "blind"):
        total = sum(v for t in view.trades if isinstance(v := t.get(f"{key}_s"), int | float))
        words += f"  {key} {duration(total)}" if total else ""
    return words
