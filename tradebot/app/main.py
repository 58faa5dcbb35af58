"""Running the daemon: arguments, settings, event loop, exit code."""

import argparse
import asyncio
import errno
import os
import sys
from pathlib import Path

from tradebot import log
from tradebot.app.app import App
from tradebot.app.event_loop import new_event_loop
from tradebot.app.state import StateDirectory
from tradebot.app.state_flag import add_state_flag, state_dir
from tradebot.config import BadSettingsError, Loaded, config_path, load
from tradebot.config.flags import add_flags, given_flags
from tradebot.config.settings import Settings
from tradebot.errors import (
    BrokerError,
    ConfigError,
    ListenError,
    LockHeldError,
    MigrationError,
    StoreError,
)

UMASK = 0o027  # whatever any part or library writes, it is never for all to read

# sysexits.h, and what the unit's RestartPreventExitStatus names.
EXIT_FAILURE = 1
EXIT_BROKER = 69
EXIT_STORE = 74
EXIT_TEMPORARY = 75
EXIT_PERMISSION = 77
EXIT_CONFIG = 78


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the daemon's arguments; each overrides the environment and the file."""
    add_flags(parser)
    add_state_flag(parser, "where everything is written")


def run(arguments: argparse.Namespace) -> int:
    """Run a daemon until it is told to stop; return its exit code."""
    os.umask(UMASK)
    file = config_path(arguments.config, os.environ)
    try:
        loaded = _loaded(arguments, file)
    except BadSettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_PERMISSION if error.unreadable else EXIT_CONFIG
    settings = loaded.settings
    state = StateDirectory(state_dir(arguments.state_dir, os.environ))
    log.configure(
        level=settings.log.level.value, form=settings.log.format.value, directory=state.logs
    )
    for warning in loaded.warnings:
        log.say("config.warning", "warning", what=warning)

    def reloaded() -> Settings:
        return _loaded(arguments, file).settings

    async def main() -> int:
        return await App(settings, state, say=log.say, file=file, load=reloaded).run()

    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(main())
    except LockHeldError as error:
        answers = state.is_served()
        log.say("daemon.refused", "critical", why=error, **state.announced(), answers=answers)
        return EXIT_CONFIG if answers else EXIT_TEMPORARY
    except MigrationError as error:
        log.say("daemon.refused", "critical", why=error)
        return EXIT_CONFIG
    except StoreError as error:
        log.say("daemon.refused", "critical", why=error)
        return EXIT_PERMISSION if isinstance(error.__cause__, PermissionError) else EXIT_STORE
    except BrokerError as error:
        log.say("daemon.refused", "critical", why=error)
        return EXIT_BROKER
    except ConfigError as error:
        log.say("daemon.refused", "critical", why=error)
        return EXIT_CONFIG
    except ListenError as error:
        log.say("daemon.refused", "critical", why=error)
        return listen_code(error)
    finally:
        log.close()


def listen_code(error: ListenError) -> int:
    """Return what a service manager is told: another start may find the port free."""
    cause = error.__cause__
    match cause.errno if isinstance(cause, OSError) else None:
        case errno.EADDRINUSE:
            return EXIT_TEMPORARY
        case errno.EACCES:
            return EXIT_PERMISSION
        case _:
            return EXIT_CONFIG


def _loaded(arguments: argparse.Namespace, file: Path | None) -> Loaded:
    return load(file, environ=os.environ, flags=given_flags(arguments))
