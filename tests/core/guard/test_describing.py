"""What an exchange says of an instrument: a guess gives way to it, what is guarded stays."""

from decimal import Decimal

import msgspec
import pytest

from tests.playbook import SBIN, Playbook, a_trade
from tradebot.core.checkpoint import checkpoint, engine_of
from tradebot.core.inputs import InstrumentsLoaded
from tradebot.core.intents import PlaceOrder
from tradebot.core.market.instrument_events import InstrumentChanged, InstrumentRefused


def described(tick="0.05", **sizes):
    """The same instrument with other sizes."""
    exact = {name: None if size is None else Decimal(size) for name, size in sizes.items()}
    return InstrumentsLoaded((msgspec.structs.replace(SBIN, tick_size=Decimal(tick), **exact),))


# Nobody had described it.


def test_levels_of_a_guess_move_on_to_the_true_ticks_once_these_are_known():
    story = Playbook(
        a_trade(stop="1.02pts", trail="1.03pts"), a_trade(trail="2pts"), instruments=()
    )
    story >> 800.5
    story.create(a_trade(order_id="E1", trail="1%"))
    assert story.book.levels["T1"].stop == Decimal("798.98")
    story >> described("0.05")
    assert story.book.levels["T1"].stop == 799
    assert story.trade().marks.best_price == 800.5
    assert story.events(InstrumentChanged) == []
    story.create(a_trade(trail="1pts"))  # would not join trades of another tick size
    assert story >> 799.5 << "trail @ 799.5" >> 799 << "trail @ 799"


def test_what_was_described_before_its_first_trade_is_what_that_stands_on():
    story = Playbook(instruments=()) >> described("1")
    assert story.create(a_trade(stop="1.5pts")).book.levels["T1"].stop == 799
    assert story.trade().tick_size == 1


def test_a_guess_is_no_news_for_another_guess():
    story = Playbook(a_trade(stop="5pts"), instruments=()) >> 800
    guess = story.book.instruments["NSE:SBIN"]
    story >> InstrumentsLoaded((msgspec.structs.replace(guess, price_low=Decimal(790)),))
    assert story.book.lines["NSE:SBIN"].grid is None
    assert story >> 780 << None  # no such price is possible today


def test_true_ticks_arm_nobody_who_is_not_to_be_judged():
    story = Playbook(
        a_trade(stop="@805", past_stop="ask"),
        a_trade(stop="5pts"),
        broker=False,
        instruments=(),
    )
    story.create(a_trade(order_id="E1", stop="1pts"))
    assert story >> 801 >> 796 >> 795 << "stop @ 795"
    story >> described("0.05")
    assert story >> 790 << None


# It is described anew while trades are guarded on it.


def test_levels_stay_when_the_exchange_changes_the_tick_size():
    story = Playbook(a_trade(stop="1.05pts", trail="1.05pts")) >> 800.5
    story >> described("0.5")
    assert story.book.levels["T1"].stop == Decimal("798.95")
    assert story >> 799.5 << None >> 799.45 << "trail @ 799.45"


def test_who_comes_later_stands_on_the_ticks_of_those_who_are_there():
    story = Playbook(a_trade(trail="1.05pts"), broker=False) >> 800.5
    story >> described("0.5")
    story.create(a_trade(trail="2.05pts", entry="800.5"))
    assert story.trade("T2").tick_size == Decimal("0.05")
    assert story >> 798.45 << ["trail @ 799.45", "trail @ 798.45"]


def test_when_all_have_left_the_next_trade_stands_on_the_new_ticks():
    story = Playbook(a_trade(stop="1pts")) >> described("0.5")
    assert story >> 799 << "stop @ 799" >> "1s"
    story.create(a_trade(stop="1.2pts"))
    assert story.book.levels["T2"].stop == 799


def test_a_change_is_told_once_with_what_it_was():
    story = Playbook(a_trade(stop="5pts"), a_trade(stop="6pts"))
    story >> described("0.1", lot_size="25", freeze_quantity="1800")
    story >> described("0.1", lot_size="25", freeze_quantity="1800")
    (told,) = story.events(InstrumentChanged)
    assert (told.instrument, told.trades) == ("NSE:SBIN", 2)
    assert (told.tick_size, told.tick_size_was) == (Decimal("0.1"), Decimal("0.05"))
    assert (told.lot_size, told.lot_size_was) == (25, 1)
    assert (told.freeze_quantity, told.freeze_quantity_was) == (1800, None)


