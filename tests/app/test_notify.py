"""systemd hears how we are, over a real socket, and its silence is no fault of ours."""

import os
import socket
import uuid

import pytest

from tradebot.app.notify import Notifier


@pytest.fixture(params=["file", "abstract"])
def address(request, tmp_path):
    return str(tmp_path / "n") if request.param == "file" else f"@tradebot-test-{uuid.uuid4()}"


@pytest.fixture
def manager(address):
    """A service manager that listens."""
    with listening(address) as listener:
        yield listener


def listening(address: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.setblocking(False)
    listener.bind("\0" + address[1:] if address.startswith("@") else address)
    return listener


def heard(listener: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(listener.recv(65_536).decode())
        except BlockingIOError:
            return found


def test_fields_arrive_as_one_datagram_of_lines(address, manager):
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.say(READY="1", STATUS="3 trades guarded, ₹ and all")
    notifier.say(WATCHDOG="1")
    assert heard(manager) == ["READY=1\nSTATUS=3 trades guarded, ₹ and all", "WATCHDOG=1"]
    notifier.close()
    notifier.close()


def test_without_a_service_manager_everything_is_said_to_nobody():
    notifier = Notifier({})
    notifier.say(READY="1")
    assert notifier.watchdog_s is None
    notifier.close()


def test_a_socket_that_vanished_harms_nobody_and_is_found_again(tmp_path):
    address = str(tmp_path / "n")
    notifier = Notifier({"NOTIFY_SOCKET": address})
    with listening(address) as listener:
        notifier.say(READY="1")
        assert heard(listener) == ["READY=1"]
    (tmp_path / "n").unlink()
    notifier.say(WATCHDOG="1")
    with listening(address) as listener:
        notifier.say(STATUS="fine")
        assert heard(listener) == ["WATCHDOG=1\nSTATUS=fine"]
    notifier.close()


def test_what_a_full_queue_did_not_take_goes_with_what_is_said_next(address, manager):
    notifier = Notifier({"NOTIFY_SOCKET": address})
    sent = 0
    while not notifier._unsent:
        notifier.say(STATUS=f"line {sent}")
        sent += 1
    notifier.say(READY="1")
    assert len(heard(manager)) == sent - 1
    notifier.say(STATUS="now", WATCHDOG="1")
    assert heard(manager) == ["STATUS=now\nREADY=1\nWATCHDOG=1"]
    notifier.close()


@pytest.mark.parametrize("address", ["/nowhere/at/all", "@" + "x" * 300, "/" + "x" * 300])
def test_an_address_that_is_none_harms_nobody(address):
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.say(READY="1")
    notifier.close()


def test_a_process_out_of_descriptors_goes_on(monkeypatch, address, manager):
    def refused(*_: object) -> None:
        raise OSError(24, "too many open files")

    notifier = Notifier({"NOTIFY_SOCKET": address})
    with monkeypatch.context() as patched:
        patched.setattr(socket, "socket", refused)
        notifier.say(READY="1")
    notifier.say(WATCHDOG="1")
    assert heard(manager) == ["READY=1\nWATCHDOG=1"]
    notifier.close()


def test_the_socket_is_not_inherited_by_child_processes(address, manager):
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.say(READY="1")
    assert notifier._socket is not None
    assert not os.get_inheritable(notifier._socket.fileno())
    notifier.close()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": ""}, None),
    ],
)
def test_the_watchdog_is_fed_at_half_its_interval_if_it_is_ours(environment, seconds):
    assert Notifier(environment).watchdog_s == seconds
