"""How the daemon is broken on purpose, and mended."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

Mutant = Callable[[], AbstractContextManager[None]]
MUTANTS: dict[str, Mutant] = {}


class Patch:
    """Attributes put in place of others, and back."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        self._before.append((owner, name, owner.__dict__[name]))
        setattr(owner, name, value)

    def undo(self) -> None:
        for owner, name, value in reversed(self._before):
            setattr(owner, name, value)


def mutant(change: Callable[[Patch], None]) -> Callable[[Patch], None]:
    """Register what a function changes under its name."""

    @contextlib.contextmanager
    def changed() -> Iterator[None]:
        patch = Patch()
        change(patch)
        try:
            yield
        finally:
            patch.undo()

    MUTANTS[change.__name__] = changed
    return change
