"""What a command line asks of a trade's rules, and whether it gives the trade more room."""

import argparse

import pytest

from tradebot.cli.rule_changes import (
    ChangeError,
    add_rule_arguments,
    change_of,
    loosened,
    reached,
    words,
)

TRADE = {
    "side": "LONG",
    "entry_price": 800,
    "ltp": 805.0,
    "stop": "1%",
    "target": "@830",
    "trail": {"by": "1%", "activation": "4pts", "step": "2pts"},
    "breakeven": {"at": "5pts", "lock": "1pts"},
}
BARE = {"side": "LONG", "entry_price": 800, "ltp": 805.0}


def asked(line, trade=TRADE):
    parser = argparse.ArgumentParser()
    add_rule_arguments(parser)
    return change_of(parser.parse_args(line.split()), trade)


@pytest.mark.parametrize(
    ("line", "change"),
    [
        ("--stop 2%", {"stop": "2%"}),
        ("--target @830", {"target": "@830"}),
        ("--target 2%:5", {"target": [{"at": "2%", "quantity": "5"}]}),
        (
            "--target 2%:5 --target @830",
            {"target": [{"at": "2%", "quantity": "5"}, {"at": "@830"}]},
        ),
        ("--trail-by 2%", {"trail": {"by": "2%", "activation": "4pts", "step": "2pts"}}),
        ("--trail-step none", {"trail": {"by": "1%", "activation": "4pts"}}),
        ("--breakeven-lock 0pts", {"breakeven": {"at": "5pts", "lock": "0pts"}}),
        ("--time-after 45m", {"time_exit": {"after": "45m"}}),
        ("--time-at 15:10", {"time_exit": {"at": "15:10"}}),
        ("--remove stop time", {"stop": None, "time_exit": None}),
        ("--remove stop --remove trail --stop 1% --target 2%", "stop is set and removed at once"),
        ("--trail-by none", "a trail needs --trail-by; --remove trail takes all of it away"),
        ("", "say what to change: --stop 1%, --target @830, --remove trail ..."),
    ],
)
def test_a_command_line_names_whole_rules(line, change):
    if isinstance(change, dict):
        assert asked(line) == change
    else:
        with pytest.raises(ChangeError, match=change):
            asked(line)


def test_a_part_of_a_rule_that_is_not_there_is_no_rule():
    with pytest.raises(ChangeError, match="there is no trail yet: --trail-by is missing"):
        asked("--trail-step 1%", BARE)
    assert asked("--trail-by 1%", BARE) == {"trail": {"by": "1%"}}


@pytest.mark.parametrize("line", ["--time-after 1m --time-at 15:10", "--remove profits"])
def test_what_cannot_be_meant_is_a_usage_error(line, capsys):
    with pytest.raises(SystemExit):
        asked(line)


@pytest.mark.parametrize(
    ("line", "warnings"),
    [
        ("--stop 0.5%", []),
        ("--stop @795", []),
        ("--stop 1.5%", ["the stop goes from 1% to 1.5%, away from the entry"]),
        ("--stop @791.9", ["the stop goes from 1% to @791.9, away from the entry"]),
        ("--stop 8.01pts", ["the stop goes from 1% to 8.01pts, away from the entry"]),
        ("--stop 5x", []),
        ("--remove stop", ["the stop 1% is removed"]),
        ("--remove target", []),
        (
            "--remove trail breakeven",
            [
                "the trail by 1%, activation 4pts, step 2pts is removed",
                "the breakeven at 5pts, lock 1pts is removed",
            ],
        ),
        ("--trail-by 7pts", []),
        ("--trail-by 9pts", ["the trail keeps 9pts instead of 1%"]),
        ("--trail-activation 5pts", ["the trail's activation goes from 4pts to 5pts"]),
        ("--trail-activation none --trail-step 1pts", []),
        ("--trail-step 3pts", ["the trail's step goes from 2pts to 3pts"]),
        ("--breakeven-at 6pts", ["the breakeven's at goes from 5pts to 6pts"]),
        ("--breakeven-lock none", ["the breakeven's lock goes from 1pts to 0pts"]),
        ("--breakeven-at 4pts --breakeven-lock 2pts", []),
        ("--time-after 1d", []),
    ],
)
def test_a_stop_that_loosens_is_noticed(line, warnings):
    assert list(loosened(TRADE, asked(line))) == warnings


def test_a_new_rule_loosens_nothing():
    change = asked("--stop 9% --trail-by 9% --breakeven-at 1%", BARE)
    assert list(loosened(BARE, change)) == []
    assert list(loosened(BARE, asked("--remove stop", BARE))) == []


def test_a_short_loosens_upwards():
    short = TRADE | {"side": "SHORT", "stop": "@808"}
    assert list(loosened(short, {"stop": "@807"})) == []
    assert len(list(loosened(short, {"stop": "@809"}))) == 1


def test_without_an_entry_only_a_removal_can_be_told():
    pending = TRADE | {"entry_price": None}
    assert list(loosened(pending, {"stop": "99%"})) == []
    assert list(loosened(pending, {"stop": None})) == ["the stop 1% is removed"]
    assert list(reached(pending, {"stop": "@900"})) == []


@pytest.mark.parametrize(
    ("side", "change", "warning"),
    [
        ("LONG", {"stop": "@805"}, "the LTP 805.0 is at the stop @805 already"),
        ("LONG", {"stop": "@804.95"}, None),
        ("LONG", {"target": "5pts"}, "the LTP 805.0 is at the target 5pts already"),
        ("LONG", {"target": "@805"}, "the LTP 805.0 is at the target @805 already"),
        ("LONG", {"target": "@805.05"}, None),
        ("SHORT", {"stop": "5pts"}, "the LTP 805.0 is at the stop 5pts already"),
        ("SHORT", {"stop": "@806"}, None),
        ("SHORT", {"target": "@806"}, "the LTP 805.0 is at the target @806 already"),
        ("SHORT", {"target": [{"at": "1%"}, {"at": "@790"}]}, None),
        ("LONG", {"target": None}, None),
    ],
)
def test_a_level_that_the_price_has_reached_is_noticed(side, change, warning):
    found = list(reached(BARE | {"side": side}, change))
    assert len(found) == (warning is not None)
    assert warning is None or found[0].startswith(warning)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (None, "–"),
        ("1%", "1%"),
        ({"by": "1%", "step": "2pts"}, "by 1%, step 2pts"),
        ([{"at": "2%", "quantity": "5"}, {"at": "4%"}], "5 at 2% and 4%"),
    ],
)
def test_a_rule_reads_as_it_is_written(rule, text):
    assert words(rule) == text
