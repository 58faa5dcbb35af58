"""The scripts are run by the shells that they are for; what a machine lacks is skipped."""

import asyncio
import os
import shutil
import subprocess
import sys

import pytest

from tests.api.world import LONG
from tradebot.cli.main import COMMANDS, main

BASH = """
compopt() { :; }
complete() { :; }
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_tradebot
printf '%s\\n' "${COMPREPLY[@]}"
"""
# The completion system's own functions only show what they are given.
ZSH = """
compdef() { :; }
compadd() { shift; print -rl -- "$@"; }
_describe() { print -rl -- "${(@P)2}"; }
_files() { print -r -- "files $*"; }
source "$1"
shift
words=("$@")
CURRENT=$#
_tradebot
"""
FISH = 'source $argv[1]; complete -C "$argv[2..-1]"'


@pytest.fixture
def offered(tmp_path, capsys):
    """Return what a shell offers at the end of a line, without what it says of each word."""

    def offer(shell, *line, state=None):
        if shutil.which(shell) is None:
            pytest.skip(f"there is no {shell} on this machine")
        assert main(["completion", shell]) == 0
        (tmp_path / "script").write_text(capsys.readouterr().out)
        (tmp_path / "tradebot").write_text(
            f"#!{sys.executable}\n"
            "import sys\nfrom tradebot.cli.main import main\nsys.exit(main())\n"
        )
        (tmp_path / "tradebot").chmod(0o755)
        environ = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "HOME": str(tmp_path),
            "TRADEBOT_STATE_DIR": str(state or tmp_path / "none"),
        }
        if shell == "fish":
            command = ["fish", "-N", "-c", FISH, str(tmp_path / "script"), "tradebot", *line]
        else:
            code = {"bash": BASH, "zsh": ZSH}[shell]
            rest = ["-c", code, shell, str(tmp_path / "script"), "tradebot", *line]
            command = [shell, *(["-f"] if shell == "zsh" else []), *rest]
        done = subprocess.run(
            command, env=environ, check=False, capture_output=True, text=True, timeout=50
        )
        assert done.stderr == ""
        separator = {"zsh": ":", "fish": "\t"}.get(shell, "\n")
        return [word.partition(separator)[0] for word in done.stdout.splitlines()]

    return offer


SHELLS = ["bash", "zsh", "fish"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_offered(offered, shell):
    assert set(COMMANDS) <= set(offered(shell, ""))


@pytest.mark.parametrize("shell", SHELLS)
def test_options_are_those_of_the_command(offered, shell):
    words = offered(shell, "exit", "--")
    assert {"--all", "--yes", "--no-wait", "--timeout"} <= set(words)
    assert "--once" not in words


@pytest.mark.parametrize("shell", SHELLS)
def test_choices_are_offered(offered, shell):
    assert {"stop", "target", "trail", "breakeven", "time"} <= set(
        offered(shell, "update", "T1", "--remove", "")
    )
    assert set(SHELLS) <= set(offered(shell, "completion", ""))


@pytest.mark.parametrize("shell", SHELLS)
def test_actions_below_a_command_are_offered_with_their_options(offered, shell):
    assert {"create", "list", "revoke"} <= set(offered(shell, "keys", ""))
    words = offered(shell, "keys", "create", "--")
    assert {"--name", "--scope"} <= set(words)
    assert "--all" not in words


@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_daemon_no_trade_is_offered(offered, shell):
    assert not any(word.startswith("T") for word in offered(shell, "exit", ""))


@pytest.mark.parametrize("shell", SHELLS)
async def test_trades_and_strategies_are_those_of_the_daemon(world, offered, shell, tmp_path):
    await world.trades.create(LONG | {"strategy": "swing"})
    await world.trades.create(LONG | {"strategy": "$(rm -rf x)"})  # nothing for a shell
    line = ["exit", "T"] if shell == "fish" else ["exit", ""]
    words = await asyncio.to_thread(offered, shell, *line, state=tmp_path)
    assert [word for word in words if word.startswith("T")] == ["T1", "T2"]
    words = await asyncio.to_thread(offered, shell, "exit", "--strategy", "", state=tmp_path)
    assert [word for word in words if word] == ["swing"]


def test_a_directory_named_on_the_line_is_the_one_that_is_asked(offered, tmp_path):
    (tmp_path / "daemon.json").write_text('{"address": "127.0.0.1:1"}')
    assert offered("bash", "exit", "--state-dir", str(tmp_path), "") == [""]


def test_files_and_directories_complete_as_such(offered, tmp_path):
    (tmp_path / "ticks.csv").touch()
    assert offered("bash", "replay", "--ticks", f"{tmp_path}/ti") == [f"{tmp_path}/ticks.csv"]
    assert offered("bash", "status", "--state-dir", f"{tmp_path}/ti") == [""]


def test_another_shell_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as end:
        main(["completion", "csh"])
    assert end.value.code == 2