@pytest.mark.parametrize("change", [{"lot_size": "2"}, {"freeze_quantity": "500"}])
def test_lots_and_slices_are_changes_too(change):
    story = Playbook(a_trade(stop="5pts")) >> described(**change)
    assert len(story.events(InstrumentChanged)) == 1


def test_what_nobody_guards_may_change_in_silence():
    assert (Playbook() >> described("0.1")).events(InstrumentChanged) == []
    story = Playbook(a_trade(stop="1pts")) >> 799 << "stop @ 799"
    assert (story >> "1s" >> described("0.1")).events(InstrumentChanged) == []


def test_orders_go_out_in_the_new_slices():
    story = Playbook(a_trade(stop="5pts", quantity="10"), broker=False)
    story.fill(None, "10", side="BUY", order_id="B1")
    story >> described(freeze_quantity="4") >> 795 << "stop @ 795"
    assert [order.quantity for order in story.wants(PlaceOrder)] == [4]


def test_a_new_band_alone_moves_no_level_and_is_no_change():
    story = Playbook(a_trade(stop="5pts")) >> 800
    before = story.book.levels["T1"]
    story >> InstrumentsLoaded((msgspec.structs.replace(SBIN, price_low=Decimal(798)),))
    assert story.book.levels["T1"] is before
    assert story >> 795 << None  # no such price is possible today
    story >> InstrumentsLoaded((SBIN,))
    assert story >> 795 << "stop @ 795"
    assert story.events(InstrumentChanged) == []


# A life later.


def test_the_ticks_of_levels_survive_a_kill_and_the_change_is_told_again():
    story = Playbook(a_trade(trail="5.05pts")) >> 806 >> described("0.5")
    story.instruments = ()  # whoever would describe it is not there at the start
    alive = story.trade()
    story = story.restarted()
    assert story.trade() == alive
    assert story.book.lines["NSE:SBIN"].grid == Decimal("0.05")
    story >> described("0.5")
    told = story.events(InstrumentChanged)[-1]
    assert (told.tick_size_was, told.lot_size_was) == (Decimal("0.05"), None)
    assert story >> 800.95 << "trail @ 800.95"


def test_a_change_between_two_lives_is_told_at_the_start_of_the_second():
    story = Playbook(a_trade(trail="5.05pts")) >> 806
    story.instruments = described("0.5").instruments
    story = story.restarted()
    (told,) = story.events(InstrumentChanged)
    assert (told.tick_size, told.tick_size_was) == (Decimal("0.5"), Decimal("0.05"))
    assert story >> 800.95 << "trail @ 800.95"


def test_the_same_ticks_after_a_kill_are_no_change():
    story = Playbook(a_trade(trail="5pts")) >> 806
    story.instruments = ()
    story = story.restarted() >> described("0.05", lot_size="3")
    assert story.events(InstrumentChanged) == []


def test_the_ticks_of_levels_are_in_a_checkpoint():
    story = Playbook(a_trade(stop="1.05pts")) >> 800 >> described("0.5")
    engine = engine_of(checkpoint(story.engine))
    assert engine.book.levels == story.book.levels
    assert engine.book.lines["NSE:SBIN"].grid == Decimal("0.05")


# Hostile descriptions.


@pytest.mark.parametrize(
    ("tick", "sizes"),
    [
        ("0", {}),
        ("-0.05", {}),
        ("NaN", {}),
        ("1e309", {}),
        ("1000", {}),  # more than its last price
        ("0.05", {"lot_size": "0"}),
        ("0.05", {"lot_size": "75", "freeze_quantity": "1"}),
        ("0.05", {"freeze_quantity": "NaN"}),
    ],
)
def test_what_cannot_be_true_is_named_and_replaces_nothing(tick, sizes):
    story = Playbook(a_trade(stop="5pts")) >> 800
    before = story.book.instruments["NSE:SBIN"]
    other = msgspec.structs.replace(SBIN, symbol="TCS")
    story >> InstrumentsLoaded((*described(tick, **sizes).instruments, other))
    (refused,) = story.events(InstrumentRefused)
    assert refused.instrument == "NSE:SBIN"
    assert story.book.instruments["NSE:SBIN"] is before
    assert story.book.lines["NSE:SBIN"].instrument is before
    assert "NSE:TCS" in story.book.instruments
    assert story >> 795 << "stop @ 795"


def test_a_list_that_leaves_the_freeze_quantity_out_takes_none_away():
    story = Playbook(a_trade(stop="5pts")) >> described(freeze_quantity="1800") >> described()
    assert story.book.instruments["NSE:SBIN"].freeze_quantity == 1800
    assert len(story.events(InstrumentChanged)) == 1
