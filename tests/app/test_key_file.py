"""The file of the keys: whole at any instant, closed to others, followed while a daemon runs."""

import os
import stat
import subprocess
import sys

import pytest

from tradebot.api.keys import Key, Scope, digest_of
from tradebot.app import key_file
from tradebot.app.key_file import KeyFile, KeysInForce
from tradebot.errors import LockHeldError, NotFoundError, RefusedError, StoreError

LOCAL = {b"local": Key(name="local", scope=Scope.ADMIN, per_minute=1_000)}


@pytest.fixture
def file(tmp_path):
    return KeyFile(tmp_path / "state")


class Running:
    """A daemon's view of the file, a clock that is moved by hand, and what the log was told."""

    def __init__(self, file):
        self.at_ns = 0
        self.said = []
        self.file = file
        self.keys = KeysInForce(file, LOCAL, say=self.say, elapsed_ns=lambda: self.at_ns)

    def say(self, event, level="info", /, **fields):
        self.said.append((event, fields))

    def names(self, *, after_s=1):
        self.at_ns += int(after_s * 1_000_000_000)
        return sorted(key.name for key in self.keys().values())


def test_a_key_is_made_once_and_only_its_hash_is_kept(file):
    token, key = file.create("phone", "read")
    assert token.startswith("tb_")
    assert len(token) == 46  # 256 bits
    assert file.listed() == [key]
    assert bytes.fromhex(key.sha256) == digest_of(token)
    assert token not in file.path.read_text()
    assert token[3:] not in file.path.read_text()


def test_its_owner_alone_may_read_it(file):
    file.create("phone", "read")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.path.parent.iterdir()) == ["keys.lock", "keys.toml"]
    assert stat.S_IMODE(file.path.with_suffix(".lock").stat().st_mode) == 0o600


def test_a_name_is_given_once_until_it_is_revoked(file):
    first, _ = file.create("phone", "read")
    with pytest.raises(RefusedError, match="there is a key phone already"):
        file.create("phone", "trade")
    file.revoke("phone")
    second, _ = file.create("phone", "trade")
    assert first != second
    assert [key.scope for key in file.listed()] == [Scope.TRADE]


def test_there_is_an_end_of_keys(file, monkeypatch):
    monkeypatch.setattr(key_file, "KEYS_MAX", 1)
    file.create("a", "read")
    with pytest.raises(RefusedError, match="there are 1 keys"):
        file.create("b", "read")


def test_a_key_is_revoked_by_the_beginning_of_its_id(file):
    _, gone = file.create("a", "read")
    _, kept = file.create("b", "read")
    assert file.revoke(gone.id[:8]) == gone
    assert file.listed() == [kept]
    assert file.revoke(kept.sha256) == kept


@pytest.mark.parametrize("word", ["", "a", "tb_nothing-that-may-be-shown", "0" * 12])
def test_what_names_no_key_revokes_none(file, word):
    file.create("phone", "read")
    with pytest.raises(NotFoundError) as refused:
        file.revoke(word)
    assert "tb_" not in str(refused.value)
    assert len(file.listed()) == 1


def test_a_beginning_that_two_ids_have_revokes_none(file, monkeypatch):
    file.create("a", "read")
    file.create("b", "read")
    monkeypatch.setattr(key_file, "ID_LENGTH_MIN", 0)
    with pytest.raises(RefusedError, match="2 keys have an id that begins so"):
        file.revoke("")


def test_makers_at_the_same_time_lose_nothing(file):
    code = (
        "import sys; from pathlib import Path; from tradebot.app.key_file import KeyFile;"
        "[KeyFile(Path(sys.argv[1])).create(f'{sys.argv[2]}-{n}', 'read') for n in range(10)]"
    )
    makers = [
        subprocess.Popen([sys.executable, "-c", code, str(file.path.parent), str(number)])
        for number in range(4)
    ]
    assert [maker.wait(timeout=60) for maker in makers] == [0] * 4
    assert len({key.name for key in file.listed()}) == 40


def test_a_command_that_does_not_let_go_is_not_waited_for_for_ever(file, monkeypatch):
    monkeypatch.setattr(key_file, "LOCK_WAIT_S", 0.05)
    with file._locked(), pytest.raises(LockHeldError, match="another command is changing"):
        file.create("phone", "read")
    file.create("phone", "read")


