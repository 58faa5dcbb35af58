"""The rules of a trade in JSON words, and the same as ``Rules``."""

import functools
from decimal import Context, Decimal

from tradebot.core.guard.trades import Breakeven, Rules, TargetPart, TimeExit, Trail
from tradebot.core.money import plain
from tradebot.core.words.fields import Json, json_object, number, repeatable, required, wrong
from tradebot.core.words.levels import (
    Level,
    Unit,
    parse_clock_minutes,
    parse_duration_ns,
    parse_level,
)
from tradebot.errors import InputError

TARGET_PARTS_MAX = 20
TIME_EXIT_NS_MAX = 3650 * 86_400_000_000_000  # ten years, far inside a 64-bit clock

RULE_KEYS = ("stop", "target", "trail", "breakeven", "time_exit")
RULE_MEANINGS = {  # what other programs call it
    **dict.fromkeys(("sl", "stoploss", "stop_loss", "stop_price"), "stop"),
    **dict.fromkeys(("tgt", "tp", "takeprofit", "take_profit", "targets"), "target"),
    **dict.fromkeys(("tsl", "trailing", "trailing_stop", "trail_stop"), "trail"),
    **dict.fromkeys(("be", "break_even"), "breakeven"),
    **dict.fromkeys(("exit_at", "square_off_at"), "time_exit"),
    **dict.fromkeys(("qty", "size"), "quantity"),
}

# The usual 28 digits would round the sum of 1e15 and 0.00000000000001.
_EXACT = Context(prec=60)


def parse_rules(obj: object, *, quantity: Decimal | None = None) -> Rules:
    """Read the rules alone, as an edit of a trade sends them: what is not named is off.

    Args:
        obj: the decoded JSON.
        quantity: units of the trade, where they are known; targets may not exceed them.

    Raises:
        InputError: the first mistake found, a key that is no rule above all.
    """
    return rules_of(json_object(obj, RULE_KEYS, "rules", meanings=RULE_MEANINGS), quantity)


def rules_json(rules: Rules) -> Json:
    """Return the rules in the words that ``parse_rules`` reads."""
    words: Json = {}
    if rules.stop is not None:
        words["stop"] = str(rules.stop)
    if rules.targets:
        words["target"] = _targets_json(rules.targets)
    if (trail := rules.trail) is not None:
        parts = {"by": trail.by, "activation": trail.activation, "step": trail.step}
        words["trail"] = {key: str(level) for key, level in parts.items() if level is not None}
    if (breakeven := rules.breakeven) is not None:
        words["breakeven"] = {"at": str(breakeven.at), "lock": str(breakeven.lock)}
    if (exit_ := rules.time_exit) is not None:
        words["time_exit"] = (
            {"after": duration_text(exit_.after_ns)}
            if exit_.after_ns is not None
            else {"at": clock_text(exit_.at_minutes or 0)}
        )
    return words


def rules_of(words: Json, quantity: Decimal | None) -> Rules:
    """Read the rules among the known ``words`` of a trade.

    Raises:
        InputError: the first mistake found.
    """
    return Rules(
        stop=_price_level(words["stop"], "stop") if "stop" in words else None,
        targets=_targets(words["target"], quantity) if "target" in words else (),
        trail=_trail(words["trail"]) if "trail" in words else None,
        breakeven=_breakeven(words["breakeven"]) if "breakeven" in words else None,
        time_exit=_time_exit(words["time_exit"]) if "time_exit" in words else None,
    )


def duration_text(ns: int) -> str:
    """Return a duration as ``parse_duration_ns`` reads it, in its largest whole unit."""
    for unit, unit_ns in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if ns % (unit_ns * 10**9) == 0:
            return f"{ns // (unit_ns * 10**9)}{unit}"
    if ns % 10**6 == 0 and ns < 10**15:  # no number has more than nine digits before the point
        return f"{ns // 10**6}ms"
    return f"{plain(Decimal(ns) / 10**9)}s"


