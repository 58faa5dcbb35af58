"""Running the daemon: arguments, settings, event loop, exit code."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import uvloop

from tradebot import log
from tradebot.app.app import App
from tradebot.app.state import StateDirectory
from tradebot.config import BadSettingsError, Loaded, load
from tradebot.config.settings import Settings
from tradebot.errors import BrokerError, LockHeldError, MigrationError, StoreError

# sysexits.h, and what the unit's RestartPreventExitStatus names.
EXIT_FAILURE = 1
EXIT_BROKER = 69
EXIT_STORE = 74
EXIT_TEMPORARY = 75
EXIT_PERMISSION = 77
EXIT_CONFIG = 78


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the daemon's arguments; each overrides the environment and the file."""
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="the TOML file")
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help="where everything is written (state)"
    )
    parser.add_argument("--host", help="address of the API")
    parser.add_argument("--port", help="port of the API; 0: any that is free")
    parser.add_argument("--paper", action="store_true", help="paper, whatever the file says")
    parser.add_argument("--log-level", metavar="LEVEL", help="debug, info, warning or error")
    parser.add_argument("--log-format", metavar="FORMAT", help="text or json")


def run(arguments: argparse.Namespace) -> int:
    """Run a daemon until it is told to stop; return its exit code."""
    try:
        loaded = _loaded(arguments)
    except BadSettingsError as error:
        print(error, file=sys.stderr)
        return EXIT_PERMISSION if error.unreadable else EXIT_CONFIG
    settings = loaded.settings
    state = StateDirectory(state_dir(arguments.state_dir, os.environ))
    log.configure(
        level=settings.log.level.value, form=settings.log.format.value, directory=state.logs
    )
    for warning in loaded.warnings:
        log.say("config.warning", "warning", what=warning)

    def reloaded() -> Settings:
        return _loaded(arguments).settings

    async def main() -> int:
        return await App(settings, state, say=log.say, config=arguments.config, load=reloaded).run()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())
    except LockHeldError as error:
        log.say("daemon.refused", "critical", why=error)
        return EXIT_CONFIG if state.is_served() else EXIT_TEMPORARY
    except MigrationError as error:
        log.say("daemon.refused", "critical", why=error)
        return EXIT_CONFIG
    except StoreError as error:
        log.say("daemon.refused", "critical", why=error)
        return EXIT_STORE
    except BrokerError as error:
        log.say("daemon.refused", "critical", why=error)
        return EXIT_BROKER
    finally:
        log.close()


def state_dir(given: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the state directory: flag, then environment, then systemd's, then ``state``."""
    if given is not None:
        return given
    named = environ.get("TRADEBOT_STATE_DIR") or environ.get("STATE_DIRECTORY")
    return Path(named) if named else Path("state")


def _loaded(arguments: argparse.Namespace) -> Loaded:
    flags = {
        "mode": "paper" if arguments.paper else None,
        "api.host": arguments.host,
        "api.port": arguments.port,
        "log.level": arguments.log_level,
        "log.format": arguments.log_format,
    }
    return load(
        arguments.config,
        environ=os.environ,
        flags={name: value for name, value in flags.items() if value is not None},
    )
