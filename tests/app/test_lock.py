"""One daemon per account: the lock dies with its process and with nothing else."""

import errno
import os
import socket
import subprocess
import sys
import uuid

import pytest

from tradebot.app.lock import Lock, account_lock, directory_lock
from tradebot.errors import LockHeldError, StoreError

HOLDER = """
import sys
from tradebot.app.lock import Lock
lock = Lock(sys.argv[1])
lock.take()
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def name():
    return f"account {uuid.uuid4()}"


def test_a_second_holder_is_refused_with_the_name_until_the_first_lets_go(name):
    first, second = Lock(name), Lock(name)
    first.take()
    with pytest.raises(LockHeldError, match=f"another daemon guards {name}"):
        second.take()
    with pytest.raises(LockHeldError):
        first.take()
    first.release()
    first.release()
    second.take()
    second.release()


def test_different_names_do_not_meet(name):
    first, second = Lock(name), Lock(name + "2")
    first.take()
    second.take()
    for held in (name, name + "2"):
        with pytest.raises(LockHeldError):
            Lock(held).take()
    first.release()
    second.release()


def test_the_lock_is_free_once_a_process_that_holds_it_is_killed(name):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"taken\n"
        with pytest.raises(LockHeldError):
            Lock(name).take()
        child.kill()
        child.wait()
    lock = Lock(name)
    lock.take()
    lock.release()


def test_a_child_process_does_not_keep_the_lock(name):
    lock = Lock(name)
    lock.take()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False):
        lock.release()
        second = Lock(name)
        second.take()
        second.release()


def test_the_lock_of_a_paper_account_is_its_directory_however_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "state").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "state")
    monkeypatch.chdir(tmp_path)
    lock = directory_lock(tmp_path / "state")
    lock.take()
    for other in ("state", "link", "./link/../state"):
        with pytest.raises(LockHeldError):
            directory_lock(tmp_path / other).take()
    lock.release()


def test_the_lock_of_a_real_account_is_the_account_wherever_its_files_are(tmp_path):
    owner = f"account {uuid.uuid4()}"
    lock = account_lock(owner, tmp_path / "state")
    lock.take()
    with pytest.raises(LockHeldError, match=owner):
        account_lock(owner, tmp_path / "elsewhere").take()
    other = account_lock(f"{owner}-2", tmp_path / "elsewhere")  # what was refused is held by nobody
    other.take()
    other.release()
    lock.release()


def test_the_files_of_a_real_account_are_locked_with_it(tmp_path):
    owner = f"account {uuid.uuid4()}"
    lock = account_lock(owner, tmp_path)
    lock.take()
    with pytest.raises(LockHeldError, match="another daemon guards the state directory"):
        directory_lock(tmp_path).take()
    lock.release()
    tool = directory_lock(tmp_path)
    tool.take()
    with pytest.raises(LockHeldError, match="another daemon guards the state directory"):
        lock.take()
    elsewhere = account_lock(owner, tmp_path / "elsewhere")
    elsewhere.take()  # the account was let go again
    elsewhere.release()
    tool.release()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.ENOMEM])
def test_a_system_that_refuses_is_not_taken_for_another_daemon(monkeypatch, name, number):
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", refused)
    with pytest.raises(StoreError, match=os.strerror(number)):
        Lock(name).take()
