"""The table of open trades, and the line of one that is over: plain, or for a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from tradebot.cli.client import Json
from tradebot.cli.figures import age, decimals_of, figure, gain, local_time, quantity, way
from tradebot.cli.terminal import BAD, GOOD

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

STALE_MS = 10_000
WIDE = 132  # columns of a terminal that holds a trade in one line
GAIN, LOSS, WARNING = "#26a69a", "#ef5350", "bold #ffb300"  # teal and red, as charts have them

HEADS = (
    *("TRADE", "SYMBOL", "SIDE", "QTY", "ENTRY", "LTP", "AGE"),
    *("STOP", "", "TARGET", "", "TRAIL", "", "P&L", "STATE"),
)
_BELOW = (6, 8, 10, 12)  # the age and the distances: each belongs to the column before it
_LEFT = {"TRADE", "SYMBOL", "SIDE", "STATE"}


def lines(trades: Iterable[Json]) -> Iterator[str]:
    """Yield heads and trades in aligned columns."""
    yield from columns(HEADS, [cells(trade) for trade in trades], _LEFT)


def columns(
    heads: Sequence[str], rows: Sequence[Sequence[str]], left: Iterable[str]
) -> Iterator[str]:
    """Yield heads and rows in aligned columns; those named in ``left`` are text."""
    texts = set(left)
    table = [heads, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(heads))]
    for row in table:
        padded = (
            cell.ljust(width) if head in texts else cell.rjust(width)
            for head, cell, width in zip(heads, row, widths, strict=True)
        )
        yield "  ".join(padded).rstrip()


def table(trades: Iterable[Json], width: int = WIDE) -> "Table":
    """Return the trades for a terminal; in a narrow one, ages and distances stand below."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    below = () if width >= WIDE else _BELOW
    for place, head in enumerate(HEADS):
        if place not in below:
            side: JustifyMethod = "left" if head in _LEFT else "right"
            whole = head not in ("SYMBOL", "STATE")  # half a figure is a wrong figure
            made.add_column(head, justify=side, no_wrap=whole, overflow="fold")
    for trade in trades:
        # Text, never markup: a symbol may hold brackets.
        row = [Text(cell) for cell in cells(trade)]
        row[HEADS.index("P&L")].stylize(colour(trade))
        if trade["flags"]:
            row[-1].stylize(WARNING)
        for place in reversed(below):
            row[place - 1].append("\n").append_text(row.pop(place))
        made.add_row(*row, style="dim" if is_stale(trade) else "")
    return made


def cells(trade: Json) -> tuple[str, ...]:
    """Return an open trade as the texts of its columns."""
    ltp = trade["ltp"]
    levels = [trade[f"{name}_level"] for name in ("stop", "target", "trail")]
    decimals = decimals_of(ltp, *levels)
    found = [
        str(trade["trade_id"]),
        f"{trade['exchange']}:{trade['symbol']}",
        str(trade["side"]),
        quantity(trade["quantity"]),
        figure(trade["entry_price"], decimals),
        figure(ltp, decimals),
        age(trade["ltp_age_ms"]),
    ]
    for level in levels:
        found += [figure(level, decimals), way(ltp, level)]
    flags = [str(flag).replace("_", " ").upper() for flag in cast("list[str]", trade["flags"])]
    return (*found, gain(pnl(trade)), " ".join([str(trade["status"]), *flags]))


def exit_line(trade: Json) -> str:
    """Return a trade that is over on one line."""
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


def pnl(trade: Json) -> float | None:
    """Return what a trade has gained so far, targets included; None: no price is known."""
    open_, taken = trade.get("unrealized_pnl"), trade["realized_pnl"]
    if not isinstance(taken, int | float):
        return None
    if "unrealized_pnl" not in trade:
        return taken
    return taken + open_ if isinstance(open_, int | float) else None


def colour(trade: Json) -> str:
    """Return the colour of a trade's gain; none where there is no gain and no loss."""
    return {GOOD: GAIN, BAD: LOSS}.get(style(trade), "")


def style(trade: Json) -> str:
    """Return the colour of a trade's gain for a plain terminal."""
    gained = pnl(trade) or 0
    return GOOD if gained > 0 else BAD if gained < 0 else ""


def is_stale(trade: Json) -> bool:
    """Whether an open trade's price is old, or there is none."""
    milliseconds = trade["ltp_age_ms"]
    return not isinstance(milliseconds, int) or milliseconds > STALE_MS
