"""Whether the daemon runs and how it is, in a glance and as an exit code."""

import datetime as dt
import json

import pytest

from tests.alert_store import lasting, raised
from tests.api.world import LONG
from tests.cli.commanding import seen
from tradebot.api.shapes import Readiness
from tradebot.cli.client import Daemon
from tradebot.cli.status import look
from tradebot.core.alerting.alerts import Severity
from tradebot.core.inputs import OrderSide, PlaceReply, Unknown
from tradebot.core.leaving.halt import Form
from tradebot.errors import StoreError

TODAY = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)  # of the world


async def left(world, name, price, order):
    await world.trades.exit(name)
    await world.fill(order, f"{name}-x1", OrderSide.SELL, 10, price)


async def test_a_daemon_without_trades_is_ready(world, shell):
    code, out, err = await shell.run("status")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "tradebot 0.1.0 is ready, PAPER"
    assert lines[1].startswith("running since  20")
    assert lines[2].startswith("listening at   http://127.0.0.1:")
    assert lines[3:] == [
        "open trades    0",
        "P&L            0.00 open, 0.00 realised today",
        "last exit      none",
    ]


async def test_open_trades_and_the_last_exit_are_told(world, shell):
    await world.bought(30)
    for _ in range(3):
        await world.trades.create(LONG)
    await left(world, "T1", 803, "B1")
    await world.tick(805.0)
    code, out, _ = await shell.run("status")
    assert code == 0
    assert out.splitlines()[0] == "tradebot 0.1.0 is ready, PAPER main"
    assert "open trades    2: 2 ACTIVE" in out
    assert "P&L            ▲ +100.00 open" in out
    assert "T1  NSE:SBIN  LONG 10  800.00 -> 803.00  manual  ▲ +30.00" in out


async def test_alerts_that_nobody_has_seen_are_counted(world, shell):
    world.alerts.take([raised("a", Severity.INFO), raised("b"), raised("c"), lasting("d")])
    assert (
        "\nalerts         1 critical, 2 warning: tradebot alerts\n"
        in (await shell.run("status"))[1]
    )
    world.alerts.acknowledge_through("A9", "lead")
    assert "alerts" not in (await shell.run("status"))[1]
    _, told = await shell.json("status")
    assert told["alerts_unacknowledged"] == {"critical": 0, "warning": 0}


async def test_json_has_the_same_keys_whatever_there_is(world, shell):
    code, empty = await shell.json("status")
    await world.bought(20)
    await world.trades.create(LONG)
    await world.trades.create(LONG)
    await left(world, "T1", 803, "B1")
    code, told = await shell.json("status")
    assert code == 0
    assert told.keys() == empty.keys()
    assert told["open_trades_by_status"] == {"ACTIVE": 1}
    assert told["accounts"] == ["main"]
    assert told["last_exit"]["trade_id"] == "T1"
    assert (told["running"], told["state"], told["mode"]) == (True, "ready", "paper")


async def test_what_a_person_must_see_degrades_it(world, shell):
    await world.bought()
    await world.trades.create(LONG)  # without a tick it is blind
    await world.trades.create({key: LONG[key] for key in list(LONG)[:5]})
    await world.trades.exit("T1")
    await world.put(
        PlaceReply(client_order_id="T1-x1", outcome=Unknown("timeout"), at_ns=world.clock.now_ns())
    )
    code, out, _ = await shell.run("status")
    assert code == 1
    assert out.startswith("tradebot 0.1.0 is degraded, PAPER main\n")
    assert "! exit 1 of trade T1 waits for the broker's word on T1-x1" in out
    assert "in doubt       T1" in out
    assert "unguarded      T2" in out
    assert "blind          NSE:SBIN\n" in out


async def test_a_halt_is_in_the_first_line(world, shell):
    await world.halts.halt(Form.FLATTEN, "margin call")
    code, out, _ = await shell.run("status")
    assert code == 1
    assert out.splitlines()[0] == "tradebot 0.1.0 is degraded, HALTED (flatten), PAPER"
    assert "! halted (flatten): margin call" in out
    _, told = await shell.json("status")
    assert told["halt"]["form"] == "flatten"


async def test_what_nobody_watched_today_is_told(world, shell):
    await world.trades.create({key: LONG[key] for key in list(LONG)[:5]})
    world.clock.pass_ms(72_000)
    _, out, _ = await shell.run("status")
    assert "not watched    1 min unguarded, 0 ms blind today, over all trades\n" in out
    _, told = await shell.json("status")
    assert (told["unguarded_s_today"], told["blind_s_today"]) == (72, 0)


async def test_a_daemon_that_starts_is_neither_ready_nor_away(world, shell):
    world.readiness = Readiness(is_ready=False, state="starting", reasons=("no feed",))
    code, out, _ = await shell.run("status")
    assert code == 1
    assert "tradebot 0.1.0 is starting, PAPER" in out
    assert "! no feed" in out


