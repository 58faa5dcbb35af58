"""What the operator decides has defaults that guard."""

from decimal import Decimal

from tradebot.core.adoption.strategies import OnCorporateAction, Strategy
from tradebot.core.market.instruments import Kind
from tradebot.core.market.sessions import Session
from tradebot.core.policy import AdoptPolicy, Policy


def test_every_class_of_instruments_has_a_jump_that_is_suspect():
    assert Policy().spikes.keys() == set(Kind)
    assert Policy().spikes[Kind.OPTION] == Decimal("0.25")


def test_settings_are_not_shared_between_policies():
    assert Policy().spikes is not Policy().spikes
    assert Policy() == Policy()


def test_jumps_are_held_and_opposite_trades_refused_unless_somebody_says_so():
    assert Policy().holds_jumps
    assert not Policy().opposite_allowed


def test_sessions_are_told_in_the_time_of_the_inputs():
    nse = Session(open_minutes=60, close_minutes=120)
    assert Policy(sessions={"NSE": nse}).session("NSE") is nse
    assert Policy().session("NSE") == Session()
    behind = Policy(sessions={"NSE": nse}, skew_ns=1800 * 10**9)  # the wall shows half an hour more
    assert behind.session("NSE").window(0) == (1800 * 10**9, 5400 * 10**9)
    assert behind.session("other").clock_time(0, 60) == 1800 * 10**9


def test_a_corporate_action_pauses_the_trades_of_every_strategy_that_does_not_say_otherwise():
    strategies = (
        Strategy(name="swing"),
        Strategy(name="brave", on_corporate_action=OnCorporateAction.GAP),
    )
    told = Policy(adopt=AdoptPolicy(account="A1", strategies=strategies)).on_corporate_action
    assert [told(name) for name in ("swing", "brave", "other", "")] == [
        *("pause", "gap", "pause", "pause")
    ]
    assert Policy().on_corporate_action("swing") is OnCorporateAction.PAUSE
