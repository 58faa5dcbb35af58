"""A terminal that moves no cursor is told what has changed, and not that time passes."""

import io

import pytest
from rich.console import Console

from tests.cli.test_watch import a_trade, a_view, an_exit
from tradebot.cli.client import AnswerError, NotRunningError
from tradebot.cli.watch import follow, plain


class Dumb:
    """A terminal that moves no cursor, and what it is shown look by look."""

    def __init__(self):
        self.paper = io.StringIO()
        # TERM as emacs and many an IDE set it for what they run.
        console = Console(file=self.paper, width=80, force_terminal=True, _environ={"TERM": "dumb"})
        self.answers = []
        self.shown = []
        self._follow = lambda: follow(self._look, console, sleep=self._sleep)

    def _look(self):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _sleep(self, _seconds):
        self.shown.append(self.paper.getvalue())
        self.paper.seek(0)
        self.paper.truncate()
        if not self.answers:
            raise KeyboardInterrupt

    def follow(self, *answers):
        self.answers = list(answers)
        with pytest.raises(KeyboardInterrupt):
            self._follow()
        return self.shown


def test_a_dumb_terminal_is_shown_the_lines_of_a_pipe_and_no_control():
    view = a_view(a_trade(flags=["suspect"]), exits=[an_exit()], reasons=["no feed"])
    (shown,) = Dumb().follow(view)
    assert shown == "\n".join([*plain(view), "\n"])
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (a_view(), a_view(a_trade())),
        (a_view(a_trade()), a_view(a_trade(trade_id="T7"))),
        (a_view(a_trade()), a_view(a_trade(quantity=5))),
        (a_view(a_trade()), a_view(a_trade(flags=["blind"]))),
        (a_view(a_trade()), a_view(a_trade(), exits=[an_exit()])),
        (a_view(), a_view(state="degraded")),
        (a_view(), a_view(reasons=["the disk is full"])),
        (a_view(), a_view(mode="live")),
        (NotRunningError("no daemon runs"), a_view()),
        (a_view(), AnswerError("store_failed", "the disk is full", {})),
    ],
)
def test_a_dumb_terminal_is_shown_at_once_what_has_changed_and_nothing_twice(before, after):
    first, again, second, same = Dumb().follow(before, before, after, after)
    assert first
    assert second
    assert first != second
    assert (again, same) == ("", "")


@pytest.mark.parametrize(
    ("first", "moved"),
    [
        (a_view(a_trade()), {"ltp": 805.1}),
        (a_view(a_trade()), {"stop_level": 793}),
        (a_view(a_trade(), reasons=["2 rows wait"]), {"reasons": ["13 rows wait"]}),
        (a_view(exits=[an_exit()]), {"exits": [an_exit(realized_pnl=-83)]}),
    ],
)
def test_a_dumb_terminal_is_shown_new_prices_every_twenty_looks(first, moved):
    of_view = {name: value for name, value in moved.items() if name in ("reasons", "exits")}
    trades = [trade | {k: v for k, v in moved.items() if k in trade} for trade in first.trades]
    second = a_view(*trades, **{"exits": first.exits} | of_view)
    shown = Dumb().follow(first, *[second] * 45)
    assert [number for number, text in enumerate(shown) if text] == [0, 20]
    assert shown[20] == "\n".join([*plain(second), "\n"])


def test_a_dumb_terminal_is_not_shown_that_time_passes():
    ages = [a_view(a_trade(ltp_age_ms=40 + 500 * number)) for number in range(50)]
    assert [bool(text) for text in Dumb().follow(*ages)] == [True] + [False] * 49


def test_a_dumb_terminal_is_told_once_that_the_daemon_is_away():
    shown = Dumb().follow(*[NotRunningError("no daemon runs")] * 30)
    assert shown == ["waiting for the daemon ... (no daemon runs)\n\n"] + [""] * 29
