"""``tradebot replay`` ends with the right code and one line for what is wrong."""

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tradebot.cli.main import main
from tradebot.core.checkpoint import checkpoint
from tradebot.core.engine import Engine
from tradebot.core.inputs import Timer
from tradebot.core.intents import AskQuote
from tradebot.core.policy import Policy
from tradebot.core.recording import Head, Scribe
from tradebot.stores.recording_files import INPUTS, TICKS, part_name

ROOT = Path(__file__).parents[2]
AT = 1_700_000_000_000_000_000


def zipped(data: bytes) -> bytes:
    """Return gzip data that is the same in every process: it names the tests."""
    return gzip.compress(data, mtime=0)


HEAD = "ts_ns,exchange,symbol,price,qty,bid,ask\n"
GOOD = f"{HEAD}{AT},X,A,100,1,,\n{AT + 1},X,A,99,1,99,\n"
TRADE = {
    "exchange": "X",
    "symbol": "A",
    "side": "LONG",
    "quantity": 10,
    "entry_price": 100,
    "opened_at_ns": AT,
    "stop": "1pts",
}
TICK = {"exchange": "X", "symbol": "A", "tick_size": "0.05"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv.gz").write_bytes(zipped(GOOD.encode()))
    Path("t.jsonl").write_text(json.dumps(TRADE) + "\n")
    return tmp_path


def run(*more):
    return main(["replay", "--ticks", "t.csv.gz", "--trades", "t.jsonl", *more])


def started(*more, **pipes):
    words = [
        sys.executable,
        "-c",
        "import sys; from tradebot.cli.main import main; sys.exit(main())",
    ]
    words += ["replay", "--ticks", "t.csv.gz", "--trades", "t.jsonl", *more]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True, **pipes)


def test_exits_go_to_stdout_and_the_summary_to_stderr(folder, capsys):
    assert run() == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["reason"] == "stop"
    assert "still open   0" in said.err


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (f"{AT},X,A\n", "t.csv.gz:2: 3 of 7 columns, 'price' is missing"),
        (f"{AT},X,A,1,2,3,4,5\n", "t.csv.gz:2: 8 columns, the header has 7"),
        ("noon,X,A,1,1,,\n", "t.csv.gz:2: ts_ns = 'noon' is not a time"),
        ("1700000000,X,A,1,1,,\n", "is not between 1990 and 2100"),
        (f"{AT},X,A,1,1,,\n{AT - 1},X,A,1,1,,\n", "t.csv.gz:3: ts_ns"),
        (f"{AT},,A,1,1,,\n", "exchange = '' is empty"),
        (f"{AT},X:Y,A,1,1,,\n", "holds a colon"),
        (f"{AT},X,A,one,1,,\n", "price = 'one' is not a number"),
        (f"{AT},X,A,1,-1,,\n", "qty = '-1' is not a quantity"),
        (f"{AT},X,A,1,1,x,\n", "bid = 'x' is not a number"),
        (f'{AT},X,"A,1,1,,\n', "a quote that does not end"),
    ],
)
def test_a_bad_tick_row_is_named(folder, capsys, rows, says):
    Path("t.csv.gz").write_bytes(zipped((HEAD + rows).encode()))
    assert run() == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (GOOD.encode(), "is named .gz and is not gzip data"),
        (zipped(GOOD.encode())[:-4], "the gzip data is cut off"),
        (b"\x1f\x8b" + b"junk" * 9, "gzip data is damaged"),
        (zipped(b"time,price\n"), "did you mean 'ts_ns'?"),
        (zipped(GOOD.encode().replace(b"A,100", b"\xff,100")), "t.csv.gz:2: symbol"),
    ],
)
def test_a_bad_tick_file_is_named(folder, capsys, content, says):
    Path("t.csv.gz").write_bytes(content)
    assert run() == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--ticks", "--trades", "--instruments", "--config"])
@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_bad_input(folder, capsys, option, kind):
    Path("folder").mkdir()
    assert run(option, kind) == 2
    assert kind in capsys.readouterr().err


