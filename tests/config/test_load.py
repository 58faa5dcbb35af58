"""Settings come from flag, environment, file and default, and every mistake is named."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.config.toml_texts import VALUES, toml_texts
from tradebot.config import BadSettingsError, config_path, load
from tradebot.config.keys import FLAGS, KEYS
from tradebot.config.settings import Listen, LogLevel, Mode
from tradebot.errors import ConfigError, InputError


@pytest.fixture
def loaded(tmp_path):
    """Load a text as config.toml."""
    path = tmp_path / "config.toml"

    def load_text(text, **more):
        path.write_text(text)
        return load(path, **more)

    return load_text


@pytest.fixture
def problems(loaded, tmp_path):
    """Say what is wrong with a text, without the folder it lies in."""

    def of(text, **more):
        with pytest.raises(BadSettingsError) as caught:
            loaded(text, **more)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return of


def test_flag_goes_before_environment_before_file_before_default(loaded, tmp_path):
    text = '[log]\nlevel = "warning"\n'
    environ, flags = {"TRADEBOT_LOG_LEVEL": "error"}, {"log.level": "debug"}
    for more, level, origin in [
        ({}, LogLevel.WARNING, f"{tmp_path}/config.toml:2"),
        ({"environ": environ}, LogLevel.ERROR, "TRADEBOT_LOG_LEVEL"),
        ({"environ": environ, "flags": flags}, LogLevel.DEBUG, "--log-level"),
    ]:
        result = loaded(text, **more)
        assert (result.settings.log.level, result.origins["log.level"]) == (level, origin)
    assert load(None).settings.log.level is LogLevel.INFO
    assert load(None).origins["log.level"] == "default"


def test_every_key_has_an_origin():
    assert load(None).origins == dict.fromkeys(KEYS, "default")


@pytest.mark.parametrize(
    "text",
    [
        '[price.cash]\nspike = "2%"\n',
        '[price]\ncash = { spike = "2%" }\n',
        '[price]\ncash.spike = "2%"\n',
        'price = { cash = { "spike" = "2%" } }\n',
    ],
)
def test_a_key_may_be_written_in_every_way_that_toml_has(text, loaded):
    assert loaded(text).settings.price.cash.spike == 2
    assert loaded(text).settings.price.future.spike == 1


@pytest.mark.parametrize(
    ("environ", "key", "value"),
    [
        ({"TRADEBOT_PAPER_SEED": "7"}, "paper.seed", 7),
        ({"TRADEBOT_PAPER_SPEED": "0"}, "paper.speed", 0.0),
        ({"TRADEBOT_PAPER_REPLAY_FILES": "[]"}, "paper.replay_files", []),
        ({"TRADEBOT_API_LISTEN": "[::1]:1"}, "api.listen", "[::1]:1"),
        ({"TRADEBOT_DEFAULTS_STRATEGY": "1"}, "defaults.strategy", "1"),
        ({"TRADEBOT_PAPER_SEED": ""}, "paper.seed", 1),  # set to nothing is not set
        ({"PAPER_SEED": "7"}, "paper.seed", 1),
    ],
)
def test_the_environment_says_texts_as_they_are_and_the_rest_as_toml(environ, key, value):
    result = load(None, environ=environ)
    assert KEYS[key].text(result.settings) == value
    assert result.warnings == ()


@pytest.mark.parametrize("text", ["x", "1\nother = 2", "[" * 50_000, "1 2", "9" * 5000, "[1"])
def test_what_is_no_number_in_the_environment_is_refused(text):
    with pytest.raises(BadSettingsError, match=r"^TRADEBOT_PAPER_SEED: paper.seed = .* a whole"):
        load(None, environ={"TRADEBOT_PAPER_SEED": text})


def test_a_variable_that_only_looks_like_ours_is_a_warning():
    environ = {
        "TRADEBOT_LOG_LEVLE": "debug",
        "TRADEBOT_PORT_4800_TCP": "tcp:",
        "TRADEBOT_CONFIG": "x",
        "TRADEBOT_STATE_DIR": "y",
    }
    first, second = load(None, environ=environ).warnings
    assert first == (
        "'TRADEBOT_LOG_LEVLE' in the environment is ignored; did you mean \"TRADEBOT_LOG_LEVEL\"?"
    )
    assert second.startswith("'TRADEBOT_PORT_4800_TCP' in the environment is ignored; allowed: ")


@pytest.mark.parametrize(
    ("flags", "listen", "origin"),
    [
        ({"api.port": "0"}, Listen("localhost", 0), "--port"),
        ({"api.host": "::1"}, Listen("::1", 5), "--host"),
        ({"api.host": "127.0.0.2", "api.port": "6"}, Listen("127.0.0.2", 6), "--host --port"),
    ],
)
def test_host_and_port_override_their_half(flags, listen, origin, loaded):
    result = loaded('[api]\nlisten = "localhost:5"\n', flags=flags)
    assert result.settings.api.listen == listen
    assert result.origins["api.listen"] == origin


def test_the_paper_flag_makes_a_live_file_paper(loaded):
    assert loaded('mode = "live"\n', flags={"mode": "paper"}).settings.mode is Mode.PAPER


def test_every_flag_overrides_a_key_or_half_of_one():
    assert [flag for flag in FLAGS if flag not in KEYS] == ["api.host", "api.port"]


def test_paths_are_relative_to_the_file_that_names_them(loaded, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("")
    text = '[paper]\nreplay_files = ["a.csv"]\ninstruments_file = "a.csv"\n'
    paper = loaded(text).settings.paper
    assert paper.replay_files == (tmp_path / "a.csv",)
    assert paper.instruments_file == tmp_path / "a.csv"
    monkeypatch.chdir(tmp_path)
    environ = {"TRADEBOT_PAPER_INSTRUMENTS_FILE": "a.csv"}
    assert str(load(None, environ=environ).settings.paper.instruments_file) == "a.csv"


def test_all_mistakes_are_named_at_once_each_with_its_line(problems):
    text = """\
