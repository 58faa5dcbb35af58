"""Bad command lines, and places that a command cannot use."""

import json
import shlex

from tests.bad_inputs.rows import TAKEN, Command, folder, hidden, locked, no_key

HEAD = "ts_ns,exchange,symbol,price\n"
NO_FLAGS = {"config.toml": ""}
HERE = {"address": "127.0.0.1:1", "pid": 1}  # nobody listens at the first port
KEY = "tb_a-key-of-a-test\n"


def _line(words, code, *says, **more):
    """Return a row: this command line is refused with these words."""
    return Command(f"`tradebot {shlex.join(words)}`", tuple(words), code, says, **more)


def _daemon(given, code, *says, daemon=HERE, key=KEY):
    """Return a row: a local command finds this in the state directory."""
    files = {"state/daemon.json": daemon, "state/admin.key": key}
    files = {name: json.dumps(c) if isinstance(c, dict) else c for name, c in files.items()}
    return Command(given, ("why", "T1"), code, says, files=files)


def _start(given, code, *says, **more):
    """Return a row: a daemon that finds this does not start."""
    return Command(given, ("run", "--port", "0"), code, says, **more)


USAGE = (
    _line([], 2, "COMMAND"),
    _line(["replya"], 2, "no command 'replya'; did you mean \"replay\"?"),
    _line(["frobnicate"], 2, "no command 'frobnicate'; there are run, "),
    _line(["run", "now"], 2, "unrecognized arguments: now"),
    _line(["run", "--live"], 2, "unrecognized arguments: --live"),
    _line(["check", "--explian"], 2, "unrecognized arguments: --explian"),
    _line(["check", "-c"], 2, "argument -c/--config: expected one argument"),
    _line(["alerts", "--severity", "bad"], 2, "invalid choice: 'bad' (choose from"),
    _line(["why"], 2, "the following arguments are required: TRADE"),
    _line(["replay"], 2, "the following arguments are required: --ticks, --trades"),
    _line(["replay", "--ticks"], 2, "argument --ticks: expected at least one argument"),
)
NOBODY_THERE = (
    _line(["watch", "--once"], 3, "no daemon runs: there is no state/daemon.json"),
    _line(["why", "T1"], 3, "no daemon runs: there is no state/daemon.json"),
    _line(["why", "T1", "--state-dir", "x"], 3, "there is no x/daemon.json"),
    _daemon("a daemon.json of a daemon that is gone", 3, "no daemon answers at 127.0.0.1:1"),
    _daemon("a daemon.json that is cut off", 3, "does not say where", daemon='{"addr'),
    _daemon("a daemon.json without an address", 3, "does not say where", daemon="{}"),
    _daemon("a daemon.json that is a list", 3, "does not say where", daemon="[]"),
    _daemon("a daemon.json with a port that is none", 3, "where", daemon={"address": "h:99999"}),
    _daemon("a folder named daemon.json", 74, "state/daemon.json", daemon=folder),
    _daemon("an admin.key of another user", 77, "state/admin.key", key=hidden),
    _daemon("an admin.key that is no text", 3, "state/admin.key holds no key", key=b"\xff\n"),
    _daemon("an admin.key of two lines", 3, "state/admin.key holds no key", key="a\nb\n"),
    _daemon("an empty admin.key", 3, "state/admin.key holds no key", key=""),
)
STATE = (
    _line(
        ["run", "--port", "0", "--state-dir", "file"],
        74,
        "the state directory file cannot be used: File exists",
        files={**NO_FLAGS, "file": ""},
    ),
    _line(
        ["run", "--port", "0", "--state-dir", "file/state"],
        74,
        "the state directory file/state cannot be used: ",
        files={**NO_FLAGS, "file": ""},
    ),
    _line(
        ["run", "--port", "0", "--state-dir", "locked/state"],
        77,
        "the state directory locked/state cannot be used: ",
        files={**NO_FLAGS, "locked": locked},
    ),
    _line(
        ["run", "--port", "0", "--state-dir", ""],
        2,
        "argument --state-dir: is empty; name a path, or leave the option out",
        files=NO_FLAGS,
    ),
    Command(
        "`TRADEBOT_STATE_DIR=file`",
        ("run", "--port", "0"),
        74,
        ("the state directory file cannot be used",),
        {"TRADEBOT_STATE_DIR": "file"},
        files={**NO_FLAGS, "file": ""},
    ),
    _start(
        "a tradebot.db that is no database",
        74,
        "tradebot.db",
        files={**NO_FLAGS, "state/tradebot.db": b"not a database" * 100},
        writes=("state",),
    ),
    _start(
        "a paper.db that is no database",
        69,
        "paper.db, the paper world's file: file is not a database",
        files={**NO_FLAGS, "state/paper.db": b"not a database" * 100},
        writes=("state",),
    ),
    _start(
        "an admin.key that is empty, in the daemon",
        74,
        "state/admin.key is empty; remove it to have a new key made",
        files={**NO_FLAGS, "state/admin.key": no_key},
        writes=("state",),
    ),
    _line(
        ["run", "--port", TAKEN],
        75,
        "cannot listen at 127.0.0.1:",
        "Address already in use",
        files=NO_FLAGS,
        writes=("state",),
    ),
    _line(["run", "--host", "0.0.0.0"], 78, "an address of this machine alone", files=NO_FLAGS),
    _line(["run", "--port", "x"], 78, "port 0 to 65535", files=NO_FLAGS),
    _line(["run"], 78, "config.toml: no such file"),
)


def _recording(given, says, *, recording=HEAD, **files):
    """Return a row: the daemon is to replay this, and does not start."""
    config = 'paper.market = "replay"\npaper.replay_files = ["t.csv"]\n'
    if files:
        config += 'paper.instruments_file = "i.json"\n'
    return Command(
        f"{given}, in the daemon",
        ("run", "--port", "0"),
        69,
        ("daemon.refused", says),
        files={"config.toml": config, "t.csv": recording}
        | {f"{name}.json": content for name, content in files.items()},
        writes=("state",),
    )


RECORDINGS = (
    _recording("no header", "t.csv:1: the header is missing", recording="17000,X,A,1\n"),
    _recording("an empty recording", "t.csv: the file is empty", recording=""),
    _recording("damaged gzip", "t.csv: the gzip data is damaged", recording=b"\x1f\x8bjunk" * 9),
    _recording("a hidden recording", "t.csv: Permission denied", recording=hidden),
    _recording("instruments that are no list", "i.json: {...}: must be an array", i="{}"),
    _recording("half an instrument", "i.json: instrument 1: ", i='[{"exchange": "X"}]'),
    _recording("instruments that are not UTF-8", "i.json: 'utf-8' codec", i=b"\xff"),
)
