"""The table of open trades, and the line of one that is over: plain, or for a terminal.

Half a figure is a wrong figure, and a trade without its symbol is no trade: where a table
does not fit into a terminal as a whole, a narrower one takes its place.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from tradebot.cli import shadow_lines
from tradebot.cli.client import Json
from tradebot.cli.figures import age, decimals_of, figure, gain, local_time, quantity, way
from tradebot.cli.terminal import BAD, GOOD

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

STALE_MS = 10_000
WIDE = 132  # columns of a terminal that may hold a trade in one line
GAIN, LOSS, WARNING = "#26a69a", "#ef5350", "bold #ffb300"  # teal and red, as charts have them

HEADS = (
    *("TRADE", "SYMBOL", "SIDE", "QTY", "ENTRY", "LTP", "AGE"),
    *("STOP", "", "TARGET", "", "TRAIL", "", "P&L", "STATE"),
)
_NARROW_HEADS = ("TRADE", "ENTRY", "LTP", "STOP", "TARGET", "TRAIL", "P&L")
_LASTING = {"TRADE", "SYMBOL", "SIDE", "QTY", "ENTRY", "STATE"}
_LEFT = {"TRADE", "SYMBOL", "SIDE", "STATE"}
_AGE_WIDTH = len("999 ms")  # kept free, so that columns stand still while prices come
_AROUND = 4  # lines of a table beside its trades
_SPACE, _EDGES = 2, 2  # columns between columns, and at the sides of a table


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


def table(trades: Sequence[Json], width: int = WIDE, height: int | None = None) -> "RenderableType":
    """Return the trades for a terminal of so many columns and lines.

    In a narrow one ages, distances and states stand below, in a very narrow one all of it. Of
    more trades than there are lines for, those with a flag stay, and what is hidden is
    counted.
    """
    from rich.console import Group
    from rich.text import Text

    rows = [cells(trade) for trade in trades]
    heads: Sequence[str] = HEADS
    made: list[list[tuple[str, ...]]] = [[(cell,) for cell in row] for row in rows]
    if width < WIDE or _width(heads, made) > width:
        heads, made = _NARROW_HEADS, [_narrow(trade) for trade in trades]
    if _width(heads, made) > width:  # 80 columns hold two lines a trade, without its entry
        heads = [head for head in _NARROW_HEADS if head != "ENTRY"]
        made = [row[:1] + row[2:] for row in map(_narrow, trades)]
    if _width(heads, made) > width:
        heads, made = (), [[(line,) for line in _very_narrow(row)] for row in rows]
    sizes = [max(map(len, row)) if heads else len(row) for row in made]
    order = list(range(len(made)))
    if height is not None and sum(sizes) + _AROUND > height:
        order.sort(key=lambda place: not trades[place]["flags"])
        lines_left = height - _AROUND - 1
        while order and sum(sizes[place] for place in order) > lines_left:
            order.pop()
        order.sort()
    drawn = _drawn(heads, made, [(place, trades[place]) for place in order])
    if not (hidden := len(made) - len(order)):
        return drawn
    more = f"and {hidden} more open; a larger window or tradebot trades shows them"
    return Group(drawn, Text(more, style=WARNING))


def _drawn(
    heads: Sequence[str],
    rows: Sequence[Sequence[Sequence[str]]],
    shown: Iterable[tuple[int, Json]],
) -> "RenderableType":
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table

    if not heads:
        texts = [
            _styled(line, trade, "dim" if is_stale(trade) else "")
            for place, trade in shown
            for line in rows[place]
        ]
        return Group(*texts)
    made = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for head in heads:
        made.add_column(
            head,
            justify="left" if head in _LEFT else "right",
            no_wrap=True,
            min_width=_AGE_WIDTH if head in ("AGE", "LTP") else None,
        )
    for place, trade in shown:
        row = [_styled(cell, trade) for cell in rows[place]]
        made.add_row(*row, style="dim" if is_stale(trade) else "")
    return made


def _styled(lines: Sequence[str], trade: Json, style: str = "") -> "Text":
    """Return lines as text, never markup, with gain and flags in their colours."""
    from rich.text import Text

    text = Text("\n".join(lines), style=style)
    if (gained := gain(pnl(trade))) in text.plain:
        text.highlight_words([gained], colour(trade))
    if flags := _flags(trade):
        text.highlight_words(flags, WARNING)
    return text


def _width(heads: Sequence[str], rows: Sequence[Sequence[Sequence[str]]]) -> int:
    """Return how many columns a table takes with each of its cells whole."""
    if not heads:
        return 0
    widths = [
        max(
            len(head),
            _AGE_WIDTH if head in ("AGE", "LTP") else 0,
            *(len(line) for row in rows for line in row[place]),
        )
        for place, head in enumerate(heads)
    ]
    return sum(widths) + _SPACE * (len(widths) - 1) + _EDGES


def _narrow(trade: Json) -> list[tuple[str, ...]]:
    """Return a trade as the cells of a narrow terminal, with what belongs to each below it."""
    name, symbol, side, units, entry, ltp, old, *levels, gained, _ = cells(trade)
    ways = [(levels[place], levels[place + 1]) for place in range(0, len(levels), 2)]
    state = (str(trade["status"]), *_flags(trade))
    return [(f"{name}  {side} {units}", symbol), (entry,), (ltp, old), *ways, (gained, *state)]


def _very_narrow(row: Sequence[str]) -> list[str]:
    """Return a trade as lines of its own."""
    name, symbol, side, units, entry, ltp, old, *levels, gained, state = row
    named = zip(("stop", "target", "trail"), levels[::2], levels[1::2], strict=True)
    return [
        f"{name}  {side} {units}  {symbol}",
        f"  {state}",
        f"  P&L {gained}",
        f"  entry {entry}",
        f"  LTP {ltp}  {old}",
        *(f"  {what} {level}  {way_}".rstrip() for what, level, way_ in named),
    ]


def cells(trade: Json) -> tuple[str, ...]:
    """Return an open trade as the texts of its columns."""
    ltp = trade["ltp"]
    # Of one that is unguarded no level acts: a stop that is shown would be believed.
    is_guarded = "unguarded" not in cast("list[str]", trade["flags"])
    names = ("stop", "target", "trail")
    levels = [trade[f"{name}_level"] if is_guarded else None for name in names]
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
    return (*found, gain(pnl(trade)), " ".join([str(trade["status"]), *_flags(trade)]))


def lasting(trade: Json) -> list[str]:
    """Return the cells of an open trade that no price moves, its state included."""
    return [cell for head, cell in zip(HEADS, cells(trade), strict=True) if head in _LASTING]


def ageless(trade: Json) -> list[str]:
    """Return the cells of an open trade that do not change by time alone."""
    return [cell for head, cell in zip(HEADS, cells(trade), strict=True) if head != "AGE"]


def _flags(trade: Json) -> list[str]:
    return [str(flag).replace("_", " ").upper() for flag in cast("list[str]", trade["flags"])]


def exit_line(trade: Json) -> str:
    """Return a trade that is over on one line; one of a shadow with what leaving it was worth."""
    if (outcome := shadow_lines.outcome_of(trade)) is not None:
        return shadow_lines.line(trade, outcome)
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
    outcome = shadow_lines.outcome_of(trade)
    saved = None if outcome is None else outcome["saved"]
    gained = saved if isinstance(saved, int | float) else pnl(trade) or 0
    return GOOD if gained > 0 else BAD if gained < 0 else ""


def is_stale(trade: Json) -> bool:
    """Whether an open trade's price is old, or there is none."""
    milliseconds = trade["ltp_age_ms"]
    return not isinstance(milliseconds, int) or milliseconds > STALE_MS
