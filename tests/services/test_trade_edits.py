"""Edits of rules: read whole or refused, and applied to what they name alone."""

from decimal import Decimal

import pytest

from tradebot.core.guard.trades import Side, Trade
from tradebot.core.words.rule_words import parse_rules, rules_json
from tradebot.errors import InputError
from tradebot.services.trade_edits import StaleVersionError, parse_edit

RULES = {
    "stop": "1%",
    "target": [{"at": "2%", "quantity": "4"}, {"at": "3%"}],
    "trail": {"by": "1%", "step": "2pts"},
    "breakeven": {"at": "5pts", "lock": "0pts"},
    "time_exit": {"after": "45m"},
}
TRADE = Trade(
    trade_id="T1",
    number=1,
    account="main",
    strategy="",
    exchange="NSE",
    symbol="SBIN",
    product="MIS",
    side=Side.LONG,
    quantity=Decimal(10),
    rules=parse_rules(RULES),
    created_at_ns=0,
    version=4,
)


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ({"stop": "2%"}, {"stop": "2%"}),
        ({"target": "@830"}, {"target": "@830"}),
        ({"trail": {"by": "3%"}}, {"trail": {"by": "3%"}}),
        ({"breakeven": {"at": "1%"}}, {"breakeven": {"at": "1%", "lock": "0pts"}}),
        ({"time_exit": {"at": "15:10"}}, {"time_exit": {"at": "15:10"}}),
        *(({key: None}, {key: None}) for key in RULES),
        (dict.fromkeys(RULES), dict.fromkeys(RULES)),
        (RULES, {}),
    ],
)
def test_what_an_edit_does_not_name_stays(words, changed):
    after = rules_json(parse_edit({"trade_id": "T1"} | words).applied_to(TRADE))
    wanted = {key: value for key, value in (RULES | changed).items() if value is not None}
    assert after == wanted


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"trade_id": "T1"}, "trade_id"),
        ({"stop": "1%"}, "trade_id"),
        ({"trade_id": None, "stop": "1%"}, "trade_id"),
        ({"trade_id": "T1", "sl": "1%"}, "sl"),
        ({"trade_id": "T1", "quantity": 5}, "quantity"),
        ({"trade_id": "T1", "stop": 1}, "stop"),
        ({"trade_id": "T1", "stop": "@0"}, "stop"),
        ({"trade_id": "T1", "target": []}, "target"),
        ({"trade_id": "T1", "trail": {}}, "trail.by"),
        ({"trade_id": "T1", "time_exit": {"after": "0s"}}, "time_exit.after"),
    ],
)
def test_an_edit_is_read_whole_or_refused(words, field):
    with pytest.raises(InputError) as caught:
        parse_edit(words)
    assert caught.value.field == field


def test_targets_are_no_more_than_the_trade():
    edit = parse_edit({"trade_id": "T1", "target": [{"at": "2%", "quantity": 11}]})
    with pytest.raises(InputError, match="target parts of 11 are more than the quantity 10"):
        edit.applied_to(TRADE)


@pytest.mark.parametrize(("seen", "told"), [((2, 1), "not 1 or 2"), ((), "not none that is ours")])
def test_a_stale_version_is_told_beside_the_present_one(seen, told):
    error = StaleVersionError(TRADE, seen)
    assert str(error) == f"trade T1 is at version 4, {told}"
    assert error.version == 4
