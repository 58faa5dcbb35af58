"""``tradebot shadow``: what the guard would do with a real account, and nothing sent.

The first start asks for what it needs and keeps it in a folder of its own. Each start runs
the daemon and shows its table; Ctrl-C ends both.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tradebot.cli import watch
from tradebot.cli.client import Daemon, NotRunningError
from tradebot.cli.figures import decimals_of, figure, quantity
from tradebot.cli.questions import readiness
from tradebot.cli.terminal import can_ask, console, is_terminal
from tradebot.errors import ConfigError, InputError, TradebotError

if TYPE_CHECKING:
    from tradebot.app.shadow_setup import Wish
    from tradebot.app.state import StateDirectory
    from tradebot.config import Settings

EXIT_OK = 0
START_S_MAX = 60.0  # a broker that does not answer takes its time
STOP_S_MAX = 30.0
PAUSE_S = 0.1
_STARTS = (sys.executable, "-m", "tradebot", "run")
_EXPLAINED = """\
It reads positions, orders and prices, and has no way to send an order: what would leave is
filled on paper, at your account's own prices. The first start needs --openalgo, and asks for
the key; all that it keeps is in one directory. Without a terminal it is the daemon alone.

exit codes: 0 ended by Ctrl-C, 1 OpenAlgo cannot be used or the daemon ended, 2 an option is
wrong, 78 the configuration is, or the directory has other trades
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.description = "Show what the guard would do with a real account; nothing is sent."
    parser.epilog = _EXPLAINED
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--openalgo", metavar="URL", help="OpenAlgo, like http://127.0.0.1:5000")
    parser.add_argument("--feed", metavar="URL", help="its websocket, where it is not beside it")
    parser.add_argument(
        "--key",
        metavar="NAME",
        help="where the key is kept, credential:NAME or env:NAME (default: it is asked for)",
    )
    parser.add_argument(
        "--stop", metavar="STOP", help='a stop for all that the account holds, as "2%%" or "5pts"'
    )
    parser.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help="where all of it is kept (environment: TRADEBOT_STATE_DIR; default: shadow)",
    )


def main(args: argparse.Namespace) -> int:
    """Set a shadow up where there is none yet, run it, and show its table."""
    from tradebot.app.shadow_setup import config_file, environment
    from tradebot.app.state import StateDirectory

    state = StateDirectory(args.state_dir or Path(os.environ.get("TRADEBOT_STATE_DIR") or "shadow"))
    file = config_file(state)
    if not file.exists():
        _set_up(args, state)
    environ = environment(state, os.environ)
    _check(args, _settings(file, environ))
    words = ["-c", str(file), "--state-dir", str(state.path)]
    if not is_terminal():
        return _run(words, environ)
    daemon = Daemon(state.path)
    if (pid := _pid_of_running(daemon, state)) is not None:
        print(f"this shadow runs already (pid {pid}); Ctrl-C ends its table alone")
        with _interrupts():
            watch.follow(lambda: watch.look(daemon, None), console())
        return EXIT_OK
    return _run_and_show(words, environ, daemon, state)


def _set_up(args: argparse.Namespace, state: "StateDirectory") -> None:
    """Look at the account, show what it holds, and keep what the next start needs."""
    from tradebot.app import shadow_setup

    wish = _wish(args)
    is_kept = wish.key == shadow_setup.KEPT_KEY
    key = shadow_setup.asked_key() if is_kept else shadow_setup.key_of(wish.key)
    found = shadow_setup.positions_at(wish.rest, key)
    print(f"OpenAlgo at {wish.rest} takes the key. From here on it is only read.")
    if found is None:
        print("what the account holds cannot be read now: is the broker's session open?")
    else:
        held = [position for position in found if position.net]
        print(f"the account holds {len(held)} position{'' if len(held) == 1 else 's'}")
        for position in held:
            average = None if position.average is None else float(position.average)
            at = "" if average is None else f" at {figure(average, decimals_of(average))}"
            name, product = position.key.instrument, position.key.product
            print(f"  {name}  {product}  {quantity(float(position.net))}{at}")
    if not wish.stop:
        print("nothing of it is guarded before you say so; --stop 2% guards all of it")
    for file in shadow_setup.make(state, wish, key if is_kept else None):
        print(f"wrote {file}")


def _wish(args: argparse.Namespace) -> "Wish":
    """Return what the command line asks for.

    Raises:
        InputError: something is missing or wrong.
    """
    from tradebot.app.shadow_setup import KEPT_KEY, Wish, feed_of
    from tradebot.config.forms import SECRET, STOP_OR_NONE, address, known
    from tradebot.config.settings import SecretName

    if args.openalgo is None:
        example = "tradebot shadow --openalgo http://127.0.0.1:5000"
        raise InputError("openalgo", f"say where OpenAlgo is: {example}")
    rest = known(address("http", "https").read(args.openalgo, "--openalgo"), str)
    feed = feed_of(rest) if args.feed is None else args.feed
    feed = known(address("ws", "wss").read(feed, "--feed"), str)
    stop = STOP_OR_NONE.write(STOP_OR_NONE.read(args.stop or "", "--stop"))
    key = KEPT_KEY
    if args.key is not None:
        key = known(SECRET.read(args.key or "?", "--key"), SecretName)
    elif not can_ask():
        raise InputError("key", "nobody can be asked for the key: say --key env:NAME")
    return Wish(rest=rest, feed=feed, key=key, stop=str(stop))


