"""What the journal is given: the newest of each thing, every line, and best prices first."""

import pytest

from tests.core.leaving.test_exits import an_exit
from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.account.positions import Position
from tradebot.core.leaving.halt import Halt
from tradebot.core.records import ExitSaved, HaltSaved, HighReached, PositionSaved, TradeSaved
from tradebot.core.unsaved import Unsaved


def saved(trade):
    return TradeSaved(trade=trade, highs_seen=0)


def test_nothing_changed_is_nothing_to_write():
    unsaved = Unsaved()
    assert not unsaved
    assert unsaved.drain(saved) == []


def test_best_prices_come_first_and_then_trades_exits_nets_and_what_was_told():
    story = Playbook(a_trade(trail="9pts")) >> 801
    line, trade = story.book.lines["NSE:SBIN"], story.book.trades["T1"]
    story.engine.process(story.tick(805))
    unsaved = Unsaved()
    unsaved.lines.append(HaltSaved(halt=Halt()))
    unsaved.positions[KEY] = Position(key=KEY)
    unsaved.exits["T1", 1] = an_exit()
    unsaved.trades["T1"] = trade
    unsaved.moved[line] = None
    assert unsaved.drain(saved) == [
        HighReached(line="NSE:SBIN LONG last", number=2, price=805),
        TradeSaved(trade=trade, highs_seen=0),
        ExitSaved(exit=an_exit()),
        PositionSaved(position=Position(key=KEY)),
        HaltSaved(halt=Halt()),
    ]
    assert not unsaved
    assert unsaved.drain(saved) == []


@pytest.mark.parametrize(
    "changed",
    [
        lambda unsaved: unsaved.trades.update(T1=Playbook(a_trade()).book.trades["T1"]),
        lambda unsaved: unsaved.exits.update({("T1", 1): an_exit()}),
        lambda unsaved: unsaved.positions.update({KEY: Position(key=KEY)}),
        lambda unsaved: unsaved.moved.update({Playbook(a_trade()).book.lines["NSE:SBIN"]: None}),
        lambda unsaved: unsaved.lines.append(HaltSaved(halt=Halt())),
    ],
    ids=["a trade", "an exit", "a net", "best prices", "a line"],
)
def test_anything_that_changed_is_something_to_write(changed):
    unsaved = Unsaved()
    changed(unsaved)
    assert unsaved
