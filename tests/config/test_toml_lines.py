"""Every key of a TOML text is found on its line, however it is written."""

import tomllib

import pytest
from hypothesis import given

from tests.config.toml_texts import toml_texts
from tradebot.config.toml_lines import key_lines

TEXT = '''\
# a comment = 1
mode = "paper" # [not.a.table]
[account]
  id = 'X # no comment'

[price]
cash = { source = "last", "spike" = "1%" }
option.spike = "25%"
  option . source = "mid"
text = """
[fake]
fake = 1 \\""" still
"""
raw = \'\'\'
fake = 2\'\'\'\'\'
[paper]
replay_files = [ # a comment, with ] and "
  "a.csv",

  'b.csv', # another
]
nested = [[1, 2], [
  { a = 1 }, {b.c = [
    1] },
]]
["quoted \\u0041.b".'c d']
x=1
[[many]]
y = 2026-01-26 09:15:00
[[many]]
y = +1_000.5e-3
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("mode", 2),
        ("account", 3),
        ("account id", 4),
        ("price", 6),
        ("price cash", 7),
        ("price cash source", 7),
        ("price cash spike", 7),
        ("price option", 8),
        ("price option spike", 8),
        ("price option source", 9),
        ("price text", 10),
        ("price raw", 14),
        ("paper", 16),
        ("paper replay_files 0", 18),
        ("paper replay_files 1", 20),
        ("paper nested 0 1", 22),
        ("paper nested 1 0 a", 23),
        ("paper nested 1 1 b c", 23),
        ("paper nested 1 1 b c 0", 24),
        ("many", 28),
        ("many y", 29),
    ],
)
def test_a_key_is_found_on_its_line(path, line):
    tomllib.loads(TEXT)
    assert key_lines(TEXT)[tuple(path.split())] == line


def test_a_quoted_key_is_found_by_what_it_means():
    assert key_lines(TEXT)["quoted A.b", "c d"] == 26


def test_what_stands_in_texts_and_comments_is_no_key():
    assert not [path for path in key_lines(TEXT) if "fake" in path or "not" in path]


@pytest.mark.parametrize("text", ["", "\n\n# only a comment", "\r\n"])
def test_a_text_without_keys_has_none(text):
    assert key_lines(text) == {}


def test_lines_that_end_as_on_windows_count_once():
    assert key_lines("a = 1\r\n\r\n[b]\r\nc = '''\r\n'''\r\nd = 2\r\n") == {
        ("a",): 1,
        ("b",): 3,
        ("b", "c"): 4,
        ("b", "d"): 6,
    }


def paths_in(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from paths_in(item, (*path, key))


@given(toml_texts())
def test_the_keys_that_are_found_are_those_that_the_parser_finds(text):
    lines = key_lines(text)
    assert set(paths_in(tomllib.loads(text))) <= lines.keys()
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
