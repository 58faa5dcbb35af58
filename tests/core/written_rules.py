"""Rules as a person writes them, for tests: ``levels("LONG", "800", trail="5pts")``."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from tradebot.core.guard.trade_rules import Levels, effective_stop, entry_marks, judge, levels_of
from tradebot.core.guard.trades import Breakeven, Rules, Side, TargetPart, Trail
from tradebot.core.market.instruments import Instrument
from tradebot.core.words.levels import Level, parse_level

Parts = list[tuple[str, str | None]]


def a_level(text: str | None) -> Level | None:
    return None if text is None else parse_level(text, "level")


def written(
    *,
    stop: str | None = None,
    target: str | Parts | None = None,
    trail: str | None = None,
    activation: str | None = None,
    step: str | None = None,
    breakeven: str | None = None,
    lock: str = "0pts",
) -> Rules:
    """Return the rules in these words; ``target`` may be a list of (at, quantity)."""
    parts: Parts = [(target, None)] if isinstance(target, str) else target or []
    by, at = a_level(trail), a_level(breakeven)
    return Rules(
        stop=a_level(stop),
        targets=tuple(
            TargetPart(
                at=parse_level(part, "target"),
                quantity=None if quantity is None else Decimal(quantity),
            )
            for part, quantity in parts
        ),
        trail=Trail(by=by, activation=a_level(activation), step=a_level(step)) if by else None,
        breakeven=Breakeven(at=at, lock=parse_level(lock, "lock")) if at else None,
    )


def levels(
    side: str,
    entry: str,
    rules: Rules | None = None,
    *,
    tick: str = "0.05",
    charges: str = "0",
    targets_done: int = 0,
    **words: Any,
) -> Levels:
    """Return the levels of rules, given as ``rules`` or in words."""
    return levels_of(
        rules if rules is not None else written(**words),
        Side(side),
        Decimal(entry),
        Instrument(exchange="NSE", symbol="SBIN", tick_size=Decimal(tick)),
        charges=Decimal(charges),
        targets_done=targets_done,
    )


def story(of: Levels, marks_before, prices: Iterable[float]) -> list[str]:
    """Return what each price did: the stop after it, or ``leave`` and why and where.

    The first line is told before the first price; the story ends with the trade, or
    with the first target.
    """
    marks = entry_marks(of, marks_before)
    lines = [_stop_in_words(of, marks)]
    for price in prices:
        verdict = judge(of, marks, price)
        if verdict.leaves:
            lines += [f"leave {leave.reason} {leave.level:f}" for leave in verdict.leaves]
            break
        marks = verdict.marks
        lines.append(_stop_in_words(of, marks))
    return lines


def _stop_in_words(of: Levels, marks) -> str:
    stop = effective_stop(of, marks)
    return "no stop" if stop is None else f"{stop.reason} {stop.level:f}"
