"""Scripts that complete a command line in bash, zsh and fish."""

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Option(NamedTuple):
    """One option of a command, or, without names, an argument."""

    names: tuple[str, ...]
    help: str
    kind: str  # of its value: trades, strategies, directories, files, "" for any, "-" for none
    choices: tuple[str, ...] = ()


class Command(NamedTuple):
    """One command, or an action below one, as a shell needs it."""

    words: tuple[str, ...]  # that lead to it
    options: tuple[Option, ...]
    arguments: tuple[Option, ...]
    below: tuple[tuple[str, str], ...]  # commands that may follow, with what they do

    @property
    def at(self) -> str:
        """The words that lead to it, as one pattern."""
        return "/".join(self.words)


# Only plain words are offered: a strategy's name may hold what a shell would run.
_SED = r"""sed -n 's/^ *"'"$1"'": "\([[:alnum:]_.:-]*\)",\{0,1\}$/\1/p' | sort -u"""
_KEYS = {"trades": "trade_id", "strategies": "strategy"}

_BASH_LISTED = f"""\
_tradebot_listed() {{
    local i state=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${{COMP_WORDS[i]}} == --state-dir ]]; then
            state=(--state-dir "${{COMP_WORDS[i + 1]/#\\~/$HOME}}")
        fi
    done
    "${{COMP_WORDS[0]}}" trades --json "${{state[@]}}" 2>/dev/null | {_SED}
}}
"""
_ZSH_LISTED = f"""\
_tradebot_listed() {{
    local i state=()
    for ((i = 2; i < CURRENT; i++)); do
        if [[ ${{words[i]}} == --state-dir ]]; then
            state=(--state-dir "${{words[i + 1]/#\\~/$HOME}}")
        fi
    done
    "${{words[1]}}" trades --json "${{state[@]}}" 2>/dev/null | {_SED}
}}
"""
_FISH_LISTED = """\
function __tradebot_listed
    set -l words (commandline -opc)
    set -l state
    if set -l at (contains -i -- --state-dir $words)
        set state --state-dir (string replace -r '^~' $HOME -- $words[(math $at + 1)])
    end
    $words[1] trades --json $state 2>/dev/null |
        string match -rg '^ *"'$argv[1]'": "([A-Za-z0-9_.:-]+)",?$' | sort -u
end
"""


def bash(commands: Sequence[Command]) -> Iterator[str]:
    """Yield the lines of a script for bash."""
    yield "# Completes tradebot in bash; made by: tradebot completion bash"
    yield _BASH_LISTED
    yield "_tradebot() {"
    yield '    local at="" word cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}'
    yield "    local words=()"
    yield '    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do'
    yield from _path_lines(commands)
    yield "    done"
    yield "    COMPREPLY=()"
    yield '    case "$at:$prev" in'
    for pattern, option in _valued(commands):
        yield f"        {pattern}) {_bash_value(option)} ;;"
    yield '        *) case "$at" in'
    for command in commands:
        yield f"            {shlex.quote(command.at)}) {_bash_words(command)} ;;"
    yield "        esac ;;"
    yield "    esac"
    # No `compgen -W`: it would run what stands in a word.
    yield '    for word in "${words[@]}"; do'
    yield '        if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi'
    yield "    done"
    yield "}"
    yield "complete -F _tradebot tradebot"


def zsh(commands: Sequence[Command]) -> Iterator[str]:
    """Yield the lines of a script for zsh."""
    yield "#compdef tradebot"
    yield "# Completes tradebot in zsh; made by: tradebot completion zsh"
    yield _ZSH_LISTED
    yield "_tradebot() {"
    yield '    local at="" word cur=${words[CURRENT]} prev=${words[CURRENT-1]}'
    yield "    local -a offered"
    yield '    for word in "${(@)words[2,CURRENT-1]}"; do'
    yield from _path_lines(commands)
    yield "    done"
    yield '    case "$at:$prev" in'
    for pattern, option in _valued(commands):
        yield f"        {pattern}) {_zsh_value(option)}; return ;;"
    yield "    esac"
    yield '    case "$at" in'
    for command in commands:
        below = [f"{name}:{text}" for name, text in command.below]
        options = [f"{n}:{option.help}" for option in command.options for n in option.names]
        values = [_zsh_value(argument) for argument in command.arguments]
        if below:
            values = [_zsh_described(below)]
        known = "; ".join(value for value in values if value != ":") or _zsh_described(options)
        line = f"if [[ $cur == -* ]]; then {_zsh_described(options)}; else {known}; fi"
        yield f"        {shlex.quote(command.at)}) {line} ;;"
    yield "    esac"
    yield "}"
    yield "compdef _tradebot tradebot"


