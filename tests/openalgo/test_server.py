"""The server as a test holds it: who did what, what did harm, and that every switch is tried."""

import io
import socket
from pathlib import Path
from random import Random

import pytest

from tests.openalgo import __main__ as by_hand
from tests.openalgo.console import Console
from tests.openalgo.exchange import By
from tests.openalgo.faults import Fault, Switchboard
from tests.openalgo.plain_client import AN_ORDER
from tests.openalgo.server import OpenAlgoServer
from tests.openalgo.unkind import WORLD, be_unkind

SBIN = "NSE:SBIN"
HERE = Path(__file__).parent


async def test_the_record_knows_a_client_from_a_person(server, client):
    server.by_hand(SBIN, "BUY", 10)
    await server.until(lambda: server.net(SBIN) == 10)
    await client.place(action="SELL", quantity=4)
    await server.until(lambda: server.net(SBIN) == 6)
    assert [order.via for order in server.record.orders(by=By.CLIENT)] == ["placeorder"]
    assert [order.via for order in server.record.orders(by=By.PERSON)] == ["by hand"]
    assert server.record.traded(SBIN) == 6
    assert server.record.traded(SBIN, by=By.CLIENT) == -4
    assert list(server.record.nets().values()) == [6]
    assert server.record.harm() == []


@pytest.mark.parametrize(
    ("held", "sold", "harms"), [(5, 5, 0), (5, 4, 0), (5, 6, 1), (0, 5, 1), (-5, 5, 1)]
)
async def test_a_fill_of_the_clients_that_does_not_only_reduce_is_harm(
    held, sold, harms, server, client
):
    server.carry(SBIN, held, 800.0)
    await client.place(action="SELL", quantity=sold)
    await server.until(lambda: server.net(SBIN) == held - sold)
    assert len(server.record.harm()) == harms


async def test_what_a_person_does_is_no_harm_of_the_clients(server):
    server.by_hand(SBIN, "SELL", 5)
    await server.until(lambda: server.net(SBIN) == -5)
    assert server.record.harm() == []


async def test_a_second_of_the_brokers_is_as_long_as_its_scale(server):
    began_s = server.account.time.now_s()
    await server.sleep(2.0)
    assert server.account.time.now_s() - began_s >= 1.9


async def test_nothing_is_on_its_way_once_all_has_settled(server, client):
    server.faults.turn_on(Fault.FILLS_SLOWLY, value=2.0)
    late = server.faults.turn_on(Fault.HANGS, endpoint="placeorder", times=1, acts_after_s=3.0)
    await client.give_up(late, "placeorder", **AN_ORDER)
    await server.settled()
    assert server.net(SBIN) == 5


async def test_waiting_for_what_never_comes_ends(server, monkeypatch):
    monkeypatch.setattr("tests.openalgo.server.UNTIL_S_MAX", 0.01)
    with pytest.raises(TimeoutError):
        await server.until(lambda: False)


async def test_two_servers_know_nothing_of_each_other(server):
    async with OpenAlgoServer(plugin="zerodha") as other:
        other.by_hand(SBIN, "BUY", 1)
        await other.until(lambda: other.net(SBIN) == 1)
        assert other.url != server.url
        assert server.net(SBIN) == 0


def test_every_switch_is_tried():
    tests = "".join(path.read_text() for path in sorted(HERE.glob("test_*.py")))
    assert [fault.name for fault in Fault if f"Fault.{fault.name}" not in tests] == []


async def test_a_person_types_what_happens(server, client):
    said: list[str] = []
    typed = [
        "price NSE:SBIN 900",
        "buy NSE:SBIN 10",
        "sell NSE:SBIN 3 CNC",
        "on hangs endpoint=placeorder times=1 acts_after_s=5",
        "on hangs color=blue",
        "on nothing",
        "price NSE:SBIN",
        "dance",
        "",
        "analyzer",
        "semi_auto",
        "logout",
        "login",
        "relogin",
        "drop",
        "freeze",
        "restart",
        "show",
        "off hangs",
        "off",
        "quit",
    ]
    await Console(server, said.append).run(io.StringIO("\n".join(typed)))
    assert server.account.prices[SBIN] == 900.0
    assert server.account.analyzer
    assert server.account.semi_auto
    assert "hangs is on" in said
    assert [line.split()[0] for line in said if line.startswith("'")] == ["'on", "'on", "'price"]
    assert "no word 'dance'; python -m tests.openalgo --help tells them" in said
    assert any("person by hand BUY 10 NSE:SBIN MIS" in line for line in said)
    assert server.faults.hit(Fault.HANGS, endpoint="placeorder") is None


def test_it_runs_by_hand(monkeypatch, capsys):
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    monkeypatch.setattr("sys.stdin", io.StringIO("buy NSE:SBIN 1\nquit\n"))
    words = ["--port", str(ports[0]), "--feed-port", str(ports[1]), "--plugin", "zerodha"]
    words += ["--unkind", "3"]
    assert by_hand.main(words) == 0
    said = capsys.readouterr().out
    assert f"http://127.0.0.1:{ports[0]}" in said
    assert f"ws://127.0.0.1:{ports[1]}" in said
    assert "everywhere: 0." in said


def test_an_unkind_world_is_drawn_from_its_seed():
    drawn = [be_unkind(Switchboard(lambda: 0.0, Random(0)), seed) for seed in (1, 1, 2)]
    told = [[(rule.fault, rule.endpoint, rule.rate) for rule in rules] for rules in drawn]
    assert told[0] == told[1] != told[2]
    assert 10 < len(told[0]) < len(WORLD)
    assert all(rule.rate <= 0.2 for rules in drawn for rule in rules)
