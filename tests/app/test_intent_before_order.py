"""No order leaves before its intent is on the disk: seen in the system calls of the process."""

import re

import pytest

from tests.kill_points import Prepared, wait_until_left
from tests.traced import Tracer, missing
from tradebot.core.leaving.exit import State
from tradebot.core.records import ExitSaved
from tradebot.stores.frames import frame_at
from tradebot.stores.rows import unpacked

CALL = re.compile(r'^\d+ +(\w+)\(\d+<((?:\\x..)+)>(?:, "((?:\\x..)*)")?.*?(<unfinished \.\.\.>)?$')
RESUMED = re.compile(r"^(\d+) +<\.\.\. fdatasync resumed>")


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """The writes and syncs of a life in which many trades leave."""
    if why := missing():
        pytest.skip(why)
    prepared = Prepared(tmp_path_factory.mktemp("intents"))
    try:
        daemon = prepared.copy()
        into = daemon.state.parent / "trace"
        daemon.tracer = Tracer(into, "pwrite64,fdatasync", data_bytes=1 << 20)
        try:
            daemon.start()
            wait_until_left(daemon)
        finally:
            daemon.kill()
        return into.read_text().splitlines()
    finally:
        prepared.close()


def test_every_order_leaves_after_a_sync_of_its_intent(trace):
    orders = orders_in(trace)
    assert len(orders) >= 20
    assert [name for name, is_safe in orders.items() if not is_safe] == []


def test_without_the_syncs_no_order_would_be_safe(trace):
    assert not any(orders_in([line for line in trace if "fdatasync" not in line]).values())


def orders_in(lines: list[str]) -> dict[str, bool]:
    """Return each order that the exchange was given, and whether its intent was on the disk."""
    written: set[str] = set()
    safe: set[str] = set()
    begun: dict[str, set[str]] = {}  # by thread: what its sync will have brought to the disk
    left: dict[str, bool] = {}
    for line in lines:
        if resumed := RESUMED.match(line):
            safe |= begun.pop(resumed[1], set())
        elif call := CALL.match(line):
            name, path, data, is_open = call.groups()
            file, thread = plain(path).decode(), line.split()[0]
            if name == "pwrite64" and "/journal/" in file:
                written |= intents_in(plain(data))
            elif name == "fdatasync" and "/journal/" in file:
                if is_open:
                    begun[thread] = set(written)
                else:
                    safe |= written
            elif name == "pwrite64" and file.endswith("paper.db-wal"):
                for order in re.findall(rb"T\d+-x\d+", plain(data)):
                    left.setdefault(order.decode(), order.decode() in safe)
    return left


def intents_in(data: bytes) -> set[str]:
    """Return the orders that a journal's frame says are about to leave."""
    frame = frame_at(data, 0)
    if frame is None:
        return set()  # the zeros of a new segment
    return {
        record.exit.client_order_id
        for record in unpacked(frame.payload)
        if isinstance(record, ExitSaved)
        and record.exit.state is State.SENDING
        and record.exit.client_order_id is not None
    }


def plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