mode = "papr"
prise = 1
[account]
id = 5
[paper]
seed = -1
sed = 2
replay_files = [
  "a.csv",
  7,
]
[price]
cash = { spike = "1", source = "last" }
option = 5
[broker]
kind = 'bybit'
"""
    environ, flags = {"TRADEBOT_STORE_SYNC_EVERY": "1h"}, {"api.port": "70000"}
    assert problems(text, environ=environ, flags=flags) == [
        "config.toml:1: mode = 'papr' is not known; did you mean \"paper\"?",
        'config.toml:2: prise = 1: no such key; did you mean "price"?',
        "config.toml:4: account.id = 5: must be 1 to 64 printable characters, no space around them",
        "config.toml:6: paper.seed = -1: must be a whole number, 0 to 9223372036854775807",
        'config.toml:7: paper.sed = 2: no such key; did you mean "seed"?',
        "config.toml:10: paper.replay_files[1] = 7: must be the path of a file",
        (
            "config.toml:13: price.cash.spike = '1': must be a percent like \"1.5%\", above 0% and "
            "at most 1000%"
        ),
        "config.toml:14: price.option = 5: must be a table, [price.option]",
        'TRADEBOT_STORE_SYNC_EVERY: store.sync_every = \'1h\': must be "1ms" to "10s"',
        (
            "--port: api.listen = '127.0.0.1:70000': must be \"HOST:PORT\" like "
            '"127.0.0.1:4800" or "[::1]:4800", port 0 to 65535'
        ),
        (
            "config.toml:16: broker.kind = 'bybit': this version has no such broker yet; "
            "allowed: paper, openalgo"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"paper.seed" = 2', '"paper.seed" = 2: no such key'),
        ("[[paper]]\nseed = 1", "paper = [...]: must be a table, [paper]"),
        ("[paper.seed]\na = 1", "paper.seed = {...}: must be a whole number"),
        ("[strategy.x]\nstop = 1", 'strategy = {...}: no such key; did you mean "strategies"?'),
        ("sessions = 1", "sessions = 1: must be a table, [sessions]"),
        ('"a\\nb" = 1', "no such key"),
    ],
)
def test_a_key_in_the_wrong_place_is_refused(text, says, problems):
    (line,) = problems(text)
    assert says in line
    assert line.isprintable()


def test_a_file_of_nothing_but_mistakes_ends(problems):
    assert len(problems("\n".join(f"k{number} = 1" for number in range(5000)))) == 100


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
whenever = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@whenever
@given(text=toml_texts())
def test_any_toml_is_settings_or_an_error_that_names_its_line(text, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(text, newline="")
    try:
        load(path)
    except BadSettingsError as error:
        lines = [problem.place.removeprefix(f"{path}:") for problem in error.problems]
        found = str(error).splitlines() if error.problems else []
    else:
        lines, found = [], []
    assert all(line.isdecimal() for line in lines)
    assert len(found) == len(lines)


@whenever
@given(
    data=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_settings_or_a_config_error(data, tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(data)
    try:
        load(path)
    except ConfigError as error:
        assert str(error)  # noqa: PT017 - that there is an error is not what is tested


@given(
    st.dictionaries(st.sampled_from([key.variable for key in KEYS.values()]), st.text()),
    st.dictionaries(st.sampled_from(list(FLAGS)), st.text()),
)
def test_any_environment_and_flags_are_settings_or_a_config_error(environ, flags):
    try:
        load(None, environ=environ, flags=flags)
    except ConfigError as error:
        assert str(error)  # noqa: PT017 - as above


@given(st.sampled_from(list(KEYS.values())), junk)
def test_any_value_of_any_key_is_read_or_refused_by_name(key, value):
    field = key.name
    try:
        key.form.write(key.form.read(value, key.name))
    except InputError as error:
        field = error.field
    assert field.partition("[")[0] == key.name


def test_the_file_is_named_by_flag_then_environment_then_lies_here():
    environ = {"TRADEBOT_CONFIG": "b.toml"}
    assert config_path(Path("a.toml"), environ) == Path("a.toml")
    assert config_path(None, environ) == Path("b.toml")
    assert config_path(None, {"TRADEBOT_CONFIG": ""}) == Path("config.toml")


@pytest.mark.parametrize("word", ["apikey", "api_key", "token", "secret", "password"])
def test_what_may_be_a_secret_behind_a_wrong_key_is_not_told(word, tmp_path):
    (tmp_path / "config.toml").write_text(f'[broker]\n{word} = "0123456789abcdef"\n')
    with pytest.raises(BadSettingsError) as caught:
        load(tmp_path / "config.toml")
    assert f"broker.{word} = ...: no such key" in str(caught.value)
    assert "0123" not in str(caught.value)
