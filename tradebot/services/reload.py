"""New settings while the daemon runs: all of them or none."""

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Generic, TypeVar

from tradebot.errors import ConfigError
from tradebot.ports import Say

WATCH_PAUSE_S = 30.0  # before the folder is watched again

Settings = TypeVar("Settings")


class Reload(Generic[Settings]):
    """Reads the settings again when somebody asks, and when their file may have changed.

    Settings that are wrong are told and the running ones stay in force; what is wrong is
    told once, however often the folder changes meanwhile.
    """

    def __init__(
        self,
        current: Settings,
        *,
        load: Callable[[], Settings],
        take: Callable[[Settings, Settings], None],
        watch: Callable[[], AsyncIterable[object]],
        say: Say,
    ) -> None:
        """Take the settings in force; nothing is read or watched yet.

        Args:
            current: the settings in force.
            load: reads the settings anew; raises ConfigError where they are wrong.
            take: is given the old and the new ones, where they differ.
            watch: yields whenever something in the file's folder has changed. The folder
                and not the file, because a file that is replaced is another file.
            say: the log.
        """
        self.current = current
        self._load = load
        self._take = take
        self._watch = watch
        self._say = say
        self._refused = ""

    def again(self, why: str) -> bool:
        """Read the settings because somebody asked, say what came of it, and return it."""
        self._refused = ""  # whoever asks is answered, also the same as before
        was = self.current
        good = self._read(why)
        if good and self.current == was:
            self._say("config.unchanged", why=why)
        return good

    async def run(self) -> None:
        """Follow the folder for ever. Without it there is still ``again``."""
        missed = False
        while True:
            try:
                if missed:
                    self._read("watched again")
                async for _ in self._watch():
                    missed = False
                    self._read("file changed")
                error = "the watch ended"
            # RuntimeError: what the watcher's own library raises for its own failures.
            except (OSError, RuntimeError) as failure:
                error = f"{type(failure).__name__}: {failure}"
            if not missed:
                self._say("config.unwatched", "warning", error=error)
            missed = True
            await asyncio.sleep(WATCH_PAUSE_S)

    def _read(self, why: str) -> bool:
        """Read the settings and hand them on where they differ; say whether they are good."""
        try:
            settings = self._load()
        except ConfigError as error:
            if str(error) != self._refused:
                self._refused = str(error)
                for problem in self._refused.splitlines():
                    self._say("config.refused", "error", why=why, problem=problem)
            return False
        self._refused = ""
        if settings != self.current:
            was, self.current = self.current, settings
            self._take(was, settings)
        return True
