"""What a quote's previous close makes of a gap: every case in the words of a trader.

Ours is 800 throughout; the numbers are the quote's previous close, the price, and our close of
the day before ours. What is done to a share lowers the close of the day before, and the price
begins near it; a broker's field that is a day behind says a price of that day.
"""

import pytest

from tradebot.core.guard.previous_closes import Verdict, are_apart, verdict

OURS = 800.0
GAP, ACTION, UNSURE = Verdict.GAP, Verdict.ACTION, Verdict.UNSURE

CASES = [
    # what happened, prev_close, price, our earlier close, what a trader wants
    ("a split of 1 to 2", 400.0, 402.0, None, ACTION),
    ("the same, of a share that was seen for two days", 400.0, 402.0, 790.0, ACTION),
    ("a split of 1 to 10", 80.0, 81.0, None, ACTION),
    ("a split of 1 to 2, and a real fall of 10 %", 400.0, 360.0, None, ACTION),
    ("a bonus of 1 for 2", 533.35, 541.0, None, ACTION),
    ("a bonus of 1 for 4, at a close that is not our last price", 645.0, 640.0, None, ACTION),
    ("a bonus of 1 for 5: a day can do that too", 666.65, 670.0, None, UNSURE),
    ("the same, of a share that was seen for two days", 666.65, 670.0, 790.0, ACTION),
    ("a dividend of 60", 740.0, 735.0, None, UNSURE),
    ("the same, of a share that was seen for two days", 740.0, 735.0, 805.0, ACTION),
    ("the same, and a real fall of 6 %", 740.0, 695.0, 805.0, ACTION),
    ("a dividend of 20: no gap that a close must explain", 780.0, 740.0, None, GAP),
    ("the same, and a price near it", 780.0, 765.0, None, GAP),
    ("rights of 1 for 3 at half the price", 700.0, 705.0, 810.0, ACTION),
    ("a demerger of two fifths", 480.0, 470.0, 795.0, ACTION),
    ("a consolidation of 10 to 1", 8000.0, 8100.0, None, ACTION),
    ("a consolidation of 3 to 2", 1200.0, 1190.0, 805.0, ACTION),
    ("a real gap, and the right close", 801.5, 740.0, None, GAP),
    ("a real gap up, and the right close", 799.0, 870.0, None, GAP),
    ("a crash of half, and the right close", 800.0, 400.0, None, GAP),
    ("a real gap, and the close of the day before, which we have seen", 740.0, 745.0, 742.0, GAP),
    ("the same, to just the price at which we saw it", 740.0, 738.0, 733.0, GAP),
    ("the same, after a day of 25 %", 640.0, 645.0, 640.0, GAP),
    ("the same, and nobody has seen that close", 740.0, 745.0, None, UNSURE),
    ("the same, and the price is far from it", 740.0, 705.0, None, GAP),
    ("the same, on the other side", 740.0, 772.0, None, GAP),
    ("a real gap up after a fall, and the close of the day before", 870.0, 860.0, None, GAP),
    ("the same, after a fall of 20 %", 1000.0, 990.0, None, GAP),
    ("the same, of a share that was seen for two days", 870.0, 860.0, 872.0, GAP),
    ("a gap up, and a close that explains a fall", 740.0, 850.0, None, GAP),
    ("an instrument without a close", None, 740.0, None, GAP),
    ("a field with nothing in it, and a real fall by two thirds", 0.0, 270.0, None, GAP),
    ("a field with no price in it, and the same", -1.0, 270.0, None, GAP),
    ("a broker that fills the field with the price", 740.0, 740.0, None, GAP),
    ("a close as far from the price as ours", 700.0, 750.0, 790.0, GAP),
]  # fmt: skip


@pytest.mark.parametrize(
    ("prev_close", "price", "earlier", "wanted"),
    [case[1:] for case in CASES],
    ids=[f"{number} {case[0]}" for number, case in enumerate(CASES)],
)
def test_each_case_comes_out_as_a_trader_wants_it(prev_close, price, earlier, wanted):
    assert verdict(OURS, prev_close, price, earlier) is wanted


@pytest.mark.parametrize(
    ("prev_close", "wanted"), [(652.0, ACTION), (655.0, UNSURE), (1019.0, GAP), (1021.0, ACTION)]
)
def test_what_no_day_can_do_is_an_action(prev_close, wanted):
    assert verdict(OURS, prev_close, prev_close + 1, None) is wanted


def test_the_bounds_of_what_is_near_are_near():
    assert not are_apart(832.0, OURS)
    assert are_apart(832.05, OURS)
    assert verdict(OURS, 768.0, 700.0, None) is GAP
    assert verdict(OURS, 740.0, 745.0, 747.0) is GAP
    assert verdict(OURS, 740.0, 745.0, 748.0) is ACTION
    assert verdict(OURS, 750.0, 720.0, None) is UNSURE
    assert verdict(OURS, 750.0, 719.95, None) is GAP
