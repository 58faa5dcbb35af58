"""Reading a TOML file that may be missing, foreign or broken."""

import re
import stat
import tomllib
from pathlib import Path

import msgspec

from tradebot.config.problems import BadSettingsError, Problem
from tradebot.config.toml_lines import key_lines

SIZE_MAX = 1024 * 1024

_WHERE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


class TomlFile(msgspec.Struct, frozen=True, kw_only=True):
    """A valid TOML file, and where its keys stand."""

    path: Path
    values: dict[str, object]
    lines: dict[tuple[str, ...], int]

    def place(self, *path: str) -> str:
        """Return file and line of a key, or of the innermost table around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.path}:{self.lines.get(path, 1)}"


def read_toml(path: Path) -> TomlFile:
    """Read a TOML file.

    Raises:
        BadSettingsError: there is none, it may not be read, or it is not TOML.
    """
    text = _text(path)
    try:
        return TomlFile(path=path, values=tomllib.loads(text), lines=key_lines(text))
    except RecursionError:
        raise _bad(f"{path}", "arrays or tables are nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, text, str(error)) from None
    except ValueError:  # Python reads no number of more than 4,300 digits
        raise _bad(f"{path}", "a number in it has too many digits") from None


def _text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
            raise _bad(f"{path}", f"is {kind}; name the TOML file itself")
        with path.open("rb") as file:
            data = file.read(SIZE_MAX + 1)
    except FileNotFoundError:
        raise _bad(f"{path}", "no such file; name one with -c FILE") from None
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise _bad(
            f"{path}", f"cannot be read: {why}", unreadable=isinstance(error, PermissionError)
        ) from None
    if len(data) > SIZE_MAX:
        raise _bad(f"{path}", f"is larger than {SIZE_MAX // 1024} KiB: not a configuration")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise _bad(f"{path}:{line}", message) from None


def _not_toml(path: Path, text: str, message: str) -> BadSettingsError:
    """Return the error with the line that the parser names at the end of its message."""
    match = _WHERE.fullmatch(message)
    if match is None:
        return _bad(f"{path}", f"not TOML: {message}")
    line = int(match[2] or text.count("\n") + 1)
    column = f":{match[3]}" if match[3] else ""
    more = "; text stands in quotes" if match[1] == "Invalid value" else ""
    return _bad(f"{path}:{line}{column}", f"not TOML: {match[1]}{more}")


def _bad(place: str, message: str, *, unreadable: bool = False) -> BadSettingsError:
    problem = Problem(place=place, key="", message=message)
    return BadSettingsError((problem,), unreadable=unreadable)
