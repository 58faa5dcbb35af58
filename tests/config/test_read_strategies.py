"""The table of strategies is read strategy by strategy, in the order of the file."""

import pytest

from tests.playbook import rules
from tradebot.config import BadSettingsError, changed
from tradebot.config.read_strategies import strategy_words
from tradebot.core.adoption.strategies import Match, OnCorporateAction, Strategy
from tradebot.core.words.rule_words import parse_rules

SWING = """\
[strategies.swing]
match = { exchange = "NSE", product = "CNC" }
stop = "6%"
trail = { by = "8%", activation = "4%", step = "1%" }
"""


def test_a_strategy_is_read(loaded):
    result = loaded(SWING)
    (swing,) = result.settings.strategies
    words = {"stop": "6%", "trail": {"by": "8%", "activation": "4%", "step": "1%"}}
    assert swing == Strategy(
        name="swing", match=Match(exchange="NSE", product="CNC"), rules=parse_rules(words)
    )
    assert result.origins["strategies.swing"].endswith("config.toml:1")
    match = {"exchange": "NSE", "product": "CNC"}
    assert strategy_words(swing) == {"match": match, **words, "on_corporate_action": "pause"}


def test_a_strategy_says_what_a_corporate_action_does_and_words_say_it_always(loaded):
    (swing,) = loaded(SWING + 'on_corporate_action = "gap"\n').settings.strategies
    assert swing.on_corporate_action is OnCorporateAction.GAP
    assert strategy_words(swing)["on_corporate_action"] == "gap"
    (change,) = changed(
        loaded(SWING).settings,
        loaded(SWING + 'on_corporate_action = "gap"\n').settings,
    )
    assert (change.key, change.live) == ("strategies.swing", True)


def test_their_order_is_that_of_the_file_and_a_name_may_be_any_text(loaded):
    text = '[strategies]\n"b c" = { stop = "1%" }\na = { match = { symbol = "NIFTY*[CP]E" } }\n'
    first, second = loaded(text).settings.strategies
    assert (first.name, first.match, first.rules) == ("b c", None, rules(stop="1%"))
    assert second == Strategy(name="a", match=Match(symbol="NIFTY*[CP]E"))
    pause = {"on_corporate_action": "pause"}
    assert strategy_words(first) == {"stop": "1%"} | pause
    assert strategy_words(Strategy(name="all", match=Match())) == {"match": {}} | pause


def test_a_strategy_that_changed_takes_effect_without_a_restart(loaded):
    (change,) = changed(loaded("").settings, loaded(SWING).settings)
    assert (change.key, change.old, change.live) == ("strategies.swing", None, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("strategies.s = 1", "1: strategies.s = 1: must be a table, [strategies.s]"),
        ('[strategies.""]', "1: strategies = '': must be 1 to 64"),
        ('[strategies.s]\nsl = "1%"', "2: strategies.s.sl = '1%': no such key; "),
        (
            '[strategies.s]\non_corporate_acton = "gap"',
            "on_corporate_acton = 'gap': no such key; did you mean \"on_corporate_action\"?",
        ),
        (
            '[strategies.s]\non_corporate_action = "paus"',
            "2: strategies.s.on_corporate_action = 'paus' is not known; did you mean \"pause\"?",
        ),
        ("[strategies.s]\nstop = 1", "2: strategies.s.stop = 1 is not a level"),
        (
            '[strategies.s]\ntrail = { by = "1%", sep = "2%" }',
            "2: strategies.s.trail.sep",
        ),
        ("[strategies.s]\nmatch = 1", "2: strategies.s.match = 1: must be a table like"),
        (
            '[strategies.s]\nmatch = { symbl = "A" }',
            "2: strategies.s.match.symbl = 'A': no such key; did you mean \"symbol\"?",
        ),
        ('[strategies.s]\nmatch = { symbol = "" }', "2: strategies.s.match.symbol = '': must be"),
    ],
)
def test_a_mistake_is_named_with_its_line(text, says, loaded):
    with pytest.raises(BadSettingsError) as caught:
        loaded(text)
    (problem,) = caught.value.problems
    assert says in str(problem)


def test_the_mistakes_of_all_strategies_are_told_at_once_and_no_more_than_these(loaded):
    text = '[adopt]\nnew = "guard"\n[strategies.a]\nstop = 1\nx = 3\n[strategies.b]\nmatch = 5\n'
    with pytest.raises(BadSettingsError) as caught:
        loaded(text)
    assert len(caught.value.problems) == 3
