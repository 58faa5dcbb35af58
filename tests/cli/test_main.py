"""A command is found, run and answered with an exit code; a mistake never shows a traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tradebot.cli import main as cli
from tradebot.cli.client import AnswerError, NotRunningError
from tradebot.config import BadSettingsError
from tradebot.errors import BrokerError, ConfigError, InputError


@pytest.fixture
def a_command(monkeypatch):
    """Put a command in the place of ``watch``."""

    def put(main):
        command = SimpleNamespace(
            add_arguments=lambda parser: parser.add_argument("--number", type=int), main=main
        )
        monkeypatch.setitem(sys.modules, "tradebot.cli.watch", command)

    return put


def process(*arguments, **more):
    code = "import sys; from tradebot.cli.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], check=False, text=True, timeout=30, **more
    )


def test_the_chosen_command_runs_with_its_arguments(a_command):
    a_command(lambda args: args.number)
    assert cli.main(["watch", "--number", "7"]) == 7


def test_only_the_chosen_command_is_imported():
    code = (
        "import sys; from tradebot.cli.main import main; main(['version']);"
        "print({'litestar', 'uvicorn', 'aiohttp', 'tradebot.app.app'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[1] == "set()"


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--help"])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert all(f"{name} " in out for name in cli.COMMANDS)


def test_without_a_command_help_goes_to_the_error_stream(capsys):
    assert cli.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "COMMAND" in err


def test_the_version_is_an_option_too(capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("tradebot ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["replya"], "no command 'replya'; did you mean \"replay\"?"),
        (["chek", "--json"], 'did you mean "check"?'),
        (["frobnicate"], f"there are {', '.join(cli.COMMANDS)}"),
        (["a\nb"], "no command 'a\\nb'"),
    ],
)
def test_a_mistyped_command_leads_to_the_right_one(words, says, capsys):
    assert cli.main(words) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["status", "--jsn"],
            'status: error: unrecognized arguments: --jsn; did you mean "--json"?',
        ),
        (["check", "--expl=1"], '--expl=1; did you mean "--explain"?'),
        (["history", "--lmit", "5"], 'arguments: --lmit 5; did you mean "--limit"?'),
        (
            ["--verson"],
            'tradebot: error: unrecognized arguments: --verson; did you mean "--version"?',
        ),
        (["status", "--zzzzz"], "unrecognized arguments: --zzzzz\n"),
        (["completion", "bsh"], "invalid choice: 'bsh' (choose from 'bash', 'zsh', 'fish')"),
    ],
)
def test_a_mistyped_option_leads_to_the_right_one(words, says, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--nope"], ["check", "--nope"], ["check", "--expl"], ["-x"]])
def test_a_mistyped_option_is_a_usage_error(words, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    assert end.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("stop", "stop = 2 is not a level"), 2),
        (ConfigError("no"), 78),
        (BadSettingsError((), unreadable=True), 77),
        (NotRunningError("no daemon runs"), 3),
        (AnswerError("bad_request", "reason = 'x' is not known", {}), 2),
        (AnswerError("refused", "trade T1 is over", {}), 1),
        (BrokerError("no"), 1),
        (PermissionError(errno.EACCES, "permission denied"), 77),
        (OSError(errno.ENOSPC, "no space left on device"), 74),
        (BrokenPipeError(), 141),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_ends_in_one_line_and_an_exit_code(error, code, a_command, capsys, monkeypatch):
    def fail(_):
        raise error

    monkeypatch.setattr(cli, "_forget_output", lambda: None)  # pytest reads it
    a_command(fail)
    assert cli.main(["watch"]) == code
    assert capsys.readouterr().err.count("\n") == (0 if code > 100 else 1)


def test_an_error_of_a_file_begins_with_its_name(a_command, capsys):
    a_command(lambda _: Path("missing").read_text())
    assert cli.main(["watch"]) == 74
    assert capsys.readouterr().err == "tradebot: missing: No such file or directory\n"


def test_a_file_that_may_not_be_read_is_a_matter_of_permission():
    assert cli.exit_code(BadSettingsError(())) == 78
    assert cli.exit_code(BadSettingsError((), unreadable=True)) == 77


COMMANDS_OF_A_DAEMON = (["status"], ["trades"], ["history"], ["exit", "T1", "--yes"])


@pytest.mark.parametrize("words", [*COMMANDS_OF_A_DAEMON, ["update", "T1", "--stop", "1%"]])
def test_without_a_daemon_each_command_says_so_in_one_line(words, tmp_path, capsys):
    assert cli.main([*words, "--state-dir", str(tmp_path)]) == 3
    out, err = capsys.readouterr()
    assert f"no daemon runs: there is no {tmp_path}/daemon.json" in out + err
    assert (out + err).count("\n") == 1


@pytest.mark.parametrize("words", COMMANDS_OF_A_DAEMON)
def test_a_command_beside_the_daemon_imports_no_settings_and_no_server(words, tmp_path):
    heavy = "{'msgspec', 'rich', 'litestar', 'uvloop', 'tradebot.config', 'importlib.metadata'}"
    line = [*words, "--state-dir", str(tmp_path)]
    code = (
        f"import sys; from tradebot.cli.main import main; main({line});"
        f"print(sorted({heavy} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_broken_pipe_is_quiet(tmp_path):
    # A pipe holds 64 KiB; the reader is gone before that much is written.
    lines = "\n".join(f'[sessions.E{n}]\nopen = "09:15"\nclose = "15:30"' for n in range(2000))
    (tmp_path / "config.toml").write_text(lines)
    script = (
        f"{sys.executable} -c 'import sys; from tradebot.cli.main import main; sys.exit(main())'"
        f" check --explain -c {tmp_path}/config.toml | head -1; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "141"
    assert done.stderr == ""


def test_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as full:
        done = process("version", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 74
    assert done.stderr.splitlines()[0].endswith("No space left on device")
    assert "Traceback" not in done.stderr


def test_a_file_name_that_is_no_text_is_shown_all_the_same(tmp_path):
    name = bytes(tmp_path) + b"/\xff.toml"
    Path(os.fsdecode(name)).touch()
    done = process("check", "-c", name, capture_output=True)
    assert done.returncode == 0
    assert "\\udcff.toml: all is right" in done.stdout


def test_a_process_without_an_output_still_answers(monkeypatch, a_command):
    a_command(lambda _: 0)
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["watch"]) == 0
