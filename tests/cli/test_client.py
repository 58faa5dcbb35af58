"""How a command finds the daemon, and what it makes of each answer."""

import argparse
import http.server
import json
import threading
from pathlib import Path

import pytest

from tradebot.cli.client import (
    AnswerError,
    Daemon,
    NotRunningError,
    add_state_argument,
    daemon_of,
    in_path,
)


class Server(http.server.HTTPServer):
    """A daemon that says what the test wants it to say."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, str | None, bytes]] = []
        self.status = 200
        self.answer = b'{"status":"success","data":{"a":1}}'


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        assert isinstance(server, Server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.asked.append((self.command, self.path, self.headers["X-API-Key"], body))
        self.send_response(server.status)
        self.end_headers()
        self.wfile.write(server.answer)

    do_GET = do_POST  # noqa: N815 - the library's name

    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path):
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    announce(tmp_path, f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def announce(state, address):
    (state / "daemon.json").write_text(json.dumps({"address": address, "pid": 1}))
    (state / "admin.key").write_text("tb_key\n")


def test_a_request_carries_the_key_and_returns_the_data(served, tmp_path):
    assert Daemon(tmp_path).ask("POST", "/api/v1/activetrades", {"strategy": "x"}) == {"a": 1}
    assert served.asked == [("POST", "/api/v1/activetrades", "tb_key", b'{"strategy": "x"}')]


def test_a_request_carries_headers_of_its_own(served, tmp_path, monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(Handler, "parse_request", headers_told(told))
    Daemon(tmp_path).ask("POST", "/x", {}, {"If-Match": '"7"'})
    assert told == ['"7"']


def headers_told(told):
    """Return a parser that also tells the If-Match that came."""
    parse = Handler.parse_request

    def parse_request(handler):
        fine = parse(handler)
        told.append(handler.headers["If-Match"])
        return fine

    return parse_request


def test_an_address_without_a_scheme_is_one_too(served, tmp_path):
    announce(tmp_path, f"127.0.0.1:{served.server_port}")
    assert Daemon(tmp_path).ask("GET", "/ready") == {"a": 1}


def test_proxies_of_the_environment_are_not_asked(served, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert Daemon(tmp_path).ask("GET", "/ready") == {"a": 1}


def test_an_error_keeps_its_word_and_details(served, tmp_path):
    served.status = 409
    served.answer = (
        b'{"status":"error","error_code":"refused","message":"no","details":{"field":"side"}}'
    )
    with pytest.raises(AnswerError, match="no") as caught:
        Daemon(tmp_path).ask("POST", "/x")
    assert (caught.value.code, caught.value.details) == ("refused", {"field": "side"})


def test_a_key_that_is_not_taken_is_named_by_its_file_and_nothing_is_made_by_hand(served, tmp_path):
    served.status = 401
    served.answer = (
        b'{"status":"error","error_code":"unauthorized","message":"keys create","details":{"a":1}}'
    )
    with pytest.raises(AnswerError, match="does not know the key in") as caught:
        Daemon(tmp_path).ask("POST", "/x")
    assert str(caught.value).startswith(f"the daemon at 127.0.0.1:{served.server_port} does")
    assert f"the key in {tmp_path / 'admin.key'}: that has changed" in str(caught.value)
    assert "keys create" not in str(caught.value)
    assert (caught.value.code, caught.value.details) == ("unauthorized", {"a": 1})


@pytest.mark.parametrize("answer", [b"Service Unavailable", b"[]", b"{}", b"\xff", b'{"status":1}'])
def test_an_answer_of_somebody_else_is_told_as_such(served, tmp_path, answer):
    served.status, served.answer = 503, answer
    with pytest.raises(AnswerError, match="HTTP 503 and no JSON of ours"):
        Daemon(tmp_path).ask("GET", "/ready")


def test_without_a_daemon_file_no_daemon_runs(tmp_path):
    with pytest.raises(NotRunningError, match=r"no daemon runs: there is no .*daemon\.json"):
        Daemon(tmp_path).ask("GET", "/ready")


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "{}", '{"address": 7}', '{"address": "x"}', '{"address": "h:x"}'),
        '{"address": "h:99999"}',
    ],
)
def test_a_daemon_file_that_says_nothing_is_no_daemon(tmp_path, text):
    (tmp_path / "daemon.json").write_text(text)
    with pytest.raises(NotRunningError, match="does not say where the daemon is"):
        Daemon(tmp_path).ask("GET", "/ready")


def test_a_daemon_that_died_does_not_answer(served, tmp_path):
    announce(tmp_path, "http://127.0.0.1:1")
    with pytest.raises(NotRunningError, match=r"no daemon answers at 127\.0\.0\.1:1 \(Connection"):
        Daemon(tmp_path).ask("GET", "/ready")


@pytest.mark.parametrize("host", ["a b", "x" * 70, "a..b"])
def test_nobody_answers_at_a_host_that_cannot_be(served, tmp_path, host):
    announce(tmp_path, f"{host}:80")
    with pytest.raises(NotRunningError, match="no daemon answers"):
        Daemon(tmp_path).ask("GET", "/ready")


def test_a_daemon_that_hangs_up_does_not_answer_either(served, tmp_path, monkeypatch):
    monkeypatch.setattr(Handler, "do_GET", lambda handler: None)
    with pytest.raises(NotRunningError, match="no daemon answers"):
        Daemon(tmp_path).ask("GET", "/ready")


def test_a_key_that_is_missing_or_none_is_no_daemon(served, tmp_path):
    for content in (b"\xff", b"", b"tb_a\ntb_b\n", b"tb_\0"):
        (tmp_path / "admin.key").write_bytes(content)
        with pytest.raises(NotRunningError, match="holds no key"):
            Daemon(tmp_path).ask("GET", "/ready")
    (tmp_path / "admin.key").unlink()
    with pytest.raises(NotRunningError, match=r"there is no .*admin\.key"):
        Daemon(tmp_path).ask("GET", "/ready")


def test_a_word_is_one_part_of_a_path_whatever_it_holds():
    assert in_path("T1") == "T1"
    assert in_path("../a b?") == "..%2Fa%20b%3F"


@pytest.mark.parametrize(
    ("flags", "environment", "directory"),
    [
        (["--state-dir", "a"], {"TRADEBOT_STATE_DIR": "b"}, "a"),
        ([], {"TRADEBOT_STATE_DIR": "b", "STATE_DIRECTORY": "c"}, "b"),
        ([], {"STATE_DIRECTORY": "c"}, "c"),
        ([], {}, "state"),
    ],
)
def test_the_daemon_is_named_by_flag_then_environment(monkeypatch, flags, environment, directory):
    for name in ("TRADEBOT_STATE_DIR", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    parser = argparse.ArgumentParser()
    add_state_argument(parser)
    assert daemon_of(parser.parse_args(flags))._state_dir == Path(directory)
