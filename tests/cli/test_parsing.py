"""A mistyped option leads to the one that was meant."""

import pytest

from tradebot.cli.parsing import Parser, actions_of


@pytest.fixture
def parser():
    made = Parser(prog="p")
    made.add_argument("--json", action="store_true")
    made.add_argument("name")
    return made


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--jsn"], 'p: error: unrecognized arguments: --jsn; did you mean "--json"?\n'),
        (["--jsno=1", "x"], '--jsno=1 x; did you mean "--json"?\n'),
        (["json"], "unrecognized arguments: json\n"),
        (["--frobnicate"], "unrecognized arguments: --frobnicate\n"),
    ],
)
def test_what_is_unknown_is_named_with_a_guess(parser, words, says, capsys):
    with pytest.raises(SystemExit) as end:
        parser.unknown(words)
    assert end.value.code == 2
    assert says in capsys.readouterr().err


def test_options_and_arguments_can_be_listed(parser):
    assert [action.dest for action in actions_of(parser)] == ["help", "json", "name"]
