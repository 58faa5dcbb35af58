"""The person at the terminal: what is printed, and what is asked before something is done."""

import json
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

BOLD, DIM, GOOD, BAD, WARNING = "1", "2", "36", "31", "33"


def print_json(value: object) -> None:
    """Print an answer for programs."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def is_terminal() -> bool:
    """Whether the output is a terminal, for a person to look at."""
    return sys.stdout is not None and sys.stdout.isatty()


def is_dumb() -> bool:
    """Whether the terminal obeys no control sequence, colours included, as terminfo calls it."""
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown")


def can_ask() -> bool:
    """Whether a person is there to answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def confirmed(question: str, word: str | None = None) -> bool:
    """Ask, beside the output that a program may read, and return whether it is wished.

    Args:
        question: what will be done.
        word: what has to be typed as it stands; None: y or yes will do.
    """
    how = "[y/N]" if word is None else f"Type {word} to confirm:"
    print(f"{question} {how} ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line.endswith("\n"):
        print(file=sys.stderr)  # Ctrl-D leaves the cursor behind the question
    typed = line.strip()
    return typed.lower() in ("y", "yes") if word is None else typed == word


def console() -> "Console":
    """Return a console for the output."""
    from rich.console import Console

    # Rich looks at NO_COLOR by itself, but takes an empty one for a wish too.
    return Console(highlight=False, no_color=bool(os.environ.get("NO_COLOR")))


def print_lines(lines: Iterable[tuple[str, str]]) -> None:
    """Print lines, each with its style (numbers of ECMA-48) where a person looks at them."""
    for line, style in lines:
        print(styled(line, style))


def styled(text: str, style: str) -> str:
    """Return a text in its style, if it has one and the output takes colours."""
    if not style or not is_terminal() or is_dumb() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{style}m{text}\x1b[0m"
