"""Stand-ins for the log, the clock and the inbox, that keep what they were given."""

from collections.abc import Callable

from tradebot.core.inputs import Input, Tick


class Said:
    """A log that is a list."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, object]]] = []

    def __call__(self, event: str, level: str = "info", /, **fields: object) -> None:
        self.lines.append((event, level, fields))

    @property
    def events(self) -> list[str]:
        return [event for event, _level, _fields in self.lines]


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now_ns: int = 1_000) -> None:
        self.ns = now_ns

    def now_ns(self) -> int:
        return self.ns


class ListInbox:
    """An inbox that is a list, and calls back at each delivery."""

    def __init__(self) -> None:
        self.items: list[Input] = []
        self.on_put: Callable[[Input], None] = lambda _item: None

    def tick(self, tick: Tick) -> None:
        self.items.append(tick)

    def put(self, item: Input) -> None:
        self.items.append(item)
        self.on_put(item)

    async def room(self) -> None:
        return
