"""Which fields each endpoint takes; anything else in a request is refused."""

import math
from collections.abc import Callable, Mapping

import msgspec

Body = dict[str, object]
Check = Callable[[object], object]  # returns the value as it is used, or raises ValueError


class Invalid(Exception):
    """The fields that are wrong, each with what is wrong about it."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(str(errors))
        self.errors = errors


class Field(msgspec.Struct, frozen=True):
    """One field: how its value is read, and what it is when left out."""

    check: Check
    default: object = ...  # none: it must be there


def text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("Not a valid string.")
    return value


def number(value: object) -> float:
    """Read a number, written as one or as text."""
    try:
        read = float(value) if isinstance(value, int | float | str) else math.nan
    except ValueError:
        read = math.nan
    if not math.isfinite(read) or isinstance(value, bool):
        raise ValueError("Not a valid number.")
    return read


def at_least_0(value: object) -> float:
    if number(value) < 0:
        raise ValueError("Must be greater than or equal to 0.")
    return number(value)


def above_0(value: object) -> float:
    if number(value) <= 0:
        raise ValueError("Must be greater than 0.")
    return number(value)


def flag(value: object) -> bool:
    if value is not True and value is not False:
        raise ValueError("Not a valid boolean.")
    return value


def one_of(*words: str) -> Check:
    def check(value: object) -> str:
        if value not in words:
            raise ValueError(f"Must be one of: {', '.join(words)}.")
        return str(value)

    return check


def some(value: object) -> list[Body]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("Not a valid list.")
    if not value:
        raise ValueError("Shorter than minimum length 1.")
    return value


WANTED = Field(text)
STRATEGY = {"strategy": WANTED}
NAMED = {"symbol": WANTED, "exchange": WANTED}
ACTION = one_of("BUY", "SELL")
PRODUCT = one_of("MIS", "NRML", "CNC")
PRICETYPE = one_of("MARKET", "LIMIT", "SL", "SL-M")
ORDER = NAMED | {
    "action": Field(ACTION),
    "product": Field(PRODUCT, "MIS"),
    "pricetype": Field(PRICETYPE, "MARKET"),
    "price": Field(at_least_0, 0.0),
    "trigger_price": Field(at_least_0, 0.0),
    "disclosed_quantity": Field(at_least_0, 0.0),
}
MODIFIED = NAMED | {
    "orderid": WANTED,
    "action": Field(ACTION),
    "product": Field(PRODUCT),
    "pricetype": Field(PRICETYPE),
    "price": Field(at_least_0),
    "quantity": Field(above_0),
    "disclosed_quantity": Field(at_least_0),
    "trigger_price": Field(at_least_0),
}
GTT = NAMED | {
    "action": Field(ACTION),
    "product": Field(one_of("NRML", "CNC")),
    "quantity": Field(above_0),
    "pricetype": Field(one_of("LIMIT", "MARKET"), "LIMIT"),
    "price": Field(at_least_0, 0.0),
    "trigger_type": Field(one_of("SINGLE", "OCO")),
    "triggerprice_sl": Field(at_least_0, 0.0),
    "triggerprice_tg": Field(at_least_0, 0.0),
    "stoploss": Field(at_least_0, 0.0),
    "target": Field(at_least_0, 0.0),
}
FIELDS: dict[str, dict[str, Field]] = {
    "placeorder": STRATEGY | ORDER | {"quantity": Field(above_0)},
    "placesmartorder": STRATEGY
    | ORDER
    | {"quantity": Field(at_least_0), "position_size": Field(number)},
    "modifyorder": STRATEGY | MODIFIED,
    "cancelorder": STRATEGY | {"orderid": WANTED},
    "cancelallorder": STRATEGY,
    "closeposition": STRATEGY,
    "basketorder": STRATEGY | {"orders": Field(some)},
    "splitorder": STRATEGY | ORDER | {"quantity": Field(above_0), "splitsize": Field(above_0)},
    "placegttorder": STRATEGY | GTT,
    "modifygttorder": STRATEGY | GTT | {"trigger_id": WANTED},
    "cancelgttorder": STRATEGY | {"trigger_id": WANTED},
    "gttorderbook": {},
    "orderstatus": STRATEGY | {"orderid": WANTED},
    "orderbook": {},
    "tradebook": {},
    "positionbook": {},
    "openposition": STRATEGY | NAMED | {"product": Field(PRODUCT)},
    "holdings": {},
    "funds": {},
    "margin": {"positions": Field(some)},
    "quotes": NAMED,
    "multiquotes": {"symbols": Field(some)},
    "depth": NAMED,
    "symbol": NAMED,
    "search": {"query": WANTED, "exchange": Field(text, "")},
    "market/timings": {"date": WANTED},
    "market/holidays": {"year": Field(number)},
    "ping": {},
    "analyzer": {},
    "analyzer/toggle": {"mode": Field(flag)},
}


def checked(body: Mapping[str, object], fields: Mapping[str, Field]) -> Body:
    """Return the values as they are used, defaults put in.

    Raises:
        Invalid: a field is unknown, missing or not what it must be.
    """
    errors = {name: ["Unknown field."] for name in body if name not in fields}
    values: Body = {}
    for name, field in fields.items():
        if name not in body:
            if field.default is ...:
                errors[name] = ["Missing data for required field."]
            values[name] = field.default
            continue
        try:
            values[name] = field.check(body[name])
        except ValueError as error:
            errors[name] = [str(error)]
    if errors:
        raise Invalid(errors)
    return values
