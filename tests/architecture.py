"""The rules of the house as functions over a source tree; each returns what breaks it.

tests/test_architecture.py holds them against this checkout, and against small trees that
break them on purpose.
"""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

LINES_PER_FILE_MAX = 400
LINES_PER_FUNCTION_MAX = 60

ROOMS = {  # a room, and the rooms that it may import besides itself and errors
    "errors": set(),
    "core": set(),
    "ports": {"core"},
    "clock": set(),
    "metrics": set(),
    "log": set(),
    "config": {"core"},
    "brokers": {"core", "ports", "metrics"},
    "stores": {"core", "ports", "metrics"},
    "bus": {"core", "ports", "metrics"},
    "alerts": {"core", "ports", "metrics"},
    "services": {"core", "ports", "metrics"},
    "api": {"services", "core", "ports", "metrics"},
    "app": {
        *{"core", "ports", "clock", "metrics", "log", "config"},
        *{"brokers", "stores", "bus", "alerts", "services", "api"},
    },
    "cli": {"app", "config"},
    "__main__": {"cli"},
    "daemon": {"app", "config"},
}
ROOMS_ALONE = {"errors"}  # even their own parts import nothing of ours

PURE_LIBRARY = {
    *{"__future__", "abc", "bisect", "collections", "contextlib", "dataclasses", "datetime"},
    *{"decimal", "enum", "fractions", "functools", "hashlib", "heapq", "itertools", "math"},
    *{"msgspec", "operator", "re", "string", "typing", "zoneinfo"},
}
PURE_OUTSIDE_CORE = re.compile(
    r"tradebot\.brokers\.\w+\.wire(?:\.\w+)?|tradebot\.stores\.rows|tradebot\.api\.shapes"
    r"|tradebot\.alerts\.telegram_wire"
    r"|tradebot\.brokers\.openalgo\.(?:calls\.(?:budget|lockout)|books\.(?:known_orders|sightings|deliveries)"
    r"|stream\.(?:tick_times|watch))"
)
PURE_OUTSIDE_CORE_LIBRARY = PURE_LIBRARY | {"base64", "binascii", "hmac", "json", "urllib"}
IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "breakpoint", "__import__"}
IMPURE_METHODS = {"now", "utcnow", "today", "time_ns", "perf_counter", "monotonic"}

MAY_CATCH_ALL = {"tradebot.services.supervisor", "tradebot.services.executor"}
MAY_START_TASKS = {"tradebot.services.supervisor"}

FOLDERS_OF_ONE_MACHINE = re.compile(r"(?<![\w.:/~<-])/(?:home|root|work|Users|opt|mnt|tmp)/\w")
FOLDERS_OF_A_SYSTEM = re.compile(r"(?<![\w.:/~<-])/(?:usr|etc|var|srv)/\w")
REGISTRIES = re.compile(
    r"pypi\.(?:org|python)|pythonhosted|npmjs|registry\.yarn|deb\.debian|debian\.org/debian"
    r"|--(?:extra-)?index-url|--find-links|crates\.io"
)
# A unit, a package and a guide to deployment tell where things lie on a system.
MAY_NAME_SYSTEM_FOLDERS = re.compile(r"systemd/.*|packaging/.*|docs/.*|[^/]*\.md|Containerfile")
WORK_LEFT = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
NOT_CODE = {".md", ".lock", ".png", ".svg", ".ico", ".woff2", ".db", ".gz"}

Tree = dict[str, tuple[Path, ast.Module]]


def program(root: Path) -> Tree:
    """Parse every module of the program (tradebot/ and daemon.py), by dotted name."""
    paths = [*sorted((root / "tradebot").rglob("*.py")), root / "daemon.py"]
    return {
        module_name(root, path): (path, ast.parse(path.read_text()))
        for path in paths
        if path.exists()
    }


def module_name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tracked_files(root: Path) -> list[Path]:
    """List what git tracks or would; in a tree without git, every file."""
    if (root / ".git").exists():
        command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        paths = [root / line for line in listed.splitlines()]
    else:
        paths = sorted(root.rglob("*"))
    return [path for path in paths if path.is_file()]


