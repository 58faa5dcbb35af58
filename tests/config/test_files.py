"""A configuration file that cannot be used is named with its line and the reason."""

import os

import pytest

from tradebot.config.files import SIZE_MAX, read_toml
from tradebot.config.problems import BadSettingsError


def refused(path):
    with pytest.raises(BadSettingsError) as caught:
        read_toml(path)
    (problem,) = caught.value.problems
    return str(problem).removeprefix(f"{path.parent}/"), caught.value.unreadable


def test_a_file_is_read_with_the_lines_of_its_keys(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes("\ufeffmode = 'paper'\n\n[paper]\nseed = 7\n".encode())
    file = read_toml(path)
    assert file.values == {"mode": "paper", "paper": {"seed": 7}}
    assert file.place("paper", "seed") == f"{path}:4"
    assert file.place("paper", "gone") == f"{path}:3"
    assert file.place("gone") == f"{path}:1"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"mode = \n", "config.toml:1:8: not TOML: Invalid value; text stands in quotes"),
        (b"a = 1\nb 2\n", "config.toml:2:3: not TOML: Expected '='"),
        (b"a = 1\na = 2\n", "config.toml:2:6: not TOML: Cannot overwrite a value"),
        (b"a = 1\nb = [1,\n", "config.toml:3: not TOML: Invalid value"),
        (b"a = 1\nb = '\xff'\n", "config.toml:2: byte 0xff is not UTF-8; save the file as UTF-8"),
        (b"a = " + b"9" * 5000, "config.toml: a number in it has too many digits"),
        (b"a = " + b"[" * 50_000, "config.toml: arrays or tables are nested too deeply"),
        (b"a = 2026-13-45\n", "config.toml:1"),
        (b"\0", "config.toml:1:1: not TOML: "),
        (b"#" * (SIZE_MAX + 1), "config.toml: is larger than 1024 KiB: not a configuration"),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(data, says, tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(data)
    text, unreadable = refused(path)
    assert text.startswith(says)
    assert not unreadable


def test_a_missing_file_is_refused(tmp_path):
    text, _ = refused(tmp_path / "config.toml")
    assert text == "config.toml: no such file; name one with -c FILE"


def test_a_directory_and_a_device_are_refused(tmp_path):
    (tmp_path / "config.toml").mkdir()
    text, _ = refused(tmp_path / "config.toml")
    assert text == "config.toml: is a directory; name the TOML file itself"
    os.mkfifo(tmp_path / "pipe")  # reading it would wait for ever
    text, _ = refused(tmp_path / "pipe")
    assert text == "pipe: is not a regular file; name the TOML file itself"


@pytest.mark.parametrize("name", ["x" * 300, "file/below/a/file"])
def test_a_path_that_cannot_be_is_refused(name, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSettingsError, match="cannot be read: "):
        read_toml(tmp_path / name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without the right")
def test_a_file_that_may_not_be_read_says_so(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("")
    path.chmod(0)
    os.seteuid(65534)
    try:
        text, unreadable = refused(path)
    finally:
        os.seteuid(0)
    assert unreadable
    assert text.endswith("cannot be read: permission denied")
