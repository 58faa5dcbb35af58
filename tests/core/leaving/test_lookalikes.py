"""Which order of the broker's is taken for a request without an answer."""

from decimal import Decimal

import msgspec
import pytest

from tests.core.exit_stories import PLAIN, book_of, holding, leave, nameless, state_of, told
from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.inputs import Acked, BookReply, HaltTrading, OrderSide, PolicyChanged, Unknown
from tradebot.core.intents import ReadBook
from tradebot.core.leaving.exit import State
from tradebot.core.leaving.halt import Form

SECOND_NS = 1_000_000_000


def test_an_order_that_was_told_of_before_the_answer_was_lost_is_found_at_once():
    story = told(nameless(), "open")
    story.reply("T1-x1", Unknown("timeout"))
    assert state_of(story) is State.WORKING
    assert story.wants(ReadBook) == []


@pytest.mark.parametrize(
    "other",
    [
        {"quantity": Decimal(9)},
        {"side": OrderSide.BUY},
        {"key": KEY._replace(symbol="TCS")},
    ],
)
def test_only_an_order_just_like_it_is_taken_for_a_request(other):
    story = told(nameless(), "open", **other)
    story.reply("T1-x1", Unknown("timeout"))
    assert state_of(story) is State.UNKNOWN


def test_an_order_that_was_there_before_is_not_taken_for_a_request():
    story = Playbook(policy=PLAIN, broker=False).fill(None, "20", side="BUY", order_id="E1")
    story.create(a_trade(stop="5pts"))
    story >> story.report(None, "open", order_id="B3") >> 795
    story.fill(None, "1", order_id="B4")  # of a size that nobody has told yet
    story.reply("T1-x1", Unknown("timeout")) >> book_of(story, "B3 open 0")
    assert state_of(story) is State.UNKNOWN


def test_an_order_of_another_exit_or_an_entry_is_not_taken_for_a_request():
    story = nameless(a_trade(stop="5pts"), a_trade(stop="5pts"))
    story.process(PolicyChanged(msgspec.structs.replace(PLAIN, opposite_allowed=True)))
    story.create(a_trade(order_id="B9", side="SHORT", stop="5pts"))
    story.reply("T1-x1", Acked("B7"))
    story >> story.report(None, "open", order_id="B9")
    story.reply("T2-x1", Unknown("timeout")) >> book_of(story, "B7 open 0", "B9 open 0")
    assert state_of(story, "T2") is State.UNKNOWN


def in_doubt():
    """Ten of twenty units are being left, and the request has no answer."""
    return nameless().reply("T1-x1", Unknown("timeout"))


def dated(story, before_s, **words):
    """Read an order book with an order just like the request's, from so long before it left."""
    row = story.report(None, "complete", filled="10", order_id="B3", **words)
    row = msgspec.structs.replace(
        row, at_ns=story.book.exits["T1"][1].sent_at_ns - round(before_s * SECOND_NS)
    )
    entry = story.report(None, "complete", "20", order_id="E1", side=OrderSide.BUY)
    story.process(BookReply(orders=(entry, row), at_ns=story.now_ns))
    return story


@pytest.mark.parametrize("before_s", [-30, 0, 0.9, 1])
def test_an_order_that_came_as_a_request_left_or_later_is_taken_for_it(before_s):
    assert state_of(dated(in_doubt(), before_s)) is State.WORKING


@pytest.mark.parametrize("before_s", [1.1, 4.9, 5])
def test_one_that_seems_to_have_been_there_is_taken_for_it_when_no_request_lives_any_more(before_s):
    story = dated(in_doubt(), before_s)
    assert state_of(story) is State.UNKNOWN
    story >> "59s"
    for _ in range(2):
        assert state_of(dated(story, before_s)) is State.UNKNOWN
        story >> "1s"
    dated(story, before_s)
    assert state_of(story) is State.WORKING
    assert story.book.exits["T1"][1].order_id == "B3"


@pytest.mark.parametrize("before_s", [5.1, 3_600])
def test_an_order_from_long_before_is_never_taken_for_a_request(before_s):
    story = dated(in_doubt(), before_s) >> "61s"
    for _ in range(2):
        dated(story, before_s)
    assert state_of(story) is State.RETRY_WAIT


def test_while_somebody_else_may_have_left_just_before_nothing_leaves_beside_a_request():
    story = nameless(a_trade(stop="5pts"), a_trade())
    story.reply("T1-x1", Unknown("timeout"))
    story.fill(None, "10", order_id="B3")  # somebody has left just as much by hand
    dated(story, 2)
    leave(story, "T2") >> "30s"
    assert story.orders == ["T1-x1 SELL 10"]


def test_an_order_that_died_unfilled_is_not_taken_for_a_request_that_may_live():
    story = nameless().reply("T1-x1", Unknown("timeout")) >> "1s"
    story >> book_of(story, "B3 cancelled 0")
    assert state_of(story) is State.UNKNOWN
    story >> book_of(story, "B3 cancelled 0", "B7 open 0")
    assert story.book.exits["T1"][1].order_id == "B7"


def test_a_limit_to_which_ours_cannot_be_compared_waits_until_no_request_lives_any_more():
    story = holding(10, policy=PLAIN)
    story.process(HaltTrading(form=Form.FLATTEN, why="out", at_ns=story.now_ns))
    story.reply("T1-x1", Unknown("timeout"))
    entry = story.report(None, "complete", "10", order_id="E", side=OrderSide.BUY)
    ours = story.report(None, "open", order_id="B1", price=Decimal(830))
    for pause in ("0s", "61s"):
        story >> pause
        story.process(BookReply(orders=(entry, ours), at_ns=story.now_ns))
        assert state_of(story) is State.UNKNOWN
    story.process(BookReply(orders=(entry, ours), at_ns=story.now_ns))
    assert state_of(story) is State.WORKING


def test_a_stop_of_a_person_is_no_request_in_doubt_of_ours():
    story = holding(10, policy=PLAIN) >> 795
    story.reply("T1-x1", Unknown("timeout"))
    entry = story.report(None, "complete", "10", order_id="E", side=OrderSide.BUY)
    rows = [story.report(None, "open", order_id=name, **words) for name, words in (
        ("P1", {"trigger": Decimal(790)}), ("P2", {"price": Decimal(830)}),
    )]  # fmt: skip
    story.process(BookReply(orders=(entry, *rows), at_ns=story.now_ns))
    assert state_of(story) is State.UNKNOWN
    ours = story.report(None, "open", order_id="B1", price=Decimal(793))
    story.process(BookReply(orders=(entry, *rows, ours), at_ns=story.now_ns))
    assert state_of(story) is State.WORKING
