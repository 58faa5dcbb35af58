"""What is written lies under one directory, for its owner alone, and is whole or not there."""

import errno
import hashlib
import json
import os
import stat
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tradebot.app.state import PAPER_OWNER, StateDirectory
from tradebot.errors import ConfigError, StoreError

ROOT = os.geteuid() == 0


@pytest.fixture
def state(tmp_path):
    made = StateDirectory(tmp_path / "deep" / "state")
    made.prepare()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def answering():
    """Start a little server that answers everything with one status; return its port."""
    servers = []

    def start(status: int) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status if self.path == "/health" else 404)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        servers.append((server, thread))
        return server.server_port

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


# The directory.


def test_the_directory_is_made_with_its_parents_and_not_for_the_world(tmp_path):
    before = os.umask(0)
    try:
        StateDirectory(tmp_path / "a" / "b").prepare()
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "b") == 0o750


@pytest.mark.parametrize(
    ("found", "left"),
    [(0o755, 0o750), (0o777, 0o750), (0o2775, 0o2750), (0o700, 0o700), (0o1777, 0o1777)],
)
def test_a_directory_of_ours_that_is_too_open_is_closed_unless_it_is_shared(state, found, left):
    state.path.chmod(found)
    state.prepare()
    assert mode(state.path) == left


def test_a_directory_of_somebody_else_keeps_its_mode(state, monkeypatch):
    state.path.chmod(0o755)
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    state.prepare()
    assert mode(state.path) == 0o755


def test_where_modes_cannot_be_changed_the_daemon_starts_all_the_same(state, monkeypatch):
    state.path.chmod(0o755)

    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "chmod", refused)
    state.prepare()
    assert mode(state.path) == 0o755


def test_preparing_twice_keeps_what_is_there_and_leaves_nothing_behind(state):
    (state.path / "tradebot.db").write_text("kept")
    state.prepare()
    assert [path.name for path in state.path.iterdir()] == ["tradebot.db"]


@pytest.mark.skipif(ROOT, reason="root may write anywhere")
def test_a_directory_that_cannot_be_written_to_is_refused_by_its_name(state):
    state.path.chmod(0o550)
    with pytest.raises(StoreError, match=f"{state.path} cannot be used: Permission denied"):
        state.prepare()


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        StateDirectory(tmp_path / "state").prepare()


def test_a_full_disk_does_not_keep_the_guard_from_starting(state, monkeypatch):
    refuse_temporary_files(monkeypatch, errno.ENOSPC)
    state.prepare()
    assert state.path.is_dir()


def test_a_disk_that_may_not_be_written_does(state, monkeypatch):
    refuse_temporary_files(monkeypatch, errno.EROFS)
    with pytest.raises(StoreError, match="Read-only file system"):
        state.prepare()


def refuse_temporary_files(monkeypatch, number: int) -> None:
    def refused(**_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)


def test_every_file_lies_under_the_directory(state, monkeypatch):
    monkeypatch.delenv("LOGS_DIRECTORY", raising=False)
    files = (state.database, state.journal, state.paper, state.daemon, state.admin_key, state.logs)
    assert [path.relative_to(state.path).as_posix() for path in files] == [
        "tradebot.db", "journal", "paper.db", "daemon.json", "admin.key", "logs",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "logs"), [("logs/of/systemd", Path("logs/of/systemd")), ("", None)]
)
def test_systemd_may_name_another_place_for_the_logs(state, monkeypatch, given, logs):
    monkeypatch.setenv("LOGS_DIRECTORY", given)
    assert state.logs == (logs or state.path / "logs")


# The key of local tools.


def test_the_first_start_makes_a_key_that_its_owner_alone_can_read(state):
    digest = state.admin_key_hash()
    text = state.admin_key.read_text()
    assert mode(state.admin_key) == 0o600
    assert text.startswith("tb_")
    assert len(text) > 43
    assert digest == hashlib.sha256(text.strip().encode()).digest()
    assert state.admin_key_hash() == digest


@pytest.mark.parametrize("wrong", [0o604, 0o640, 0o644, 0o620, 0o610])
def test_a_key_that_others_may_read_is_refused(state, wrong):
    state.admin_key_hash()
    state.admin_key.chmod(wrong)
    with pytest.raises(StoreError, match=r"admin.key may be read by others; allowed is mode 0600"):
        state.admin_key_hash()


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "is empty"), (b" \n", "is empty"), (b"tb_\xff\xfe", "is no text")]
)
def test_a_key_file_without_a_key_is_refused(state, content, why):
    state.admin_key_hash()
    state.admin_key.write_bytes(content)
    with pytest.raises(StoreError, match=why):
        state.admin_key_hash()


