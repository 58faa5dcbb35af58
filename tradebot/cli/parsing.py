"""Command lines: what they may hold, and a hint where one holds something else."""

import argparse
import difflib
from collections.abc import Sequence
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """A parser that guesses what a mistyped option was meant to be."""

    def unknown(self, words: Sequence[str]) -> NoReturn:
        """End with a usage error about words that no option or argument takes."""
        guesses = [guess for word in words if (guess := self._guess(word))]
        meant = f"; did you mean {', '.join(guesses)}?" if guesses else ""
        self.error(f"unrecognized arguments: {' '.join(words)}{meant}")

    def _guess(self, word: str) -> str | None:
        if not word.startswith("-"):
            return None
        known = [name for action in actions_of(self) for name in action.option_strings]
        near = difflib.get_close_matches(word.partition("=")[0], known, n=1)
        return f'"{near[0]}"' if near else None


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return every option and argument; argparse has no public way to list them."""
    return parser._actions  # noqa: SLF001 - see above; it has been there since the beginning
