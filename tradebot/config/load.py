"""Settings from defaults, file, environment and flags, each over the one before."""

import functools
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from tradebot.config.build import settings_of
from tradebot.config.checks import check_together
from tradebot.config.files import TomlFile, read_toml
from tradebot.config.forms import element_of, known, relative_to
from tradebot.config.keys import FLAGS, KEYS, Key
from tradebot.config.problems import Problems
from tradebot.config.read_sessions import SESSIONS, SESSIONS_FILE, read_sessions
from tradebot.config.read_strategies import STRATEGIES, read_strategies
from tradebot.config.settings import Listen, Settings
from tradebot.core.adoption.strategies import Strategy
from tradebot.core.market.sessions import Session
from tradebot.core.words.did_you_mean import hint, shown, tidy_key
from tradebot.errors import InputError

DEFAULT = "default"
PREFIX = "TRADEBOT_"
# The command line reads the first two, the tests and benchmarks the third.
OTHER_VARIABLES = ("TRADEBOT_CONFIG", "TRADEBOT_STATE_DIR", "TRADEBOT_DATA")

# Of a key that does not exist: who writes one of these may have put a secret behind it.
_SECRET_WORD = re.compile(r"key|token|secret|passw", re.IGNORECASE)

_VARIABLES = {key.variable: key for key in KEYS.values()}


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, and where each of them comes from."""

    settings: Settings
    origins: Mapping[str, str]  # key -> "config.toml:12", "TRADEBOT_MODE", "--paper", "default"
    warnings: tuple[str, ...] = ()


def load(
    path: Path | None,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, str] | None = None,
) -> Loaded:
    """Return the settings.

    Args:
        path: the TOML file; None: none, and all else is the default.
        environ: the environment; its ``TRADEBOT_*`` count.
        flags: what the command line overrides, by the keys of ``FLAGS``.

    Raises:
        BadSettingsError: something is wrong; all of it is named.
    """
    layers = _Layers()
    for key in KEYS.values():
        layers.put(key, key.default, lambda *_: DEFAULT)
    if path is not None:
        file = read_toml(path)
        _read_sessions_file(path.parent / SESSIONS_FILE, layers)
        _read_table(file, (), file.values, layers)
    warnings = tuple(_read_environment(environ or {}, layers))
    _read_flags(flags or {}, layers)
    together = {**layers.values, STRATEGIES: tuple(layers.strategies)}
    check_together(together, layers.origins, layers.problems)
    layers.problems.check()
    return Loaded(
        settings=settings_of(layers.values, layers.sessions, layers.strategies),
        origins=layers.origins,
        warnings=warnings,
    )


def config_path(given: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the file to load: flag, then environment, then ``config.toml`` right here.

    It need not exist. A guard that starts without its file would guard on paper what its
    owner believes to be guarded, so a file that is missing is refused by ``load``.
    """
    return given or Path(environ.get("TRADEBOT_CONFIG") or "config.toml")


class _Layers:
    """What the layers have said so far, key by key."""

    def __init__(self) -> None:
        self.problems = Problems()
        self.values: dict[str, object] = {}
        self.origins: dict[str, str] = {}
        self.sessions: dict[str, Session] = {}
        self.strategies: list[Strategy] = []

    def put(
        self, key: Key, value: object, place: Callable[..., str], base: Path | None = None
    ) -> None:
        """Read ``value`` over what was said before.

        Args:
            key: whose value it is.
            value: as TOML has it.
            place: returns where it stands; called with the place of a list's element.
            base: the folder that a path is relative to; None: the current one.
        """
        try:
            read = key.form.read(value, key.name)
        except InputError as error:
            self.problems.refused(place(*element_of(error.field)), error, key.name)
            return
        self.values[key.name] = read if base is None else relative_to(base, read)
        self.origins[key.name] = place()


def _read_table(
    file: TomlFile, table: tuple[str, ...], words: Mapping[str, object], layers: _Layers
) -> None:
    """Read one table; only tables that we know are entered, so their depth is bounded."""
    names = _names_in(table)
    for word, value in words.items():
        path = (*table, word)
        name = ".".join((*table, tidy_key(word)))
        # A quoted key may hold a dot: "paper.seed" = 2 is not the seed.
        key = KEYS.get(name) if word in names else None
        if key is not None:
            layers.put(key, value, functools.partial(file.place, *path), file.path.parent)
        elif word not in names:
            # A quoted key with a dot looks like one that we know.
            label = ".".join((*table, f'"{word}"')) if name in KEYS else name
            said = "..." if _SECRET_WORD.search(word) else shown(value)
            what = f"{label} = {said}: no such key; {hint(word, names)}"
            layers.problems.add(file.place(*path), name, what)
        elif not isinstance(value, dict):
            what = f"{name} = {shown(value)}: must be a table, [{name}]"
            layers.problems.add(file.place(*path), name, what)
        elif path == (SESSIONS,):
            layers.sessions.update(read_sessions(file, value, layers.problems, layers.origins))
        elif path == (STRATEGIES,):
            layers.strategies += read_strategies(file, value, layers.problems, layers.origins)
        else:
            _read_table(file, path, value, layers)


def _read_sessions_file(path: Path, layers: _Layers) -> None:
    """Read the hours that stand in a file of their own: a calendar is replaced every year.

    What config.toml says of an exchange replaces what is said here of it.
    """
    if not path.exists():
        return
    file = read_toml(path)
    for word, value in file.values.items():
        if word == SESSIONS and isinstance(value, dict):
            layers.sessions.update(read_sessions(file, value, layers.problems, layers.origins))
        else:
            what = f"{tidy_key(word)}: here stand tables of [{SESSIONS}.EXCHANGE] alone"
            layers.problems.add(file.place(word), tidy_key(word), what)


def _names_in(table: tuple[str, ...]) -> list[str]:
    """Return the keys and tables that may stand in a table, in the order of the file."""
    depth = len(table)
    paths = [*(key.path for key in KEYS.values()), (SESSIONS,), (STRATEGIES,)]
    names = [path[depth] for path in paths if path[:depth] == table and len(path) > depth]
    return list(dict.fromkeys(names))


def _read_environment(environ: Mapping[str, str], layers: _Layers) -> Iterator[str]:
    """Read the variables that are ours; yield a warning for each that only looks so.

    It is no error: container platforms set TRADEBOT_PORT and the like for a service of
    this name.
    """
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX) or not text or variable in OTHER_VARIABLES:
            continue
        key = _VARIABLES.get(variable)
        if key is None:
            yield f"{shown(variable)} in the environment is ignored; {hint(variable, _VARIABLES)}"
        else:
            value = text if key.form.is_text else _toml_value(text)
            layers.put(key, value, lambda *_, place=variable: place)


def _toml_value(text: str) -> object:
    """Return a number or a list as TOML reads it; what is neither is left to be refused."""
    try:
        values = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return values["value"] if len(values) == 1 else text


def _read_flags(flags: Mapping[str, str], layers: _Layers) -> None:
    for name, text in flags.items():
        if name in KEYS:
            layers.put(KEYS[name], text, lambda *_, place=FLAGS[name]: place)
    listen = known(layers.values["api.listen"], Listen)
    host, port = flags.get("api.host", listen.host), flags.get("api.port", str(listen.port))
    if {"api.host", "api.port"} & flags.keys():
        place = " ".join(FLAGS[name] for name in ("api.host", "api.port") if name in flags)
        text = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        layers.put(KEYS["api.listen"], text, lambda *_: place)