def clock_text(minutes: int) -> str:
    """Return minutes after midnight as ``parse_clock_minutes`` reads them."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _targets(value: object, quantity: Decimal | None) -> tuple[TargetPart, ...]:
    if not isinstance(value, list | tuple):
        return (TargetPart(at=_price_level(value, "target")),)
    if not 1 <= len(value) <= TARGET_PARTS_MAX:
        raise InputError("target", f"target has {len(value)} parts: 1 to {TARGET_PARTS_MAX} can be")
    parts = tuple(_target_part(item, f"target[{place}]") for place, item in enumerate(value))
    for place, part in enumerate(parts[:-1]):
        if part.quantity is None:
            field = f"target[{place}].quantity"
            raise InputError(field, f"{field} is missing; only the last part may leave it out")
    quantities = (part.quantity for part in parts if part.quantity is not None)
    total = functools.reduce(_EXACT.add, quantities, Decimal(0))
    if quantity is not None and total > quantity:
        message = f"target parts of {plain(total)} are more than the quantity {plain(quantity)}"
        raise InputError("target", message)
    if quantity is not None and total == quantity and parts[-1].quantity is None:
        message = f"target parts of {plain(total)} leave nothing for the last one"
        raise InputError("target", message)
    return parts


def _target_part(value: object, field: str) -> TargetPart:
    part = json_object(
        value, ("at", "quantity"), "target part", prefix=f"{field}.", meanings=RULE_MEANINGS
    )
    at = _price_level(required(part, "at", f"{field}."), f"{field}.at")
    return TargetPart(at=at, quantity=number(part, "quantity", f"{field}."))


def _trail(value: object) -> Trail:
    words = json_object(value, ("by", "activation", "step"), "trail", prefix="trail.")
    required(words, "by", "trail.")
    levels = {
        key: _distance(level, f"trail.{key}", above_zero=True) for key, level in words.items()
    }
    return Trail(by=levels["by"], activation=levels.get("activation"), step=levels.get("step"))


def _breakeven(value: object) -> Breakeven:
    words = json_object(value, ("at", "lock"), "breakeven", prefix="breakeven.")
    at = _distance(required(words, "at", "breakeven."), "breakeven.at", above_zero=True)
    return Breakeven(at=at, lock=_distance(words.get("lock", "0pts"), "breakeven.lock"))


def _time_exit(value: object) -> TimeExit:
    words = json_object(value, ("after", "at"), "time_exit", prefix="time_exit.")
    if len(words) != 1:
        raise InputError("time_exit", 'time_exit wants one of {"after": "45m"} and {"at": "15:10"}')
    if "at" in words:
        field = "time_exit.at"
        return TimeExit(at_minutes=parse_clock_minutes(repeatable(words["at"]), field))
    field = "time_exit.after"
    after_ns = parse_duration_ns(repeatable(words["after"]), field)
    if not 0 < after_ns <= TIME_EXIT_NS_MAX:
        raise wrong(field, words["after"], "above 0 and at most 3650d")
    return TimeExit(after_ns=after_ns)


def _price_level(value: object, field: str) -> Level:
    level = parse_level(repeatable(value), field)
    # Programs write a level that is not set as 0, and a short would be left at once.
    if level.unit is Unit.PRICE and level.value == 0:
        raise wrong(field, value, "a price above 0; leave the key out for none")
    return level


def _distance(value: object, field: str, *, above_zero: bool = False) -> Level:
    level = parse_level(repeatable(value), field, price_allowed=False)
    if above_zero and level.value == 0:
        raise wrong(field, value, 'above 0, as "1.5%" or "12.5pts"')
    return level


def _targets_json(parts: tuple[TargetPart, ...]) -> object:
    if len(parts) == 1 and parts[0].quantity is None:
        return str(parts[0].at)
    return [
        {"at": str(part.at)}
        if part.quantity is None
        else {"at": str(part.at), "quantity": plain(part.quantity)}
        for part in parts
    ]
