"""The wiring of a replay: files in, lines and a summary out."""

import gzip
import io
import json

import pytest

from tests.replay_trades import as_lines
from tradebot.app.replay import ReplayJob, replay
from tradebot.errors import ConfigError, InputError

AT = 1_700_000_000_000_000_000  # 2023-11-14 22:13:20 UTC
S = 1_000_000_000
TRADE = {
    "exchange": "X",
    "symbol": "X",
    "side": "LONG",
    "quantity": 10,
    "entry_price": 100,
    "opened_at_ns": AT,
    "stop": "1pts",
}


@pytest.fixture
def job(tmp_path):
    """Make a job of ticks (second, price) and trades, in files."""

    def made(prices, *trades, **more):
        rows = [f"{AT + int(second * S)},X,X,{price}\n" for second, price in prices]
        with gzip.open(tmp_path / "t.csv.gz", "wt") as file:
            file.writelines(["ts_ns,exchange,symbol,price\n", *rows])
        (tmp_path / "t.jsonl").write_text(as_lines({**TRADE, **trade} for trade in trades))
        files = {"ticks": (tmp_path / "t.csv.gz",), "trades": tmp_path / "t.jsonl"}
        return ReplayJob(**{**files, **more})

    return made


def exits(job):
    out = io.StringIO()
    replay(job, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_exits_are_lines_of_json_in_one_order_of_keys(job):
    out = io.StringIO()
    replay(job([(0, 100), (1, "99.0")], {}), out)
    assert out.getvalue() == (
        f'{{"trade_id": "T1", "ts_ns": {AT + S}, "reason": "stop", "level": "99",'
        ' "trigger_price": "99", "best_price": null, "quantity": "10", "fill_price": "99",'
        ' "pnl": "-10"}\n'
    )


def test_a_summary_says_what_was_read_and_done(job):
    made = job([(0, 100), (1, 98), (2, 100), (3, 0), (4, 99)], {}, {"symbol": "Y"})
    lines = replay(made, io.StringIO()).splitlines()
    assert lines[0].startswith("ticks        5 of 1 instruments in 0.")
    assert lines[1:] == [
        "exits        1: 1 stop",
        "still open   1",
        "prices held  1: 0 confirmed, 1 not",
        "dropped      1",
        "no tick of   X:Y",
    ]


def test_several_recordings_are_one_market(job, tmp_path):
    made = job([(0, 100), (9, 99)], {"time_exit": {"after": "5s"}})
    other = tmp_path / "o.csv"
    other.write_text(f"ts_ns,exchange,symbol,price\n{AT + 4 * S},X,X,99.5\n")
    made = ReplayJob(ticks=(*made.ticks, other), trades=made.trades)
    (exit_,) = exits(made)
    assert (exit_["reason"], exit_["fill_price"]) == ("time", "99.5")


def test_instruments_give_the_tick_size(job, tmp_path):
    path = tmp_path / "i.json"
    listed = [{"exchange": "X", "symbol": "X", "tick_size": "0.25", "multiplier": 5}]
    path.write_text("\ufeff" + json.dumps(listed))
    (exit_,) = exits(job([(0, 99)], {"stop": "1.1pts"}, instruments=path))
    assert (exit_["level"], exit_["pnl"]) == ("99", "-50")


def test_the_gate_opens_where_it_is_asked_to(job):
    prices = [(0, 100), (1, 98), (2, 100)]
    assert exits(job(prices, {})) == []
    assert len(exits(job(prices, {}, gate=False))) == 1


@pytest.mark.parametrize(
    ("text", "prices", "leaves"),
    [
        ('[price]\ncash = { spike = "5%" }\n', [(0, 100), (1, 98)], [1]),
        (
            '[sessions.X]\nzone = "UTC"\nopen = "22:14"\nclose = "23:00"\n',
            [(39, 98), (40, 99)],
            [40],
        ),
        (
            '[sessions.X]\nzone = "Asia/Kolkata"\nopen = "00:00"\nclose = "23:00"\n',
            [(39, 100), (45, 100)],
            [40],
        ),
    ],
)
def test_a_configuration_gives_price_gate_and_sessions(job, tmp_path, text, prices, leaves):
    path = tmp_path / "config.toml"
    path.write_text(text)
    made = job(prices, {"time_exit": {"at": "03:44"}}, config=path)
    assert [(exit_["ts_ns"] - AT) // S for exit_ in exits(made)] == leaves


def test_a_silence_of_the_recording_is_no_fault(job, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('[price]\nstale_after = "10s"\n')
    timed = {"time_exit": {"after": "30s"}}
    made = job([(0, 100), (60, 98), (61, 100)], {}, timed, config=path)
    # Were the instrument blind at 30 s, its next price would be judged as it is.
    assert [exit_["reason"] for exit_ in exits(made)] == ["time"]


def test_a_bad_configuration_is_refused(job, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[price]\nspikes = 1\n")
    with pytest.raises(ConfigError, match="spikes"):
        replay(job([], {}, config=path), io.StringIO())


def test_every_trade_that_is_refused_is_told_before_any_tick_is_read(job):
    made = job([(0, "no price")], {"stop": "@101"}, {}, {"sl": 1}, {"target": "@99"})
    with pytest.raises(InputError) as caught:
        replay(made, io.StringIO())
    assert str(caught.value).splitlines() == [
        f"{made.trades}:1: stop 101 is above entry 100 for long trade T1",
        f'{made.trades}:3: sl is no key of a trade; did you mean "stop"?',
        f"{made.trades}:4: target 99 is below entry 100 for long trade T4",
    ]


def test_a_file_appears_whole_or_not_at_all(job, tmp_path):
    out = tmp_path / "exits.jsonl"
    out.write_text("old")
    with pytest.raises(InputError, match="is not a number"):
        replay(job([(0, 99), (1, "x")], {}, out=out), io.StringIO())
    assert out.read_text() == "old"
    replay(job([(0, 99)], {}, out=out), io.StringIO())
    assert json.loads(out.read_text())["trade_id"] == "T1"


def test_the_exits_never_replace_what_they_were_made_from(job, tmp_path):
    made = job([(0, 99)], {}, out=tmp_path / "t.jsonl")
    with pytest.raises(InputError, match="would replace"):
        replay(made, io.StringIO())
    assert made.trades.read_text()


def test_a_replay_reads_nothing_before_an_exit_whatever_the_broker_of_the_configuration(
    job, tmp_path
):
    path = tmp_path / "config.toml"
    path.write_text(
        'mode = "live"\n[account]\nid = "AB1234"\n[broker]\nkind = "openalgo"\n'
        'rest = "http://127.0.0.1:1"\nfeed = "ws://127.0.0.1:2"\nkey = "env:NOBODY"\n'
    )
    timed = {"time_exit": {"after": "1s"}}
    made = job([(0, 100), (1, 100)], {}, timed, config=path)
    assert [exit_["ts_ns"] - AT for exit_ in exits(made)] == [S]
