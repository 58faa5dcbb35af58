"""A replay by plain loops: every trade alone walks the whole recording, by the oracle's rules.

Nothing of the engine, the index or the gate is used; only the words of the rules are read
by the program's own reader.
"""

import json
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from tests.replay_trades import tick_size_of
from tests.rules_oracle import Judge, exact
from tradebot.core.guard.trades import Rules, Side
from tradebot.core.inputs import Tick
from tradebot.core.words.rule_words import parse_rules

SPIKE = Fraction(1, 100)
DAY_NS = 86_400_000_000_000
RULE_WORDS = ("stop", "target", "trail", "breakeven", "time_exit")

Line = dict[str, object]


def replayed(ticks: Sequence[Tick], trades: Sequence[Line], *, gate: bool = True) -> str:
    """Return the lines that ``tradebot replay`` must write."""
    told = []
    for place, trade in enumerate(trades):
        lines = _exits(ticks, trade, f"T{place + 1}", gate=gate)
        told += [(line["ts_ns"], place, line) for line in lines]
    told.sort(key=lambda each: each[:2])
    return "".join(f"{json.dumps(line)}\n" for _, _, line in told)


def accepted(ticks: Sequence[Tick], *, gate: bool) -> Iterator[tuple[Tick, list[Tick]]]:
    """Yield each tick of one instrument with the ticks that are judged at its time."""
    last: Fraction | None = None
    held: Tick | None = None
    for tick in ticks:
        if not math.isfinite(tick.ltp) or tick.ltp <= 0:
            yield tick, []
            continue
        price = exact(tick.ltp)
        judged = [tick]
        if gate and held is not None and _near(price, exact(held.ltp)):
            judged = [tick] if held.ltp == tick.ltp else [tick, held, tick]
        elif gate and last is not None and not _near(price, last):
            held = tick
            yield tick, []
            continue
        held, last = None, price
        yield tick, judged


def _near(price: Fraction, other: Fraction) -> bool:
    return abs(price - other) <= SPIKE * other


def _exits(ticks: Sequence[Tick], trade: Line, name: str, *, gate: bool) -> Iterator[Line]:
    instrument = f"{trade['exchange']}:{trade['symbol']}"
    rules = parse_rules({key: trade[key] for key in RULE_WORDS if key in trade})
    side = Side(str(trade["side"]))
    price, quantity = Decimal(str(trade["entry_price"])), Decimal(str(trade["quantity"]))
    judge = Judge(rules, side, price, Decimal(tick_size_of(instrument)), quantity=quantity)
    opened_ns = int(str(trade["opened_at_ns"]))
    deadline_ns = _deadline(rules, opened_ns)
    judged_at = {id(tick): judged for tick, judged in _judged(ticks, instrument, gate=gate)}
    entry = last = Fraction(price)
    left = Fraction(quantity)

    def line(ts_ns, reason, level, *, quantity, best):
        price = last
        gain = price - entry if side is Side.LONG else entry - price
        return {
            "trade_id": name,
            "ts_ns": ts_ns,
            "reason": reason,
            "level": None if level is None else text(level),
            "trigger_price": text(price),
            "best_price": None if best is None else text(best),
            "quantity": text(quantity),
            "fill_price": text(price),
            "pnl": text(gain * quantity),
        }

    for tick in ticks:
        if deadline_ns is not None and deadline_ns <= tick.at_ns:
            yield line(deadline_ns, "time", None, quantity=left, best=judge.best)
            return
        for seen in judged_at.get(id(tick), []):
            last = exact(seen.ltp)
            if seen.at_ns < opened_ns:
                continue
            best = judge.best
            for leave in judge.price(0, last):
                part = left
                asked = None if leave.part is None else rules.targets[leave.part].quantity
                if asked is not None:
                    part = min(left, Fraction(asked))
                left -= part
                yield line(tick.at_ns, leave.reason, leave.level, quantity=part, best=best)
            if judge.over:
                return


def _judged(
    ticks: Sequence[Tick], instrument: str, *, gate: bool
) -> Iterator[tuple[Tick, list[Tick]]]:
    return accepted([tick for tick in ticks if tick.instrument == instrument], gate=gate)


def _deadline(rules: Rules, opened_ns: int) -> int | None:
    rule = rules.time_exit
    if rule is None:
        return None
    if rule.after_ns is not None:
        return opened_ns + rule.after_ns
    assert rule.at_minutes is not None
    at_ns = opened_ns // DAY_NS * DAY_NS + rule.at_minutes * 60_000_000_000
    return at_ns if at_ns > opened_ns else at_ns + DAY_NS


def text(value: Fraction) -> str:
    """Return the whole decimal text of a fraction that has one."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
        assert digits < 100, f"{value} has no end"
    number = value * 10**digits
    sign = "-" if number < 0 else ""
    whole = str(abs(number.numerator)).rjust(digits + 1, "0")
    return f"{sign}{whole[:-digits]}.{whole[-digits:]}" if digits else f"{sign}{whole}"
