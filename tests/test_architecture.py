"""The house keeps its rules, and each rule notices the code that breaks it."""

import subprocess
from pathlib import Path

import pytest

from tests import architecture as rules
from tests.architecture import RULES

ROOT = Path(__file__).resolve().parent.parent


def a_tree(root: Path, files: dict[str, str]) -> Path:
    """Write ``files`` (path: text) under ``root``."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_this_checkout_keeps_the_rule(rule):
    assert rule(ROOT) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_house_in_order_breaks_no_rule(rule, tmp_path):
    files = {
        "tradebot/__init__.py": '"""A guard."""\n',
        "tradebot/errors.py": '"""Errors."""\nclass TradebotError(Exception): ...\n',
        "tradebot/core/money.py": '"""Money."""\nfrom decimal import Decimal\nimport msgspec\n',
        "tradebot/core/engine.py": '"""E."""\nfrom tradebot.core import money\n'
        "from tradebot.errors import TradebotError\n",
        "tradebot/ports.py": '"""Doors."""\nfrom tradebot.core.money import Decimal\n',
        "tradebot/brokers/paper/wire.py": '"""W."""\nimport json\n',
        "tradebot/brokers/paper/broker.py": '"""B."""\nimport asyncio\n'
        "from tradebot.brokers.paper import wire\nfrom tradebot.ports import Decimal\n",
        "tradebot/services/supervisor.py": '"""S."""\nimport asyncio\n'
        "async def start(coro):\n    try:\n        await asyncio.create_task(coro)\n"
        "    except Exception:\n        pass\n",
        "tradebot/app.py": '"""A."""\nfrom tradebot.brokers.paper import broker\n'
        "from tradebot.services import supervisor\n",
        "tradebot/cli/main.py": '"""C."""\nfrom tradebot import __doc__, app\n',
        "daemon.py": '"""The process."""\nfrom tradebot.app import App\n',
        "systemd/a.service": "ExecStart=/usr" + "/bin/true\n",
    }
    tests = {
        name.replace("tradebot/", "tests/", 1).replace(stem, f"test_{stem}"): '"""Tests."""\n'
        for name, stem in ((name, Path(name).name) for name in files)
        if name.startswith("tradebot/")
    }
    assert rule(a_tree(tmp_path, files | tests)) == []


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("tradebot/core/a.py", "import tradebot.services.loop", "core may not import"),
        ("tradebot/core/a.py", "from tradebot import ports", "core may not import tradebot.ports"),
        ("tradebot/core/a.py", "def f():\n    from ..stores import rows", "tradebot.stores"),
        ("tradebot/errors.py", "import tradebot.core", "errors may not import"),
        ("tradebot/ports.py", "from tradebot.metrics import TICKS", "ports may not import"),
        ("tradebot/brokers/x/broker.py", "import tradebot.config", "brokers may not import"),
        ("tradebot/brokers/x/broker.py", "import tradebot.brokers.y.wire", "another"),
        ("tradebot/stores/sqlite.py", "import tradebot.bus.inprocess", "stores may not import"),
        ("tradebot/services/loop.py", "from tradebot.stores import sqlite", "services may not"),
        ("tradebot/services/loop.py", "import tradebot.config", "services may not import"),
        ("tradebot/api/server.py", "from tradebot.stores import rows", "api may not import"),
        ("tradebot/cli/run.py", "from tradebot.services import loop", "cli may not import"),
        ("tradebot/app.py", "import tradebot.cli.main", "app may not import"),
        ("tradebot/app.py", "import tests.fakes", "app may not import tests"),
        ("daemon.py", "import tradebot.core.engine", "daemon may not import"),
        ("tradebot/utils/a.py", "", "no room 'utils'"),
        (
            "tradebot/core/a.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tradebot.ports",
            "core may not import",
        ),
    ],
)
def test_an_import_that_the_table_forbids_is_caught(path, text, reason, tmp_path):
    files = {"tradebot/ports.py": "", "tradebot/stores/rows.py": "", path: text}
    assert any(reason in line for line in rules.wrong_imports(a_tree(tmp_path, files)))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tradebot/core/a.py", "import asyncio"),
        ("tradebot/core/a.py", "import os.path"),
        ("tradebot/core/a.py", "from time import time_ns"),
        ("tradebot/core/a.py", "import random"),
        ("tradebot/core/a.py", "from loguru import logger"),
        ("tradebot/core/a.py", "import datetime as d\nd.datetime.now()"),
        ("tradebot/core/a.py", "open('x')"),
        ("tradebot/core/a.py", "async def f(): ..."),
        ("tradebot/brokers/x/wire.py", "import aiohttp"),
        ("tradebot/brokers/x/wire/orders.py", "import aiohttp"),
        ("tradebot/brokers/openalgo/stream/watch.py", "import time"),
        ("tradebot/stores/rows.py", "import sqlite3"),
        ("tradebot/api/shapes.py", "import time"),
    ],
)
def test_impure_code_in_a_pure_module_is_caught(path, text, tmp_path):
    assert len(rules.impure_code(a_tree(tmp_path, {path: text}))) == 1


def test_an_import_cycle_is_caught_however_long_it_is(tmp_path):
    files = {
        "tradebot/core/a.py": "from tradebot.core import b",
        "tradebot/core/b.py": "def late():\n    import tradebot.core.c",
        "tradebot/core/c.py": "from tradebot.core.a import x",
    }
    assert rules.import_cycles(a_tree(tmp_path, files)) == [
        "tradebot.core.a -> tradebot.core.b -> tradebot.core.c -> tradebot.core.a"
    ]


def test_an_import_for_types_alone_makes_no_cycle(tmp_path):
    files = {
        "tradebot/core/a.py": "import typing\nif typing.TYPE_CHECKING:\n    import tradebot.core.b",
        "tradebot/core/b.py": "import tradebot.core.a",
    }
    assert rules.import_cycles(a_tree(tmp_path, files)) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1\n" * 400, 0),
        ("x = 1\n" * 401, 1),
        ("def f():\n" + "    x = 1\n" * 59, 0),
        ("async def f():\n" + "    x = 1\n" * 60, 1),
        ("class A:\n    def f(self):\n" + "        x = 1\n" * 60, 1),
    ],
)
def test_a_file_or_function_is_caught_from_the_first_line_too_many(text, found, tmp_path):
    assert len(rules.oversized(a_tree(tmp_path, {"tradebot/core/a.py": text}))) == found


def test_a_module_that_does_not_say_what_it_holds_is_caught(tmp_path):
    root = a_tree(tmp_path, {"tradebot/core/a.py": "# a comment is no docstring\nx = 1\n"})
    assert rules.without_docstring(root) == ["tradebot/core/a.py: no docstring"]


def test_a_module_without_its_own_test_file_is_caught(tmp_path):
    files = {
        "tradebot/brokers/paper/broker.py": "",
        "tradebot/__main__.py": "",
        "tests/brokers/test_broker.py": "",  # not in its place
    }
    assert rules.without_test_file(a_tree(tmp_path, files)) == [
        "tradebot/brokers/paper/broker.py: no tests/brokers/paper/test_broker.py"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "try: ...\nexcept Exception: ...",
        "try: ...\nexcept: ...",
        "try: ...\nexcept (OSError, BaseException): ...",
        "import contextlib\nwith contextlib.suppress(Exception): ...",
    ],
)
def test_catching_everything_is_caught_outside_the_two_places(text, tmp_path):
    files = {"tradebot/services/loop.py": text, "tradebot/services/executor.py": text}
    found = rules.catches_everything(a_tree(tmp_path, files))
    assert [line.split(":")[0] for line in found] == ["tradebot.services.loop"]


def test_cleaning_up_and_raising_again_swallows_nothing(tmp_path):
    text = "try: ...\nexcept BaseException:\n    x = 1\n    raise"
    assert rules.catches_everything(a_tree(tmp_path, {"tradebot/services/loop.py": text})) == []


@pytest.mark.parametrize("text", ["asyncio.create_task(f())", "group.create_task(f())"])
def test_a_task_that_the_supervisor_does_not_know_is_caught(text, tmp_path):
    root = a_tree(tmp_path, {"tradebot/services/loop.py": text})
    assert rules.starts_tasks(root) == [
        "tradebot.services.loop:1: create_task outside the supervisor"
    ]


def test_work_left_for_later_is_caught(tmp_path):
    root = a_tree(tmp_path, {"tradebot/core/a.py": "x = 1  # TO" + "DO: finish\n"})
    assert len(rules.work_left(root)) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tradebot/app.py", "PLACE = '" + "/home" + "/ada/tradebot'"),
        ("config.toml", 'state = "' + "/var" + '/lib/tradebot"'),
        ("systemd/a.service", "ExecStart=" + "/opt" + "/tradebot/daemon.py"),
        ("requirements.lock", "--index-" + "url somewhere"),
        ("package.json", "the registry at npm" + "js.org"),
    ],
)
def test_a_place_that_only_one_machine_has_is_caught(path, text, tmp_path):
    assert len(rules.foreign_addresses(a_tree(tmp_path, {path: text}))) == 1


def test_what_git_ignores_is_nobodys_business(tmp_path):
    root = a_tree(tmp_path, {".gitignore": "state/\n", "state/a.py": "", "b.py": '"""B."""\n'})
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True)
    assert rules.without_docstring(root) == []
