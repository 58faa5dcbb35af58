"""A person is asked beside the output, and sees colour only where there is any."""

import sys

import pytest

from tests.cli.commanding import Typed, seen
from tradebot.cli import terminal


@pytest.mark.parametrize(
    ("typed", "word", "wished"),
    [
        (["y"], None, True),
        (["YES"], None, True),
        (["n"], None, False),
        ([""], None, False),
        ([], None, False),
        (["exit"], "exit", True),
        ([" exit "], "exit", True),
        (["EXIT"], "exit", False),
        (["y"], "exit", False),
    ],
)
def test_only_a_clear_yes_is_one(monkeypatch, capsys, typed, word, wished):
    monkeypatch.setattr(sys, "stdin", Typed(*typed))
    assert terminal.confirmed("Leave?", word) is wished
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Leave? [y/N] " if word is None else "Leave? Type exit to confirm: ")


def test_a_process_without_input_has_nobody_to_ask(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert not terminal.can_ask()
    monkeypatch.setattr(sys, "stdin", Typed(terminal=False))
    assert not terminal.can_ask()
    monkeypatch.setattr(sys, "stdin", Typed())
    assert terminal.can_ask()


def test_colour_is_for_a_terminal_that_wants_it(monkeypatch, capsys):
    assert terminal.styled("up", terminal.GOOD) == "up"
    seen(monkeypatch)
    assert terminal.styled("up", terminal.GOOD) == "\x1b[36mup\x1b[0m"
    assert terminal.styled("up", "") == "up"
    monkeypatch.setenv("TERM", "dumb")
    assert terminal.styled("up", terminal.GOOD) == "up"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.styled("up", terminal.GOOD) == "up"
    assert terminal.console().no_color


def test_lines_have_a_style_each(monkeypatch, capsys):
    seen(monkeypatch)
    terminal.print_lines([("head", terminal.BOLD), ("row", "")])
    assert capsys.readouterr().out == "\x1b[1mhead\x1b[0m\nrow\n"


def test_json_is_text_as_it_is(capsys):
    terminal.print_json({"word": "₹"})
    assert capsys.readouterr().out == '{\n  "word": "₹"\n}\n'
