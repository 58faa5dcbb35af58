"""A change of a trade's rules: as the command line says it, as it is sent, and if it loosens."""

import argparse
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import cast

from tradebot.cli.client import Json

RULES = ("stop", "target", "trail", "breakeven", "time_exit")
NONE = "none"  # takes a part of a rule away
REMOVABLE = ("stop", "target", "trail", "breakeven", "time")
_PARTS = {"trail": ("by", "activation", "step"), "breakeven": ("at", "lock")}
_NEEDED = {"trail": "by", "breakeven": "at"}
_LEVEL = re.compile(r"(@?)(\d{1,15}(?:\.\d{1,15})?)(%|pts)?", re.ASCII)


class ChangeError(Exception):
    """The command line asks for what cannot be; the message says why."""


def add_rule_arguments(parser: argparse.ArgumentParser, *, is_new: bool = False) -> None:
    """Add an option for each rule and each of its parts; of a new trade none is removed."""
    levels = parser.add_argument_group("rules", "a LEVEL is 1.5%, 12.5pts or @812.5")
    levels.add_argument("--stop", metavar="LEVEL")
    levels.add_argument(
        "--target",
        action="append",
        metavar="LEVEL[:QUANTITY]",
        help="for several parts say it several times; only the last may go without a quantity",
    )
    for rule, parts in _PARTS.items():
        for part in parts:
            text = "" if part == _NEEDED[rule] else f"; {NONE} takes it away"
            said = None if is_new else f"the other parts stay{text}"
            levels.add_argument(f"--{rule}-{part}", metavar="LEVEL", help=said)
    when = levels.add_mutually_exclusive_group()
    when.add_argument("--time-after", metavar="TIME", help="leave so long after the entry: 45m")
    when.add_argument("--time-at", metavar="HH:MM", help="leave then, in the exchange's zone")
    if is_new:
        parser.set_defaults(remove=[])
        return
    levels.add_argument(
        "--remove",
        nargs="+",
        action="extend",
        choices=REMOVABLE,
        default=[],
        metavar="RULE",
        help=f"take rules away: {', '.join(REMOVABLE)}",
    )


def change_of(args: argparse.Namespace, trade: Json) -> Json:
    """Return the rules to send: each as a whole, with the parts that stay; None removes one.

    Raises:
        ChangeError: nothing is changed, a rule is set and removed, or lacks its main part.
    """
    change: Json = {}
    if args.stop is not None:
        change["stop"] = args.stop
    if args.target is not None:
        change["target"] = _target(args.target)
    for rule, parts in _PARTS.items():
        given = {p: v for p in parts if (v := getattr(args, f"{rule}_{p}")) is not None}
        if given:
            change[rule] = _merged(rule, given, trade)
    if args.time_after is not None:
        change["time_exit"] = {"after": args.time_after}
    if args.time_at is not None:
        change["time_exit"] = {"at": args.time_at}
    for name in args.remove:
        rule = "time_exit" if name == "time" else name
        if change.get(rule) is not None:
            raise ChangeError(f"{name} is set and removed at once")
        change[rule] = None
    if not change:
        raise ChangeError("say what to change: --stop 1%, --target @830, --remove trail ...")
    return change


def loosened(trade: Json, change: Mapping[str, object]) -> Iterator[str]:
    """Yield a sentence for each way in which a change gives the trade more room to lose."""
    for rule in ("stop", "trail", "breakeven"):
        if rule in change and change[rule] is None and rule in trade:
            yield f"the {rule} {words(trade[rule])} is removed"
    old, new = (_distance(of.get("stop"), trade) for of in (trade, change))
    if old is not None and new is not None and new > old:
        yield f"the stop goes from {trade['stop']} to {change['stop']}, away from the entry"
    was, now = trade.get("trail"), change.get("trail")
    if isinstance(was, dict) and isinstance(now, dict):
        old, new = _distance(was["by"], trade), _distance(now["by"], trade)
        if old is not None and new is not None and new > old:
            yield f"the trail keeps {now['by']} instead of {was['by']}"
        for part in ("activation", "step"):
            old, new = (_distance(of.get(part), trade) or Decimal(0) for of in (was, now))
            if new > old:
                yield f"the trail's {part} goes from {was.get(part, NONE)} to {now[part]}"
    was, now = trade.get("breakeven"), change.get("breakeven")
    if isinstance(was, dict) and isinstance(now, dict):
        for part, is_worse in (("at", 1), ("lock", -1)):
            old, new = (_distance(of.get(part), trade) or Decimal(0) for of in (was, now))
            if (new - old) * is_worse > 0:
                yield f"the breakeven's {part} goes from {was[part]} to {now.get(part, '0pts')}"


def reached(trade: Json, change: Mapping[str, object]) -> Iterator[str]:
    """Yield a sentence for each new level at which the LTP stands already: it is left at once."""
    ltp, entry = trade["ltp"], trade["entry_price"]
    if not (isinstance(ltp, int | float) and isinstance(entry, int | float)):
        return
    sign = 1 if trade["side"] == "LONG" else -1
    gained = sign * (Decimal(str(ltp)) - Decimal(str(entry)))
    against = _distance(change.get("stop"), trade)
    if against is not None and -gained >= against:
        yield f"the LTP {ltp} is at the stop {change['stop']} already: the trade is left at once"
    target = change.get("target")
    for part in target if isinstance(target, list) else [{"at": target}]:
        away = _distance(part["at"], trade)
        if away is not None and str(part["at"]).startswith("@"):
            away = -away
        if away is not None and gained >= away:
            yield f"the LTP {ltp} is at the target {part['at']} already: it is taken at once"


def words(rule: object) -> str:
    """Return a rule as a person writes it; None is a dash."""
    match rule:
        case None:
            return "–"
        case dict():
            return ", ".join(f"{key} {value}" for key, value in rule.items())
        case list():
            return " and ".join(
                f"{part['quantity']} at {part['at']}" if "quantity" in part else str(part["at"])
                for part in rule
            )
        case _:
            return str(rule)


def _target(given: list[str]) -> object:
    parts = [text.partition(":") for text in given]
    if len(parts) == 1 and not parts[0][1]:
        return parts[0][0]
    return [{"at": at, "quantity": units} if colon else {"at": at} for at, colon, units in parts]


def _merged(rule: str, given: Mapping[str, str], trade: Json) -> Json:
    """Return a rule whose parts are those given, and for the others those that it has."""
    rest = cast("Json", trade.get(rule) or {})
    found = {part: given.get(part, rest.get(part)) for part in _PARTS[rule]}
    needed = _NEEDED[rule]
    if found[needed] in (None, NONE):
        raise ChangeError(
            f"a {rule} needs --{rule}-{needed}; --remove {rule} takes all of it away"
            if rest
            else f"there is no {rule} yet: --{rule}-{needed} is missing"
        )
    return {part: value for part, value in found.items() if value not in (None, NONE)}


def _distance(level: object, trade: Json) -> Decimal | None:
    """Return how far from the entry a level is, against the trade; None: it cannot be told."""
    entry = trade["entry_price"]
    match = _LEVEL.fullmatch(level) if isinstance(level, str) else None
    if match is None or not isinstance(entry, int | float):
        return None
    at, text, unit = match.groups()
    number, price = Decimal(text), Decimal(str(entry))
    if at:
        return price - number if trade["side"] == "LONG" else number - price
    return price * number / 100 if unit == "%" else number