def test_a_disk_that_refuses_leaves_the_file_as_it_was(file, monkeypatch):
    file.create("phone", "read")

    def refuse(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", refuse)
        with pytest.raises(StoreError, match="No space left"):
            file.create("tablet", "read")
    assert [key.name for key in file.listed()] == ["phone"]
    assert not file.path.with_suffix(".new").exists()


def test_what_a_killed_command_left_is_in_nobodys_way(file):
    file.create("phone", "read")
    file.path.with_suffix(".new").write_text("half a f")
    file.create("tablet", "read")
    assert len(file.listed()) == 2


def test_a_state_directory_that_is_none_is_told(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreError, match="File exists"):
        KeyFile(tmp_path / "state").create("phone", "read")


def test_what_root_makes_belongs_to_whom_the_directory_belongs(file, monkeypatch):
    given = []
    monkeypatch.setattr(os, "fchown", lambda _descriptor, user, group: given.append((user, group)))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    file.create("phone", "read")
    owner = file.path.parent.stat()
    assert given == [(owner.st_uid, owner.st_gid)] * 2
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    file.create("tablet", "read")
    assert len(given) == 2


def _spoilt(file, how):
    match how:
        case "open to others":
            file.path.chmod(0o644)
        case "no toml":
            file.path.write_text("[[key]")
        case "no text":
            file.path.write_bytes(b"\xff")
        case "too large":
            file.path.write_text("#" * 1_000_001)
        case "a folder":
            file.path.unlink()
            file.path.mkdir(mode=0o700)
        case "a pipe":
            file.path.unlink()
            os.mkfifo(file.path, 0o600)
        case "a loop":
            file.path.unlink()
            file.path.symlink_to(file.path)


SPOILT = [
    ("open to others", "may be read by others; allowed is mode 0600"),
    ("no toml", "keys.toml: "),
    ("no text", "keys.toml: "),
    ("too large", "larger than 1000000 bytes"),
    ("a folder", "keys.toml"),
    ("a pipe", "no regular file"),
    ("a loop", "keys.toml"),
]


@pytest.mark.parametrize(("how", "told"), SPOILT)
def test_a_file_that_cannot_be_taken_is_told_and_not_written_over(file, how, told):
    file.create("phone", "read")
    _spoilt(file, how)
    with pytest.raises(StoreError, match=told):
        file.listed()
    with pytest.raises(StoreError, match=told):
        file.create("tablet", "read")


@pytest.mark.parametrize(("how", "told"), SPOILT)
def test_a_daemon_keeps_the_keys_in_force_and_says_so_once(file, how, told):
    file.create("phone", "read")
    running = Running(file)
    _spoilt(file, how)
    assert [running.names() for _ in range(3)] == [["local", "phone"]] * 3
    assert [name for name, _ in running.said] == ["keys.taken", "keys.refused"]
    assert told in running.said[1][1]["error"]
    assert running.said[1][1]["in_force"] == 2


def test_a_daemon_starts_with_the_local_key_whatever_the_file_says(file):
    file.create("phone", "read")
    file.path.chmod(0o640)
    running = Running(file)
    assert running.names() == ["local"]
    assert [name for name, _ in running.said] == ["keys.refused"]
    file.path.chmod(0o600)
    assert running.names() == ["local", "phone"]


def test_a_daemon_notices_new_and_revoked_keys_within_a_second(file):
    running = Running(file)
    assert running.names() == ["local"]
    token, _ = file.create("phone", "read")
    assert running.names(after_s=0.5) == ["local"]
    assert running.names(after_s=0.5) == ["local", "phone"]
    assert running.keys()[digest_of(token)].scope is Scope.READ
    file.revoke("phone")
    assert running.names() == ["local"]
    assert running.said == [("keys.taken", {"count": 1}), ("keys.taken", {"count": 0})]


def test_a_file_that_is_gone_has_revoked_every_key(file):
    file.create("phone", "read")
    running = Running(file)
    file.path.unlink()
    assert running.names() == ["local"]


def test_a_file_that_nobody_touched_is_not_read_again(file, monkeypatch):
    file.create("phone", "read")
    running = Running(file)
    monkeypatch.setattr(file, "listed", lambda: pytest.fail("it is read again"))
    assert running.names(after_s=60) == ["local", "phone"]


def test_the_local_key_cannot_be_taken_by_the_file(file):
    token, _ = file.create("thief", "read")
    local = {digest_of(token): LOCAL[b"local"]}
    running = Running(file)
    running.keys = KeysInForce(file, local, say=running.say, elapsed_ns=lambda: running.at_ns)
    assert running.names() == ["local"]