def test_a_key_file_that_is_a_directory_is_refused(state):
    state.admin_key.mkdir(mode=0o700)
    with pytest.raises(StoreError, match="Is a directory"):
        state.admin_key_hash()


# Who listens, and where.


def test_the_announcement_is_whole_and_private_and_replaces_an_older_one(state):
    state.daemon.write_text("an old one, for all to read")
    (state.path / "daemon.json.new").write_text("half of one that died")
    assert state.announce("http://127.0.0.1:8080")
    told = json.loads(state.daemon.read_text())
    assert told == {"address": "127.0.0.1:8080", "url": "http://127.0.0.1:8080", "pid": os.getpid()}
    assert mode(state.daemon) == 0o600
    assert [path.name for path in state.path.iterdir()] == ["daemon.json"]


def test_an_announcement_replaces_the_file_and_never_rewrites_it(state):
    state.announce("http://127.0.0.1:1")
    with state.daemon.open() as reader:
        state.announce("http://127.0.0.1:2")
        assert json.load(reader)["address"] == "127.0.0.1:1"


def test_a_disk_that_does_not_take_the_announcement_keeps_no_old_one_and_stops_nobody(
    state, monkeypatch
):
    state.announce("http://127.0.0.1:1")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    assert not state.announce("http://127.0.0.1:2")
    assert not state.daemon.exists()


def test_the_announcement_is_withdrawn_once_and_again(state):
    state.announce("http://127.0.0.1:1")
    state.withdraw()
    state.withdraw()
    assert not state.daemon.exists()


def test_what_another_daemon_announced_stays(state):
    state.daemon.write_text('{"address": "127.0.0.1:1", "url": "http://127.0.0.1:1", "pid": 1}')
    state.withdraw()
    assert state.announced() == {"pid": 1, "api": "http://127.0.0.1:1"}


def test_the_announcement_tells_who_guards_here(state):
    state.announce("http://127.0.0.1:4800")
    assert state.announced() == {"pid": os.getpid(), "api": "http://127.0.0.1:4800"}


@pytest.mark.parametrize(("status", "is_served"), [(200, True), (503, False), (404, False)])
def test_a_daemon_is_served_where_its_health_is_good(state, answering, status, is_served):
    state.announce(f"http://127.0.0.1:{answering(status)}")
    assert state.is_served() is is_served


def test_an_address_where_nobody_listens_is_not_served(state, answering):
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    state.announce(f"http://127.0.0.1:{port}")
    assert not state.is_served()
    state.withdraw()
    assert not state.is_served()


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", '{"address": null}', '{"address": ""}', '{"address": "x"}', "[1]",
        '{"address": "127.0.0.1:http"}', '{"address": "127.0.0.1:99999"}', '{"address": "a b:80"}',
        '{"address": "127.0.0.1:-1"}', '{"address": "\\u0000:80"}', '{"addre',
    ],
)  # fmt: skip
def test_an_announcement_that_makes_no_sense_is_nobodys(state, text):
    state.daemon.write_text(text)
    assert not state.is_served()
    assert state.announced() == {}


def test_an_announcement_that_is_no_text_is_nobodys(state):
    state.daemon.write_bytes(b"\xff\xfe\x00")
    assert not state.is_served()
    assert state.announced() == {}


# Whose trades they are.


def test_a_directory_belongs_to_who_used_it_first(tmp_path):
    state = StateDirectory(tmp_path / "state")
    state.prepare()
    state.claim("account AB1234")
    state.claim("account AB1234")
    for other in ("account CD5678", PAPER_OWNER):
        with pytest.raises(ConfigError, match="holds the trades of account AB1234"):
            state.claim(other)


def test_a_directory_of_before_there_were_real_accounts_is_papers(tmp_path):
    state = StateDirectory(tmp_path)
    state.database.touch()
    with pytest.raises(ConfigError, match="holds the trades of the paper exchange"):
        state.claim("account AB1234")
    state.claim(PAPER_OWNER)


def test_who_owns_a_directory_cannot_be_guessed(tmp_path):
    state = StateDirectory(tmp_path)
    state.owner.write_bytes(b"\xff\xfe")
    with pytest.raises(StoreError, match="owner"):
        state.claim("account AB1234")