def fish(commands: Sequence[Command]) -> Iterator[str]:
    """Yield the lines of a script for fish."""
    yield "# Completes tradebot in fish; made by: tradebot completion fish"
    yield _FISH_LISTED
    yield "function __tradebot_at"
    yield "    set -l at"
    yield "    for word in (commandline -opc)[2..-1]"
    yield '        switch "$at/$word"'
    yield f"            case {' '.join(_paths(commands))}"
    yield '                set at (string trim -l -c / -- "$at/$word")'
    yield "        end"
    yield "    end"
    yield '    test "$at" = "$argv[1]"'
    yield "end"
    yield "complete -c tradebot -f"
    for command in commands:
        line = f"complete -c tradebot -n {_fish_quoted(f'__tradebot_at {command.at or _EMPTY}')}"
        for name, text in command.below:
            yield f"{line} -a {name} -d {_fish_quoted(text)}"
        for option in command.options:
            yield f"{line} {_fish_option(option)}"
        for argument in command.arguments:
            if value := _fish_value(argument):
                yield f"{line} {value}"


_EMPTY = "''"


def _paths(commands: Sequence[Command]) -> Iterator[str]:
    for command in commands:
        if command.words:
            yield f"{'/'.join(command.words[:-1])}/{command.words[-1]}"


def _path_lines(commands: Sequence[Command]) -> Iterator[str]:
    """Yield the lines that find out which command the line is at."""
    yield '        case "$at/$word" in'
    yield f"            {'|'.join(_paths(commands))}) at=${{at:+$at/}}$word ;;"
    yield "        esac"


def _valued(commands: Sequence[Command]) -> Iterator[tuple[str, Option]]:
    """Yield each option that takes a value, with the pattern that finds it."""
    for command in commands:
        for option in command.options:
            if option.kind != "-":
                yield "|".join(shlex.quote(f"{command.at}:{n}") for n in option.names), option


def _bash_value(option: Option) -> str:
    if option.choices:
        return f"words=({' '.join(map(shlex.quote, option.choices))})"
    match option.kind:
        case "directories":
            return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur")'
        case "files":
            return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")'
        case "trades" | "strategies":
            return f"mapfile -t words < <(_tradebot_listed {_KEYS[option.kind]})"
        case _:
            return ":"


def _bash_words(command: Command) -> str:
    names = [name for option in command.options for name in option.names]
    options = f"words=({' '.join(map(shlex.quote, names))})"
    values = [_bash_value(argument) for argument in command.arguments]
    if command.below:
        values = [f"words=({' '.join(name for name, _ in command.below)})"]
    known = "; ".join(value for value in values if value != ":")
    return f"if [[ $cur == -* ]]; then {options}; else {known}; fi" if known else options


def _zsh_described(rows: Sequence[str]) -> str:
    return f"offered=({' '.join(map(shlex.quote, rows))}); _describe tradebot offered"


def _zsh_value(option: Option) -> str:
    if option.choices:
        return f"compadd -- {' '.join(map(shlex.quote, option.choices))}"
    match option.kind:
        case "directories":
            return "_files -/"
        case "files":
            return "_files"
        case "trades" | "strategies":
            return f'compadd -- "${{(@f)$(_tradebot_listed {_KEYS[option.kind]})}}"'
        case _:
            return ":"


def _fish_option(option: Option) -> str:
    names = " ".join(
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    )
    value = "" if option.kind == "-" else f" {_fish_value(option) or '-x'}"
    return f"{names} -d {_fish_quoted(option.help)}{value}"


def _fish_value(option: Option) -> str:
    """Return how a value is completed; empty where nothing is known of it."""
    if option.choices:
        return f"-x -a {_fish_quoted(' '.join(option.choices))}"
    match option.kind:
        case "directories":
            return "-x -a '(__fish_complete_directories)'"
        case "files":
            return "-r -F"
        case "trades" | "strategies":
            return f"-x -a '(__tradebot_listed {_KEYS[option.kind]})'"
        case _:
            return ""


def _fish_quoted(text: str) -> str:
    """Return a text in single quotes, within which fish knows two escapes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
