"""Addresses that cannot be what was meant are refused, with what is meant most likely."""

import pytest

from tests.config.test_checks import LIVE, problems
from tradebot.config.addresses import Place, place_of

BEHIND_NGINX = 'rest = "https://algo.example.com"\nfeed = "wss://algo.example.com/ws"\n'


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("http://127.0.0.1:5000", Place("127.0.0.1", 5000, "")),
        ("https://Algo.Example.com/", Place("algo.example.com", 443, "")),
        ("ws://[::1]:8765/ws/", Place("[::1]", 8765, "ws")),
        ("ws://[::1]", Place("[::1]", 80, "")),
    ],
)
def test_an_address_leads_to_a_host_a_port_and_a_path(address, place):
    assert place_of(address) == place


@pytest.mark.parametrize(
    "more",
    [
        "",
        BEHIND_NGINX,
        'rest = "http://127.0.0.1:5000/algo"\n',
        'rest = "http://10.0.0.5:4800"\n',  # another machine's port of that number
        'feed = "ws://127.0.0.1:8766"\n[api]\nlisten = "127.0.0.1:8765"\n',
    ],
)
def test_addresses_that_may_be_meant_are_taken(tmp_path, more):
    assert problems(tmp_path, LIVE + more) == []


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (
            'rest = "http://127.0.0.1:5000/api/v1/"\n',
            "7: broker.rest = 'http://127.0.0.1:5000/api/v1/': without /api/v1, which is added",
        ),
        (
            'feed = "ws://127.0.0.1:5000"\n',
            "7: broker.feed = 'ws://127.0.0.1:5000': is where broker.rest is; the websocket is ws:",
        ),
        (
            BEHIND_NGINX.replace(".com/ws", ".com/"),
            "8: broker.feed = 'wss://algo.example.com/': is where broker.rest is",
        ),
        (
            '[api]\nlisten = "127.0.0.1:5000"\n',
            "8: api.listen = '127.0.0.1:5000': is where broker.rest is; the daemon needs a port",
        ),
        (
            'feed = "ws://localhost:4800"\n',
            "api.listen = '127.0.0.1:4800': is where broker.feed is",
        ),
    ],
)
def test_addresses_that_cannot_be_meant_are_refused(tmp_path, more, line):
    (found,) = problems(tmp_path, LIVE + more)
    assert line in found


@pytest.mark.parametrize(
    "more", ['rest = "x"\nfeed = "ws://127.0.0.1:5000"\n', 'feed = "http://127.0.0.1:4800"\n']
)
def test_an_address_with_a_problem_of_its_own_is_compared_with_none(tmp_path, more):
    assert len(problems(tmp_path, LIVE + more)) == 1


def test_on_paper_the_brokers_addresses_stand_in_nobodys_way(tmp_path):
    assert problems(tmp_path, '[api]\nlisten = "127.0.0.1:5000"\n') == []
