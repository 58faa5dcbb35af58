"""What the exit code says to systemd, and what the line beside it says to a person."""

import sqlite3

import pytest

from tests.app.daemon_life import a_life


def the_end_of(folder, *flags, real=False, **environment) -> tuple[int, str]:
    with a_life(folder, *flags, real=real, **environment) as life:
        code = life.end(None)
        return code, "\n".join(str(line.get("why", line["event"])) for line in life.log())


def test_a_mistake_in_the_file_is_named_with_its_line_and_not_started_again(tmp_path):
    (tmp_path / "config.toml").write_text("[price]\nstale_aftr = 3\n")
    code, text = the_end_of(tmp_path)
    assert code == 78
    assert "config.toml:2" in text
    assert "stale_aftr" in text


def test_a_mistake_in_the_environment_is_one_too(tmp_path):
    code, text = the_end_of(tmp_path, TRADEBOT_PAPER_SEED="many")
    assert code == 78
    assert "many" in text


def test_a_state_directory_that_cannot_be_one_is_an_io_error(tmp_path):
    (tmp_path / "state").write_text("a file")
    code, text = the_end_of(tmp_path)
    assert code == 74
    assert "cannot be used" in text


def test_a_database_of_a_newer_program_is_refused_for_good(tmp_path):
    (tmp_path / "state").mkdir()
    database = sqlite3.connect(tmp_path / "state" / "tradebot.db")
    database.execute("PRAGMA user_version = 9999")
    database.close()
    code, text = the_end_of(tmp_path)
    assert code == 78
    assert "tradebot.db" in text


def test_a_key_for_all_to_read_is_refused(tmp_path):
    (tmp_path / "state").mkdir()
    key = tmp_path / "state" / "admin.key"
    key.write_text("tb_for_all")
    key.chmod(0o644)
    code, text = the_end_of(tmp_path)
    assert code in (74, 77)
    assert "may be read by others" in text


LIVE = """mode = "live"
[account]
id = "AB1234"
[broker]
kind = "openalgo"
rest = "http://127.0.0.1:1"
key = "env:ALGO_KEY"
"""


def test_a_key_that_is_nowhere_is_a_mistake_of_the_settings(tmp_path):
    (tmp_path / "config.toml").write_text(LIVE)
    code, text = the_end_of(tmp_path, real=True)
    assert code == 78
    assert "the secret env:ALGO_KEY: there is no such variable" in text


def test_an_openalgo_that_is_not_there_is_a_broker_that_cannot_be_used(tmp_path):
    (tmp_path / "config.toml").write_text(LIVE)
    code, text = the_end_of(tmp_path, real=True, ALGO_KEY="0123456789abcdef")
    assert code == 69
    assert "no connection to http://127.0.0.1:1" in text
    assert "0123456789abcdef" not in text


def test_real_orders_are_never_sent_for_trades_of_the_paper_exchange(tmp_path):
    with a_life(tmp_path) as life:
        life.ready().end()
    (tmp_path / "config.toml").write_text(LIVE)
    code, text = the_end_of(tmp_path, real=True, ALGO_KEY="0123456789abcdef")
    assert code == 78
    assert "holds the trades of the paper exchange, and this is account AB1234" in text


SHADOW = LIVE.replace("live", "shadow")


@pytest.mark.parametrize(
    ("first", "then", "why"),
    [
        (SHADOW, LIVE, "holds the trades of a shadow of account SH1234, and this is account"),
        (LIVE, SHADOW, "holds the trades of account SH1234, and this is a shadow of account"),
    ],
    ids=["shadow-live", "live-shadow"],
)
def test_a_shadows_trades_and_real_ones_are_never_in_one_directory(tmp_path, first, then, why):
    for text, code in ((first, 69), (then, 78)):
        (tmp_path / "config.toml").write_text(text.replace("AB1234", "SH1234"))
        found, told = the_end_of(tmp_path, real=True, ALGO_KEY="0123456789abcdef")
        assert found == code
    assert why in told


def test_a_recording_that_is_damaged_is_a_broker_that_cannot_be_used(tmp_path):
    recording = tmp_path / "ticks.csv.gz"
    recording.write_bytes(b"no gzip at all")
    (tmp_path / "config.toml").write_text(
        f'[paper]\nmarket = "replay"\nreplay_files = ["{recording}"]\n'
    )
    code, text = the_end_of(tmp_path)
    assert code == 69
    assert "ticks.csv.gz" in text