def test_every_refused_trade_is_a_line(folder, capsys):
    lines = [TRADE, {**TRADE, "stop": "@101"}, {**TRADE, "sl": 1}, {**TRADE, "quantity": 0}]
    Path("t.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines) + " [\n")
    assert run() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "t.jsonl:2: stop 101 is above entry 100 for long trade T2",
        't.jsonl:3: sl is no key of a trade; did you mean "stop"?',
        "t.jsonl:4: quantity = 0: must be a number above 0, at most 1e15, with at most 18 decimals",
        "t.jsonl:5: this is not JSON at column 2: Expecting value",
    ]


def test_no_trade_at_all_is_a_mistake(folder, capsys):
    Path("t.jsonl").write_text("\n")
    assert run() == 2
    assert "there is no trade in it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([{**TICK, "tick_size": 0}], "i.json: instrument 1: tick_size = 0"),
        ([{**TICK, "tick_size": -1}], "tick_size = -1"),
        ([TICK, TICK], "instrument 2: X:A is there twice"),
        ([{**TICK, "ticksize": 1}], 'did you mean "tick_size"?'),
        ({}, "must be an array"),
    ],
)
def test_a_bad_list_of_instruments_is_named(folder, capsys, content, says):
    Path("i.json").write_text(json.dumps(content))
    assert run("--instruments", "i.json") == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("out", ["missing/exits.jsonl", "."])
def test_exits_that_cannot_be_written_are_an_io_error(folder, capsys, out):
    assert run("--out", out) == 74
    assert capsys.readouterr().err.startswith(f"{out}: cannot be written: ")
    assert sorted(path.name for path in folder.iterdir()) == ["t.csv.gz", "t.jsonl"]


def test_a_usage_that_is_wrong_is_code_2(folder, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["replay", "--ticks", "t.csv.gz"])
    assert caught.value.code == 2
    assert "--trades" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--ticks", "t", "--recording", "r"], "--recording has its own: leave out --ticks"),
        (
            ["--recording", "r", "--no-gate", "--config", "c"],
            "--recording has its own: leave out --config, --no-gate",
        ),
        (["--ticks", "t", "--trades", "t", "--check"], "--check compares with a session"),
        (["--trades", "t"], "required: --ticks"),
    ],
)
def test_options_that_make_no_question_are_a_usage_error(folder, capsys, words, says):
    with pytest.raises(SystemExit) as caught:
        main(["replay", *words])
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


def a_recording(directory, said):
    """Record one timer, to which an engine says nothing."""
    scribe = Scribe()
    head = Head(recording="r", number=1, begun_ns=AT, program="1")
    list(scribe.begin(head, checkpoint(Engine(Policy()))))
    scribe.take(Timer(AT))
    for answer in said:
        scribe.say(answer)
    scribe.end("stopped")
    directory.mkdir()
    for kind, text in zip((TICKS, INPUTS), scribe.taken(), strict=True):
        (directory / (part_name(AT, 1) + kind)).write_bytes(zipped(text))


def test_a_recording_is_replayed_and_checked(folder, capsys):
    a_recording(folder / "r", [])
    assert main(["replay", "--recording", "r", "--check"]) == 0
    assert "the same     all 0 events" in capsys.readouterr().err


def test_a_recording_that_was_decided_otherwise_is_code_1(folder, capsys):
    a_recording(folder / "r", [AskQuote("X:A", "why")])
    assert main(["replay", "--recording", "r"]) == 0
    assert "the same" not in capsys.readouterr().err
    assert main(["replay", "--recording", "r", "--check"]) == 1
    assert capsys.readouterr().err.splitlines()[-2:] == [
        '  live said  ["AskQuote",{"instrument":"X:A","why":"why"}]',
        "  this says  nothing",
    ]


def test_a_directory_that_holds_no_recording_is_bad_input(folder, capsys):
    assert main(["replay", "--recording", "."]) == 2
    assert capsys.readouterr().err == ".: there is no recording in it\n"


def test_a_reader_that_leaves_is_no_error_to_tell(folder):
    reads, writes = os.pipe()
    os.close(reads)
    with started(stdout=writes) as process:
        os.close(writes)
        assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 141


def test_a_full_disk_behind_stdout_is_an_io_error(folder):
    with Path("/dev/full").open("w") as full, started(stdout=full) as process:
        assert process.communicate(timeout=30)[1] == (
            "stdout: cannot be written: No space left on device\n"
        )
    assert process.returncode == 74


def test_ctrl_c_ends_it_without_a_traceback_and_without_half_a_file(folder):
    os.mkfifo("waits.jsonl")  # the replay waits for a line while it reads the trades
    process = started("--trades", "waits.jsonl", "--out", "exits.jsonl")
    with process, Path("waits.jsonl").open("w"):
        process.send_signal(signal.SIGINT)
        assert "Traceback" not in process.communicate(timeout=50)[1]
    assert process.returncode == 130
    assert not Path("exits.jsonl").exists()
