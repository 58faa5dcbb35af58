"""The described bodies against those that are read and written."""

import re
import subprocess
import sys

import msgspec
import pytest

from tests.api.world import LONG, running
from tradebot.api import schema
from tradebot.core.inputs import OrderSide
from tradebot.core.words.levels import parse_level
from tradebot.core.words.rule_words import RULE_KEYS
from tradebot.core.words.trade_requests import _KEYS, TradeDefaults, parse_trade
from tradebot.errors import InputError

WHOLE = LONG | {
    "trail": {"by": "1%", "activation": "2pts", "step": "1pts"},
    "breakeven": {"at": "5pts", "lock": "0.1pts"},
    "time_exit": {"after": "45m"},
    "target": [{"at": "2%", "quantity": 4}, {"at": "3%"}],
    "tag": "x",
}


def keys_of(struct):
    return {field.encode_name for field in msgspec.structs.fields(struct)}


def test_what_a_trade_may_say_is_described_key_by_key():
    assert keys_of(schema.CreateTrade) - {"apikey"} == set(_KEYS)
    assert keys_of(schema.UpdateTrade) - {"apikey", "trade_id"} == set(RULE_KEYS)
    msgspec.convert(WHOLE, schema.CreateTrade)
    parse_trade(WHOLE, defaults=TradeDefaults(account="main", product="MIS"))


@pytest.mark.parametrize(
    "text", ["1%", "1.5%", "12.5pts", "@812.5", " 1% ", "1", "%", "-1%", "1 %", "@1%", "1.%", ""]
)
def test_a_level_is_described_as_it_is_read(text):
    try:
        parse_level(text, "stop")
    except InputError:
        assert not re.search(schema._LEVEL_PATTERN, text)
    else:
        assert re.search(schema._LEVEL_PATTERN, text)


async def test_trades_are_told_key_by_key_as_they_are_described():
    async with running() as world:
        await world.bought()
        await world.trades.create(WHOLE)
        await world.tick(805.0)
        (told,) = world.trades.active()[0]
        assert told.keys() == keys_of(schema.ActiveTrade)
        await world.trades.exit("T1")
        await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 805)
        (over,) = (await world.trades.history())[0]
        assert msgspec.json.decode(over).keys() == keys_of(schema.ClosedTrade)
        (told,) = world.trades.instruments()[0]
        assert told.keys() == keys_of(schema.Instrument)


def test_no_described_type_writes_past_its_memory():
    names = [name for name in vars(schema) if name[0].isupper() and name != "Struct"]
    types = [t for t in map(vars(schema).get, names) if isinstance(t, type)]
    wanted = ", ".join(f"schema.{t.__name__}" for t in types if issubclass(t, msgspec.Struct))
    program = (
        "import msgspec; from tradebot.api import schema\n"
        f"for _ in range(20): msgspec.json.schema_components([{wanted}])"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=50)