def imports(tree: Tree, name: str) -> Iterator[tuple[str, int, bool]]:
    """Yield (module, line, only for type checking) for each import in ``name``."""
    path, module = tree[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node, typing_only in _import_nodes(module, typing_only=False):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, typing_only
            continue
        source = node.module or ""
        if node.level:
            parts = package.split(".")
            source = ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [source])])
        for alias in node.names:
            part = f"{source}.{alias.name}"
            yield (part if part in tree else source), node.lineno, typing_only


def _import_nodes(
    node: ast.AST, *, typing_only: bool
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, typing_only
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for part in child.body:
                yield from _import_nodes(ast.Module([part], []), typing_only=True)
            for part in child.orelse:
                yield from _import_nodes(ast.Module([part], []), typing_only=typing_only)
        else:
            yield from _import_nodes(child, typing_only=typing_only)


def room_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "tradebot" and len(parts) > 1 else parts[0]


def venue_of(name: str) -> str | None:
    parts = name.split(".")
    return parts[2] if room_of(name) == "brokers" and len(parts) > 2 else None


def wrong_imports(root: Path) -> list[str]:
    """Find imports that the table of rooms does not allow, also those for types alone."""
    tree, wrong = program(root), []
    for name in tree:
        room = room_of(name)
        if name != "tradebot" and room not in ROOMS:
            wrong.append(f"{name}: the table has no room {room!r}")
            continue
        allowed = ROOMS.get(room, set()) | {"errors", "tradebot"}
        allowed |= set() if room in ROOMS_ALONE else {room}
        allowed -= {"errors", "tradebot"} if name == "tradebot" or room in ROOMS_ALONE else set()
        for target, line, _ in imports(tree, name):
            ours = target.split(".")[0] in {"tradebot", "daemon", "tests", "bench", "dev"}
            if ours and room_of(target) not in allowed:
                wrong.append(f"{name}:{line}: {room} may not import {target}")
            elif ours and venue_of(target) not in {venue_of(name), None} and room == "brokers":
                wrong.append(f"{name}:{line}: a venue may not import another: {target}")
    return wrong


def impure_code(root: Path) -> list[str]:
    """Find what the pure modules must not do: wait, read a clock, log, draw, touch a file."""
    tree, wrong = program(root), []
    for name, (_, module) in tree.items():
        if room_of(name) == "core":
            library = PURE_LIBRARY
        elif PURE_OUTSIDE_CORE.fullmatch(name):
            library = PURE_OUTSIDE_CORE_LIBRARY
        else:
            continue
        for target, line, _ in imports(tree, name):
            if target.split(".")[0] not in library | {"tradebot"}:
                wrong.append(f"{name}:{line}: {target} is not pure")
        for node in ast.walk(module):
            if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
                wrong.append(f"{name}:{node.lineno}: pure code does not wait")
            if isinstance(node, ast.Call) and _is_impure(node.func):
                wrong.append(f"{name}:{node.lineno}: {ast.unparse(node.func)}() is not pure")
    return wrong


def _is_impure(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in IMPURE_CALLS
    return isinstance(function, ast.Attribute) and function.attr in IMPURE_METHODS


def import_cycles(root: Path) -> list[str]:
    """Find modules that import each other, directly or round about, when the program runs."""
    tree = program(root)
    edges = {
        name: {target for target, _, typing_only in imports(tree, name) if not typing_only}
        & (tree.keys() - {name})
        for name in tree
    }
    cycles: list[str] = []
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            cycles.append(" -> ".join([*trail[trail.index(name) :], name]))
        elif name not in done:
            for target in sorted(edges[name]):
                visit(target, [*trail, name])
            done.add(name)

    for name in sorted(edges):
        visit(name, [])
    return cycles


def oversized(root: Path) -> list[str]:
    """Find files and functions that are too long to be read in one go."""
    wrong = []
    for path in python_files(root):
        text = path.read_text()
        where = path.relative_to(root)
        if (lines := len(text.splitlines())) > LINES_PER_FILE_MAX:
            wrong.append(f"{where}: {lines} lines, at most {LINES_PER_FILE_MAX}")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                lines = node.end_lineno - node.lineno + 1
                if lines > LINES_PER_FUNCTION_MAX:
                    limit = f"{lines} lines, at most {LINES_PER_FUNCTION_MAX}"
                    wrong.append(f"{where}:{node.lineno}: {node.name} has {limit}")
    return wrong


def without_docstring(root: Path) -> list[str]:
    """Find modules that do not say what they hold."""
    return [
        f"{path.relative_to(root)}: no docstring"
        for path in python_files(root)
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]


def without_test_file(root: Path) -> list[str]:
    """Find modules of tradebot/ whose own test file is not in its mirrored place."""
    wrong = []
    for path in sorted((root / "tradebot").rglob("*.py")):
        if path.stem in {"__init__", "__main__"}:
            continue
        place = path.relative_to(root / "tradebot")
        test = Path("tests") / place.with_name(f"test_{place.name}")
        if not (root / test).exists():
            wrong.append(f"{path.relative_to(root)}: no {test}")
    return wrong


def catches_everything(root: Path) -> list[str]:
    """Find handlers that would swallow a broken promise of our own."""
    everything = {"Exception", "BaseException"}
    wrong = []
    for name, (_, module) in program(root).items():
        if name in MAY_CATCH_ALL:
            continue
        for node in ast.walk(module):
            caught: list[ast.expr] = []
            if isinstance(node, ast.ExceptHandler):
                last = node.body[-1]
                if isinstance(last, ast.Raise) and last.exc is None:
                    continue  # it cleans up, and lets everything go on
                if node.type is None:
                    wrong.append(f"{name}:{node.lineno}: a bare except")
                else:
                    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
                caught = node.args
            wrong += [
                f"{name}:{part.lineno}: catches {ast.unparse(part)}"
                for part in caught
                if ast.unparse(part).rpartition(".")[2] in everything
            ]
    return wrong


def starts_tasks(root: Path) -> list[str]:
    """Find tasks that start behind the supervisor's back."""
    return [
        f"{name}:{node.lineno}: {node.attr} outside the supervisor"
        for name, (_, module) in program(root).items()
        if name not in MAY_START_TASKS
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and node.attr in {"create_task", "ensure_future"}
    ]


def work_left(root: Path) -> list[str]:
    """Find notes to finish something later: finish it, or file it."""
    return _lines(root, lambda where, line: where.suffix != ".md" and bool(WORK_LEFT.search(line)))


def foreign_addresses(root: Path) -> list[str]:
    """Find folders of one machine and addresses of registries in tracked files."""

    def is_foreign(where: Path, line: str) -> bool:
        if FOLDERS_OF_ONE_MACHINE.search(line) or REGISTRIES.search(line):
            return True
        allowed = MAY_NAME_SYSTEM_FOLDERS.fullmatch(where.as_posix()) or line.startswith("#!")
        return bool(FOLDERS_OF_A_SYSTEM.search(line)) and not allowed

    return _lines(root, is_foreign)


def _lines(root: Path, is_wrong: Callable[[Path, str], bool]) -> list[str]:
    wrong = []
    for path in tracked_files(root):
        where = path.relative_to(root)
        # The rules themselves spell out what they look for.
        if path.suffix in NOT_CODE - {".md", ".lock"} or where == Path("tests/architecture.py"):
            continue
        text = path.read_text(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if is_wrong(where, line):
                wrong.append(f"{where}:{number}: {line.strip()[:80]}")
    return wrong


def python_files(root: Path) -> list[Path]:
    return [path for path in tracked_files(root) if path.suffix == ".py"]


RULES: tuple[Callable[[Path], list[str]], ...] = (
    wrong_imports,
    impure_code,
    import_cycles,
    oversized,
    without_docstring,
    without_test_file,
    catches_everything,
    starts_tasks,
    work_left,
    foreign_addresses,
)
