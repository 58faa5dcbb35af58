"""What the generators write for each kind of value; the shells themselves judge the rest."""

import pytest

from tradebot.cli.shell_scripts import Command, Option, bash, fish, zsh

ROOT = Command((), (), (), (("go", "it's a go"),))


def a_command(*options, arguments=()):
    return [ROOT, Command(("go",), tuple(options), tuple(arguments), ())]


@pytest.mark.parametrize(
    ("option", "in_bash", "in_zsh", "in_fish"),
    [
        (Option(("--a",), "", "", ("x", "y z")), "words=(x 'y z')", "compadd -- x 'y z'", "-x -a"),
        (Option(("--a",), "", "directories"), "compgen -d", "_files -/", "complete_directories"),
        (Option(("--a",), "", "files"), "compgen -f", "_files; return", "-r -F"),
        (Option(("--a",), "", "trades"), "listed trade_id)", "listed trade_id)", "trade_id)'"),
        (Option(("--a",), "", "strategies"), "listed strategy)", "listed strategy)", "strategy)'"),
        (Option(("--a",), "", ""), "go:--a) : ;;", "go:--a) :; return", "-l a -d '' -x"),
    ],
)
def test_a_value_is_completed_by_its_kind(option, in_bash, in_zsh, in_fish):
    for script, found in ((bash, in_bash), (zsh, in_zsh), (fish, in_fish)):
        assert found in "\n".join(script(a_command(option)))


def test_an_option_without_a_value_completes_none():
    text = "\n".join(bash(a_command(Option(("-y", "--yes"), "", "-"))))
    assert "go:--yes" not in text
    assert "words=(-y --yes)" in text
    assert (
        "-s y -l yes -d ''\n" in "\n".join(fish(a_command(Option(("-y", "--yes"), "", "-")))) + "\n"
    )


def test_an_argument_of_any_kind_offers_nothing_of_its_own():
    words = a_command(arguments=[Option((), "", "")])
    assert "go) words=()" in "\n".join(bash(words))
    assert "_describe" in "\n".join(zsh(words))
    assert "'__tradebot_at go'" not in "\n".join(fish(words))


def test_a_quote_in_a_help_text_ends_no_string():
    assert "'go:it'\"'\"'s a go'" in "\n".join(zsh([ROOT]))
    assert r"-d 'it\'s a go'" in "\n".join(fish([ROOT]))
