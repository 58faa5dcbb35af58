"""The engine's policy says what the operator's file said."""

from decimal import Decimal

import msgspec
import pytest

from tradebot.app.policy import policy_of
from tradebot.config import load
from tradebot.config.settings import BrokerKind, Mode
from tradebot.core.adoption.strategies import strategy_of
from tradebot.core.guard.trades import PastStop
from tradebot.core.leaving.ladder import parse_rung
from tradebot.core.market.instruments import Kind, NetKey
from tradebot.core.policy import AdoptPolicy, Answer, ExitPolicy, ManualAdd, Persons

LADDER = tuple(parse_rung(text, "ladder") for text in ("touch", "touch+3%", "band"))


@pytest.fixture
def policy(tmp_path):
    def of(text: str = "", **environ: str):
        path = tmp_path / "config.toml"
        path.write_text(text)
        return policy_of(load(path, environ=environ).settings)

    return of


def test_percents_of_the_file_are_fractions_of_the_engine(policy):
    told = policy('[price.option]\nspike = "12.5%"\n[price.cash]\nspike = "2%"\n')
    assert told.spikes[Kind.OPTION] == Decimal("0.125")
    assert told.spikes[Kind.CASH] == Decimal("0.02")
    assert set(told.spikes) == set(Kind)


def test_silence_is_judged_after_the_time_that_is_set(policy):
    assert policy('[price]\nstale_after = "7s"\n').stale_after_ns == 7_000_000_000


def test_sessions_are_those_of_the_settings_and_cannot_change_under_the_engine(policy, tmp_path):
    (tmp_path / "none.toml").write_text("")
    settings = load(tmp_path / "none.toml").settings
    told = policy_of(settings)
    assert told.sessions == dict(settings.sessions)
    assert told.sessions is not settings.sessions


def test_books_are_compared_as_often_as_the_settings_say_or_never(policy):
    assert policy().reconcile_every_ns == 30_000_000_000
    assert policy('[exit]\nreconcile_every = "5s"\n').reconcile_every_ns == 5_000_000_000
    assert policy('[exit]\nreconcile_every = "0s"\n').reconcile_every_ns is None


def test_what_becomes_of_a_persons_orders_is_what_the_settings_say(policy):
    assert policy().exits.persons is Persons.ASK
    said = policy('[exit]\nresting_orders = { persons = "leave" }\n')
    assert said.exits.persons is Persons.LEAVE


@pytest.mark.parametrize(
    ("kind", "exits"),
    [
        (BrokerKind.PAPER, ExitPolicy(tagged=True, hold_ns=0)),
        (BrokerKind.BYBIT, ExitPolicy(tagged=True, hold_ns=10_000_000_000)),
        (
            BrokerKind.OPENALGO,
            ExitPolicy(tagged=False, pushes=False, hold_ns=120_000_000_000, ladder=LADDER),
        ),
    ],
)
def test_a_lost_request_is_held_for_as_long_as_it_can_live_at_its_broker(kind, exits):
    broker = msgspec.structs.replace(load(None).settings.broker, kind=kind)
    settings = msgspec.structs.replace(load(None).settings, mode=Mode.LIVE, broker=broker)
    assert policy_of(settings).exits == exits


def test_a_shadow_fills_on_paper_whatever_its_broker_is():
    broker = msgspec.structs.replace(load(None).settings.broker, kind=BrokerKind.OPENALGO)
    settings = msgspec.structs.replace(load(None).settings, mode=Mode.SHADOW, broker=broker)
    assert policy_of(settings).exits == ExitPolicy()


def test_paper_holds_nothing_whatever_the_file_says_of_real_brokers(policy):
    text = '[exit]\nhold_tagged = "9s"\nhold_plain = "9s"\nhold_smart = "9s"\n'
    assert policy(text).exits == ExitPolicy()


def test_a_shadow_guards_what_it_finds_where_the_settings_give_a_stop(policy):
    shadow = 'mode = "shadow"\nbroker = { kind = "openalgo", key = "env:X" }\n'
    assert policy(shadow).adopt == AdoptPolicy(account="PAPER-1")
    told = policy(shadow + 'shadow.stop = "2%"').adopt
    assert told is not None
    assert {told.existing, told.new, told.unseen} == {Answer.GUARD}
    assert (told.account, told.past_stop) == ("PAPER-1", PastStop.FROM_HERE)
    key = NetKey("PAPER-1", "NSE", "SBIN", "MIS")
    strategy = strategy_of(key, told.strategies)
    assert strategy is not None
    assert str(strategy.rules.stop) == "2%"


OWN = """[adopt]
existing = "ignore"
new = "guard"
manual_add = "ignore"
past_stop = "exit"
grace = "1m"
[strategies.day]
match = { product = "MIS" }
stop = "1%"
"""


def test_a_persons_own_words_are_in_a_shadow_what_they_are_live(policy):
    live = 'mode = "live"\naccount.id = "A1"\nbroker = { kind = "openalgo", key = "env:X" }\n'
    shadow = policy(live + OWN, TRADEBOT_MODE="shadow")
    assert shadow == msgspec.structs.replace(policy(live + OWN), exits=ExitPolicy())


def test_a_stop_of_the_shadow_answers_what_would_be_asked_and_nothing_else(policy):
    shadow = 'mode = "shadow"\nbroker = { kind = "openalgo", key = "env:X" }\nshadow.stop = "2%"\n'
    told = policy(shadow + OWN).adopt
    assert (told.existing, told.new, told.unseen) == (Answer.IGNORE, Answer.GUARD, Answer.GUARD)
    assert (told.manual_add, told.past_stop) == (ManualAdd.IGNORE, PastStop.EXIT)
    assert told.grace_ns == 60_000_000_000
    fits = [
        strategy_of(NetKey("PAPER-1", "NSE", "SBIN", product), told.strategies)
        for product in ("MIS", "CNC")
    ]
    assert [str(one.rules.stop) for one in fits if one] == ["1%", "2%"]


def test_nothing_is_guarded_unasked_where_orders_are_real(policy):
    live = 'mode = "live"\naccount.id = "A1"\nbroker = { kind = "openalgo", key = "env:X" }\n'
    assert policy(live + 'shadow.stop = "2%"').adopt == AdoptPolicy(account="A1")
    assert policy('shadow.stop = "2%"').adopt == AdoptPolicy(account="PAPER-1")


def test_positions_without_a_trade_are_looked_for_and_asked_about(policy):
    adopt = policy().adopt
    assert adopt == AdoptPolicy(account="PAPER-1")
    text = """[account]
id = "A1"
[adopt]
existing = "ignore"
new = "guard"
manual_add = "ignore"
past_stop = "exit"
grace = "1m"
[strategies.s]
match = {}
stop = "1%"
"""
    told = policy(text).adopt
    assert (told.account, told.existing, told.new) == ("A1", Answer.IGNORE, Answer.GUARD)
    assert (told.manual_add, told.past_stop) == (ManualAdd.IGNORE, PastStop.EXIT)
    assert told.grace_ns == 60_000_000_000
    assert [strategy.name for strategy in told.strategies] == ["s"]
