"""Rules in JSON words are read exactly, refused by name, and written in the same words."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.guard.trades import Breakeven, Rules, TargetPart, TimeExit, Trail
from tradebot.core.words.levels import Level, Unit, parse_clock_minutes, parse_duration_ns
from tradebot.core.words.rule_words import (
    TARGET_PARTS_MAX,
    TIME_EXIT_NS_MAX,
    clock_text,
    duration_text,
    parse_rules,
    rules_json,
)
from tradebot.errors import InputError

ALL = {
    "stop": "1.5%",
    "target": [{"at": "2%", "quantity": "50"}, {"at": "@830"}],
    "trail": {"by": "1%", "activation": "4pts", "step": "2pts"},
    "breakeven": {"at": "5pts", "lock": "0.1pts"},
    "time_exit": {"after": "45m"},
}


def percent(value):
    return Level(Unit.PERCENT, Decimal(value))


def points(value):
    return Level(Unit.POINTS, Decimal(value))


def price(value):
    return Level(Unit.PRICE, Decimal(value))


def test_every_rule_is_read():
    assert parse_rules(ALL, quantity=Decimal(75)) == Rules(
        stop=percent("1.5"),
        targets=(
            TargetPart(at=percent(2), quantity=Decimal(50)),
            TargetPart(at=price(830)),
        ),
        trail=Trail(by=percent(1), activation=points(4), step=points(2)),
        breakeven=Breakeven(at=points(5), lock=points("0.1")),
        time_exit=TimeExit(after_ns=45 * 60 * 10**9),
    )
    assert rules_json(parse_rules(ALL)) == ALL


@pytest.mark.parametrize("nothing", [{}, {"stop": None, "target": None, "trail": None}])
def test_no_rule_is_a_set_of_rules_too(nothing):
    assert parse_rules(nothing) == Rules()
    assert rules_json(Rules()) == {}


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        ({"stop": "@812.5"}, Rules(stop=price("812.5"))),
        ({"stop": "0%"}, Rules(stop=percent(0))),  # at the entry
        ({"target": "@830"}, Rules(targets=(TargetPart(at=price(830)),))),
        ({"trail": {"by": "2pts"}}, Rules(trail=Trail(by=points(2)))),
        ({"breakeven": {"at": "1%"}}, Rules(breakeven=Breakeven(at=percent(1), lock=points(0)))),
        ({"time_exit": {"at": "15:10"}}, Rules(time_exit=TimeExit(at_minutes=910))),
    ],
)
def test_a_single_rule_is_read(words, rules):
    assert parse_rules(words) == rules
    assert parse_rules(rules_json(rules)) == rules


@pytest.mark.parametrize(
    ("words", "field", "says"),
    [
        ([], "rules", "rules = [...]: must be an object with stop, target"),
        ({"sl": "1%"}, "sl", 'did you mean "stop"?'),
        ({"stoploss": "1%"}, "stoploss", 'did you mean "stop"?'),
        ({"tgt": "1%"}, "tgt", 'did you mean "target"?'),
        ({"tp": "1%"}, "tp", 'did you mean "target"?'),
        ({"tsl": "1%"}, "tsl", 'did you mean "trail"?'),
        ({"qty": 1}, "qty", "allowed: stop, target, trail, breakeven, time_exit"),
        ({"stop": 2}, "stop", 'write "1.5%" (percent), "12.5pts"'),
        ({"stop": "2"}, "stop", "stop = '2' is not a level"),
        ({"stop": "@0"}, "stop", "stop = '@0': must be a price above 0"),
        ({"stop": "9" * 1000}, "stop", "is not a level"),
        ({"stop": 10**5000}, "stop", "is not a level"),
        ({"stop": [[["1%"]]]}, "stop", "stop = [...] is not a level"),
        ({"target": "@0"}, "target", "must be a price above 0"),
        ({"target": 5}, "target", "target = 5 is not a level"),
        ({"target": {}}, "target", "target = {...} is not a level"),
        ({"target": []}, "target", "target has 0 parts: 1 to 20 can be"),
        ({"target": [{"at": "1%", "quantity": 1}] * 21}, "target", "target has 21 parts"),
        ({"target": ["1%"]}, "target[0]", "must be an object with at, quantity"),
        ({"target": [{"quantity": 1}]}, "target[0].at", "target[0].at is missing"),
        ({"target": [{"at": "1%", "qty": 1}]}, "target[0].qty", 'did you mean "quantity"?'),
        ({"target": [{"at": "1%", "quantity": 0}]}, "target[0].quantity", "a number above 0"),
        ({"target": [{"at": "1%"}, {"at": "2%"}]}, "target[0].quantity", "only the last part"),
        ({"trail": "1%"}, "trail", "must be an object with by, activation, step"),
        ({"trail": {}}, "trail.by", "trail.by is missing"),
        ({"trail": {"by": "0%"}}, "trail.by", "must be above 0"),
        ({"trail": {"by": "@5"}}, "trail.by", 'write "1.5%" (percent) or "12.5pts"'),
        ({"trail": {"by": "1%", "step": "0pts"}}, "trail.step", "must be above 0"),
        ({"trail": {"by": "1%", "activation": "@9"}}, "trail.activation", "is not a level"),
        ({"trail": {"by": "1%", "stap": "1%"}}, "trail.stap", 'did you mean "step"?'),
        ({"breakeven": {"lock": "1%"}}, "breakeven.at", "breakeven.at is missing"),
        ({"breakeven": {"at": "0%"}}, "breakeven.at", "must be above 0"),
        ({"breakeven": {"at": "@9"}}, "breakeven.at", "is not a level"),
        ({"breakeven": {"at": "1%", "lock": "@9"}}, "breakeven.lock", "is not a level"),
        ({"time_exit": {}}, "time_exit", "wants one of"),
        ({"time_exit": {"after": "1m", "at": "15:10"}}, "time_exit", "wants one of"),
        ({"time_exit": "45m"}, "time_exit", "must be an object with after, at"),
        ({"time_exit": {"at": "25:00"}}, "time_exit.at", "is not a time of day"),
        ({"time_exit": {"after": 45}}, "time_exit.after", "is not a duration"),
        ({"time_exit": {"after": "0s"}}, "time_exit.after", "above 0 and at most 3650d"),
        ({"time_exit": {"after": "3651d"}}, "time_exit.after", "above 0 and at most 3650d"),
    ],
)
def test_a_mistake_is_refused_with_key_value_and_what_is_allowed(words, field, says):
    with pytest.raises(InputError) as caught:
        parse_rules(words)
    assert caught.value.field == field
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("quantities", "of", "says"),
    [
        (["50", "50"], "100", None),
        (["50", None], "51", None),
        (["50", "50.1"], "100", "target parts of 100.1 are more than the quantity 100"),
        (["50", "50", None], "100", "target parts of 100 leave nothing for the last one"),
        (["1e15", "0.00000000000001"], "1000000000000000", "are more than the quantity"),
        (["50", "500"], None, None),
    ],
)
def test_the_parts_of_a_target_never_exceed_the_quantity(quantities, of, says):
    parts = [
        {"at": "1%"} if quantity is None else {"at": "1%", "quantity": Decimal(quantity)}
        for quantity in quantities
    ]
    quantity = None if of is None else Decimal(of)
    if says is None:
        assert len(parse_rules({"target": parts}, quantity=quantity).targets) == len(parts)
    else:
        with pytest.raises(InputError, match=says):
            parse_rules({"target": parts}, quantity=quantity)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (86_400 * 10**9, "1d"),
        (90 * 60 * 10**9, "90m"),
        (2 * 3600 * 10**9, "2h"),
        (45 * 10**9, "45s"),
        (1_500 * 10**6, "1500ms"),
        (10**15 + 10**6, "1000000.001s"),
        (1, "0.000000001s"),
    ],
)
def test_a_duration_is_written_in_its_largest_whole_unit(ns, text):
    assert duration_text(ns) == text


@given(st.integers(min_value=1, max_value=TIME_EXIT_NS_MAX))
def test_a_duration_reads_back(ns):
    assert parse_duration_ns(duration_text(ns), "after") == ns


@given(st.integers(min_value=0, max_value=1439))
def test_a_time_of_day_reads_back(minutes):
    assert parse_clock_minutes(clock_text(minutes), "at") == minutes


numbers = st.decimals(min_value="0.01", max_value="999999", places=2)
distances = st.builds(Level, st.sampled_from([Unit.PERCENT, Unit.POINTS]), numbers)
levels = st.builds(Level, st.sampled_from(Unit), numbers)
rule_sets = st.builds(
    Rules,
    stop=st.none() | levels,
    targets=st.lists(
        st.builds(TargetPart, at=levels, quantity=numbers), max_size=TARGET_PARTS_MAX - 1
    ).flatmap(
        lambda parts: st.sampled_from(
            [tuple(parts), (*parts, TargetPart(at=price(1)))] if parts else [()]
        )
    )
    | st.builds(lambda at: (TargetPart(at=at),), levels),
    trail=st.none()
    | st.builds(Trail, by=distances, activation=st.none() | distances, step=st.none() | distances),
    breakeven=st.none() | st.builds(Breakeven, at=distances, lock=distances),
    time_exit=st.none()
    | st.builds(TimeExit, after_ns=st.integers(1, TIME_EXIT_NS_MAX))
    | st.builds(TimeExit, at_minutes=st.integers(0, 1439)),
)


@given(rule_sets)
def test_rules_read_back_from_the_words_they_are_written_in(rules):
    assert parse_rules(rules_json(rules)) == rules
