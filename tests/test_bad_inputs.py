"""What is given wrongly is answered with what is wrong, the value, and what is allowed."""

import pytest

from tests.bad_inputs.requests import ROWS as REQUESTS
from tests.bad_inputs.requests import reply_to
from tests.bad_inputs.rows import answer_to
from tests.bad_inputs.table import TABLES
from tests.daemon_process import DaemonProcess


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """Run one daemon for all requests; none of them may leave a trace in it."""
    folder = tmp_path_factory.mktemp("daemon")
    (folder / "config.toml").touch()
    daemon = DaemonProcess(folder / "state", folder / "config.toml")
    daemon.start()
    yield daemon
    assert daemon.call("/api/v1/activetrades", {})["trades"] == []
    assert daemon.call("/api/v1/paper/orders")["orders"] == []
    assert daemon.stop() == 0
    log = (folder / "daemon.log").read_text()
    assert "api.failed" not in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=f"{title}-{number}")
        for title, rows in TABLES.items()
        for number, row in enumerate(rows, 1)
    ],
)
def test_a_command_says_what_is_wrong_and_touches_nothing(row):
    answer = answer_to(row)
    assert [words for words in row.says if words not in answer.err] == [], answer.err
    assert answer.code == row.code, answer.err
    assert answer.out == ""
    assert answer.written == ()
    assert "Traceback" not in answer.err


@pytest.mark.parametrize("row", [pytest.param(row, id=str(n)) for n, row in enumerate(REQUESTS, 1)])
def test_a_request_is_refused_with_what_is_wrong(row, daemon):
    reply = reply_to(row, daemon)
    assert [words for words in row.says if words not in reply.message] == [], reply.message
    assert (reply.status, reply.code) == (row.status, row.code), reply.message


def test_every_table_has_rows_and_no_row_is_there_twice():
    rows = [row for table in TABLES.values() for row in table]
    assert all(TABLES.values())
    assert len({(row.given, row.words) for row in rows}) == len(rows)
