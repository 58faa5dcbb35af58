"""What is wrong with a configuration, all of it at once."""

import msgspec

from tradebot.errors import ConfigError, InputError

PROBLEMS_MAX = 100


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake: where it stands, of which key, and what would be right."""

    place: str  # "config.toml:12", "TRADEBOT_MODE", "--port"
    key: str  # empty: the whole file
    message: str

    def __str__(self) -> str:
        """Return the line that a person reads."""
        return f"{self.place}: {self.message}"


class BadSettingsError(ConfigError):
    """A configuration with mistakes; ``problems`` has them in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...], *, unreadable: bool = False) -> None:
        """Keep the problems; ``unreadable``: the file is there and may not be read."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
        self.unreadable = unreadable


class Problems:
    """Collects mistakes, so that a person repairs a file once and not line by line."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self.keys: set[str] = set()  # that have one

    def add(self, place: str, key: str, message: str) -> None:
        """Keep one mistake.

        Raises:
            BadSettingsError: there are so many that nobody wants to read more.
        """
        self.keys.add(key)
        self._found.append(Problem(place=place, key=key, message=message))
        if len(self._found) >= PROBLEMS_MAX:
            self.check()

    def refused(self, place: str, error: InputError, key: str) -> None:
        """Keep the mistake that the reader of ``key`` found."""
        self.add(place, key, str(error))

    def check(self) -> None:
        """Go on only without a mistake.

        Raises:
            BadSettingsError: there are some.
        """
        if self._found:
            raise BadSettingsError(tuple(self._found))