async def test_a_database_that_is_away_degrades_it_and_hides_no_trade(world, shell):
    await world.trades.create(LONG)

    async def gone(**_):
        raise StoreError("the disk is gone")

    world.store.history_keys = gone
    code, told = await shell.json("status")
    assert code == 1
    assert told["state"] == "degraded"
    assert told["reasons"] == ["the last exits cannot be read: the disk is gone"]
    assert told["open_trades"] == 1
    assert (told["closed_today"], told["realized_pnl_today"]) == (None, None)
    code, out, _ = await shell.run("status")
    assert "– realised today" in out


async def test_without_a_daemon_it_says_so_and_ends_with_3(shell):
    code, out, err = await shell.run("status")
    assert (code, err) == (3, "")
    assert out.startswith("tradebot is not running: no daemon runs")
    code, told = await shell.json("status")
    assert code == 3
    assert (told["running"], told["state"]) == (False, "not running")


async def test_a_refusal_is_a_failure_and_no_state(world, shell):
    (shell.state / "admin.key").write_text("wrong")
    code, out, err = await shell.run("status")
    assert (code, out) == (1, "")
    assert err.startswith("tradebot: the daemon at 127.0.0.1:")
    assert "does not know the key in" in err


async def test_a_terminal_sees_the_state_in_colour(world, shell, monkeypatch):
    seen(monkeypatch)
    assert "\x1b[36mready\x1b[0m" in (await shell.run("status"))[1]
    world.readiness = Readiness(is_ready=False, state="stopping")
    assert "\x1b[33mstopping\x1b[0m" in (await shell.run("status"))[1]


class Asked(Daemon):
    """A daemon whose history is written down; pages are as large as they are asked for."""

    def __init__(self, announcement, closed, trades=()):
        super().__init__(announcement.parent)
        self.closed = closed
        self.trades = list(trades)
        self.pages = 0

    def ask(self, method, path, body=None, headers=None):
        if path == "/ready":
            return {"state": "ready", "reasons": [], "mode": "paper", "version": "1"}
        if path.endswith("activetrades"):
            return {"trades": self.trades, "next": None}
        if path.endswith("halt"):
            return {"form": None}
        if "/alerts?" in path:
            return {"alerts": [], "next": None}
        if path.endswith("coverage"):
            return {"unguarded_s": 0, "blind_s": 0}
        self.pages += 1
        start = int(body.get("cursor", 0))
        end = start + body["limit"]
        rows = self.closed[start:end]
        return {"trades": rows, "next": str(end) if end < len(self.closed) else None}


def closed(at, pnl=1.1):
    return {"account": "main", "closed_at": at, "realized_pnl": pnl}


def test_today_began_at_midnight(tmp_path):
    rows = [
        closed("2026-01-05T09:00:00Z"),
        closed("2026-01-04T23:59:59.999999Z"),
        closed("2026-01-05T00:00:00Z", 2.2),
        closed(None, 0),  # it never filled
    ]
    told = look(Asked(tmp_path / "daemon.json", rows), TODAY)
    assert told["closed_today"] == 2
    assert told["realized_pnl_today"] == 3.3
    assert told["last_exit"] == rows[0]


def test_an_exit_of_today_may_stand_behind_those_of_yesterday(tmp_path):
    rows = [closed("2026-01-05T09:00:00Z")] * 200 + [closed("2026-01-05T10:00:00Z")] * 200
    rows += [closed("2026-01-01T09:00:00Z")] * 900
    daemon = Asked(tmp_path / "daemon.json", rows)
    told = look(daemon, TODAY)
    assert told["closed_today"] == 400
    assert told["last_exit"] == closed("2026-01-05T10:00:00Z")
    assert daemon.pages == 3  # and the rest is nobody's business


def test_what_open_trades_have_taken_is_realised(tmp_path):
    taken = {"account": "main", "status": "ACTIVE", "flags": [], "realized_pnl": 0.1}
    trades = [{**taken, "unrealized_pnl": 0.2}, {**taken, "unrealized_pnl": None}]
    told = look(Asked(tmp_path / "daemon.json", [], trades), TODAY)
    assert (told["realized_pnl_today"], told["unrealized_pnl"]) == (0.2, 0.2)
    assert told["last_exit"] is None


@pytest.mark.parametrize("text", [None, "", "[]"])
def test_a_daemon_that_has_just_ended_has_no_address(tmp_path, text):
    file = tmp_path / "daemon.json"
    if text is not None:
        file.write_text(text)
    told = look(Asked(file, []), TODAY)
    assert (told["since"], told["address"], told["pid"]) == (None, None, None)


def test_the_announcement_tells_since_when(tmp_path):
    file = tmp_path / "daemon.json"
    file.write_text(json.dumps({"address": "h:1", "pid": 7}))
    told = look(Asked(file, []), TODAY)
    assert (told["address"], told["pid"]) == ("h:1", 7)
    assert dt.datetime.fromisoformat(str(told["since"])).tzinfo is not None