def _settings(file: Path, environ: dict[str, str]) -> "Settings":
    from tradebot.config import load

    return load(file, environ=environ).settings


def _check(args: argparse.Namespace, settings: "Settings") -> None:
    """Refuse a directory that is of something else than what the command line says.

    Raises:
        ConfigError: it is.
    """
    if settings.mode.value != "shadow":
        raise ConfigError(f"mode = {settings.mode.value!r} is no shadow; name another --state-dir")
    broker = settings.broker
    for given, key, kept in (
        (args.openalgo, "broker.rest", broker.rest),
        (args.feed, "broker.feed", broker.feed),
        (args.key, "broker.key", str(broker.key)),
        (args.stop, "shadow.stop", str(settings.shadow.stop or "")),
    ):
        if given is not None and given != kept:
            what = f"this shadow has {key} = {kept!r}: change it in its config.toml"
            raise ConfigError(f"{what}, or name another --state-dir")


def _run(words: list[str], environ: dict[str, str]) -> int:
    """Be the daemon: its log goes where the output goes."""
    from tradebot.cli import run

    parser = argparse.ArgumentParser()
    run.add_arguments(parser)
    os.environ.update(environ)
    return run.main(parser.parse_args(words))


def _run_and_show(
    words: list[str], environ: dict[str, str], daemon: Daemon, state: "StateDirectory"
) -> int:
    """Run the daemon beside its table, until Ctrl-C or until it ends by itself."""
    since = state.log.stat().st_size if state.log.exists() else 0
    child = subprocess.Popen(  # noqa: S603 - ourselves
        [*_STARTS, *words],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # it has a file for its log
        start_new_session=True,  # Ctrl-C is ours to pass on
    )

    last: list[watch.View] = []

    def look() -> watch.View:
        if child.poll() is not None:
            raise TradebotError(_end_of(child, state, since, "has ended"))
        last[:] = [watch.look(daemon, None)]
        return last[0]

    try:
        with _interrupts():
            _wait_for(child, daemon, state, since)
            watch.follow(look, console())
    finally:
        _stop(child)
    for view in last:
        print("\n".join(watch.plain(view)), end="\n\n")
    print(f"the shadow has stopped; {_goes_on(state)}")
    return EXIT_OK


def _wait_for(
    child: subprocess.Popen[bytes], daemon: Daemon, state: "StateDirectory", since: int
) -> None:
    """Wait until the daemon answers.

    Raises:
        TradebotError: it has ended, or does not come.
    """
    last_s = time.monotonic() + START_S_MAX
    while time.monotonic() < last_s:
        if child.poll() is not None:
            raise TradebotError(_end_of(child, state, since, "did not start"))
        if state.announced().get("pid") == child.pid:
            try:
                readiness(daemon)
            except NotRunningError:
                pass
            else:
                return
        time.sleep(PAUSE_S)
    raise TradebotError(f"the daemon does not answer; its log is {state.logs}")


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(STOP_S_MAX)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


@contextmanager
def _interrupts() -> Iterator[None]:
    """End the block at Ctrl-C, at SIGTERM, and when the terminal is closed."""
    before = {
        number: signal.signal(number, signal.default_int_handler)
        # Whoever starts us in the background has SIGINT ignored; the person at the table has not.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pid_of_running(daemon: Daemon, state: "StateDirectory") -> object:
    """Return the pid of a daemon that serves the directory; None: there is none."""
    try:
        readiness(daemon)
    except TradebotError:
        return None
    return state.announced().get("pid")


def _end_of(child: subprocess.Popen[bytes], state: "StateDirectory", since: int, what: str) -> str:
    """Return why a daemon is there no more, for a person."""
    if child.returncode < 0:  # whoever is killed says nothing of it
        by = signal.Signals(-child.returncode).name
        return f"the daemon was killed by {by}; {_goes_on(state)}"
    return f"the daemon {what}; {last_words(state, since)}"


def _goes_on(state: "StateDirectory") -> str:
    return f"tradebot shadow --state-dir {state.path} goes on from here"


def last_words(state: "StateDirectory", since: int) -> str:
    """Return the last grave line of a log, else its last one.

    Args:
        state: where it is.
        since: bytes that were there before; another daemon may write to it too.
    """
    try:
        log = state.log.read_bytes()
    except OSError:
        log = b""
    lines = log[since if since <= len(log) else 0 :].decode(errors="replace").splitlines()
    grave = [line for line in lines if " CRITICAL " in line]
    said = (grave or lines)[-1:]
    return f"its log says: {said[0]}" if said else f"it left no log in {state.logs}"
