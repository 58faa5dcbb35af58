"""A refused order is followed by one that may be taken."""

import pytest

from tests.core.exit_stories import leaving
from tests.core.ladder_stories import climbing, prices
from tradebot.core.events import ExitAnswered
from tradebot.core.inputs import Acked, NotSent, Refused

MARKET = "Market orders are not allowed for this option"
BEYOND = "17070 : The Price is out of the current execution range"


def refused(story, *words):
    """Refuse every order that leaves, each with the next of these words, and let time pass."""
    for said in words:
        name = story.orders[-1].split()[0]
        story.reply(name, Refused(said)) >> "31s"
    return prices(story)


@pytest.mark.parametrize("said", [
    MARKET,
    "Markets are volatile: market orders for stock options are blocked",
    "Market orders without market protection are not allowed via API",
    "RMS: not permitted to place market order in this scrip",
    "Please try placing a limit order",
    BEYOND,
    "17070 : The Price is out of the LPP range",
    "Your order price is lower than the current lower circuit limit of 123.45",
    "RMS:Rule: Check circuit limit including square off order exceeds",
    "Order price is not within the price band",
    "Price is outside of the daily range",
])  # fmt: skip
def test_where_the_kind_of_order_is_refused_the_next_step_leaves_at_once(said):
    story = leaving_by_steps()
    story.reply("T1-x1", Refused(said)) >> "0s"
    assert prices(story) == [None, "794.50"]


@pytest.mark.parametrize("said", [
    "RMS: margin exceeds, required 100, available 3",
    "insufficient holdings",
    "market is closed",
    "quantity exceeds the freeze limit",
    "Please authorise the sale with your TPIN (e-DIS)",
])  # fmt: skip
def test_where_another_price_would_change_nothing_the_same_order_is_tried_again(said):
    assert refused(leaving_by_steps(), said, said) == [None, None, None]


def test_after_the_last_step_comes_the_first_as_the_last_may_lie_beyond_what_is_taken():
    assert refused(leaving_by_steps(), MARKET, *[BEYOND] * 3) == [
        *(None, "794.50", "770.65", "715.05", "794.50")
    ]


def test_kinds_that_are_all_refused_are_tried_in_rounds_with_a_pause_between_them():
    story, counts = leaving_by_steps(), []
    for _ in range(2):
        for _ in range(600):
            story.reply(story.orders[-1].split()[0], Refused(BEYOND)) >> "100ms"
        counts.append(len(story.orders))
    assert counts == [12, 20]  # rounds of four: after 10 seconds, and then after 30


def test_a_round_of_all_kinds_goes_on_at_once_whatever_was_in_vain_before_it():
    story = leaving_by_steps()
    assert refused(story, *["margin"] * 5, MARKET) == [*[None] * 6, "794.50"]
    for name in ("T1-x7", "T1-x8"):
        story.reply(name, Refused(BEYOND)) >> "0s"
    assert prices(story)[-2:] == ["770.65", "715.05"]


def test_what_was_in_vain_before_does_not_hold_up_the_first_order_of_another_kind():
    story = leaving_by_steps()
    assert refused(story, *["margin"] * 5) == [None] * 6
    story.reply("T1-x6", Refused(MARKET)) >> "0s"
    assert prices(story) == [*[None] * 6, "794.50"]


def test_a_rejection_without_a_word_is_followed_by_an_order_of_the_next_kind():
    """Two plugins of 36 say why: what is not said may be that it was at the market."""
    assert refused(leaving_by_steps(), *[""] * 5) == [
        *(None, "794.50", "770.65", "715.05", None, "794.50")
    ]


def test_what_was_not_sent_is_sent_again_as_it_was():
    story = leaving_by_steps().reply("T1-x1", NotSent(MARKET)) >> "1s"
    assert prices(story) == [None, None]


def test_without_a_ladder_there_is_no_other_kind():
    story = leaving().reply("T1-x1", Refused(MARKET)) >> "1s"
    assert prices(story) == [None, None]


@pytest.mark.parametrize(("said", "told"), [(MARKET, MARKET), ("", "order rejected")])
def test_an_order_that_is_rejected_after_it_was_taken_is_told_at_the_first_and_steps_on(said, told):
    story = climbing()
    rejected = story.report("T1-x1", "rejected", order_id="B1", message=said)
    story >> rejected >> rejected >> "1s"
    answers = [(one.outcome, one.message) for one in story.events(ExitAnswered)]
    assert answers == [("acked", "B1"), ("refused", told)]
    assert prices(story) == [None, "794.50"]


def test_an_order_that_somebody_cancels_is_sent_again_as_it_was():
    story = climbing()
    story >> story.report("T1-x1", "cancelled", order_id="B1") >> "1s"
    assert prices(story) == [None, None]
    assert story.events(ExitAnswered)[-1].message == "order cancelled"


def test_an_order_that_was_taken_and_waited_begins_the_count_of_refusals_anew():
    story = leaving_by_steps()
    for attempt in range(1, 12):
        name = f"T1-x{attempt}"
        if prices(story)[-1] in (None, "715.05"):
            story.reply(name, Refused(BEYOND)) >> "0s"
        else:
            story.reply(name, Acked(f"B{attempt}")) >> "2s"
            story >> story.report(name, "cancelled", order_id=f"B{attempt}")
    assert len(story.orders) == 12


def leaving_by_steps():
    """Return a story with a ladder, at the moment at which an exit at the market has left."""
    return climbing(is_acked=False)
