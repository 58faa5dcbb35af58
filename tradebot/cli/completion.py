"""``tradebot completion``: a script that completes commands, options and trades in a shell."""

import argparse
import importlib
from collections.abc import Iterator

from tradebot.cli import shell_scripts
from tradebot.cli.parsing import actions_of
from tradebot.cli.shell_scripts import Command, Option

EXIT_OK = 0
_SCRIPTS = {"bash": shell_scripts.bash, "zsh": shell_scripts.zsh, "fish": shell_scripts.fish}
_KINDS = {"TRADE": "trades", "DIR": "directories", "FILE": "files"}  # by metavar
_EXPLAINED = """\
bash: source <(tradebot completion bash)      in ~/.bashrc
zsh:  source <(tradebot completion zsh)       in ~/.zshrc, after compinit
fish: tradebot completion fish | source       in ~/.config/fish/config.fish

Trades and strategies are those of the daemon that runs, if one does.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Print a script that completes commands, options and trades."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("shell", choices=tuple(_SCRIPTS), help="for which shell")


def main(args: argparse.Namespace) -> int:
    """Print the script."""
    from tradebot.cli.main import COMMANDS, parsers_of

    root, parsers = parsers_of(COMMANDS)
    for name, parser in parsers.items():
        importlib.import_module(f"tradebot.cli.{name}").add_arguments(parser)
    print("\n".join(_SCRIPTS[args.shell](list(commands_of(root)))))
    return EXIT_OK


def commands_of(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[Command]:
    """Yield a parser and every parser below it, as a shell needs them."""
    parsers: dict[str, argparse.ArgumentParser] = {}
    below: list[tuple[str, str]] = []
    options: list[Option] = []
    arguments: list[Option] = []
    for action in actions_of(parser):
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - it has no public name
            parsers = dict(action.choices)
            below = [(row.dest, _text(row)) for row in action._choices_actions]  # noqa: SLF001 - so
        else:
            (options if action.option_strings else arguments).append(_option(action))
    yield Command(words, tuple(options), tuple(arguments), tuple(below))
    for name, sub in parsers.items():
        yield from commands_of(sub, (*words, name))


def _option(action: argparse.Action) -> Option:
    kind = "-" if action.nargs == 0 else _KINDS.get(str(action.metavar), "")
    if "--strategy" in action.option_strings:
        kind = "strategies"
    choices = tuple(map(str, action.choices or ()))
    return Option(tuple(action.option_strings), _text(action), kind, choices)


def _text(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")
