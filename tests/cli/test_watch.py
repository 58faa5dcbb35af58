"""The table of trades: once for a pipe, live for a person."""

import argparse
import asyncio
import contextlib
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.api.world import KEY, LONG, running
from tradebot.api.server import ApiServer
from tradebot.api.shapes import Readiness
from tradebot.cli import watch
from tradebot.cli.client import AnswerError, Daemon, NotRunningError
from tradebot.cli.watch import View, follow, plain, screen
from tradebot.core.inputs import OrderSide
from tradebot.errors import StoreError


def args(state, *words):
    parser = argparse.ArgumentParser()
    watch.add_arguments(parser)
    return parser.parse_args(["--state-dir", str(state), *words])


@contextlib.asynccontextmanager
async def daemon(state, mode="paper"):
    """A world behind a real socket, announced as a daemon announces itself."""
    async with running() as world:
        world.mode = mode
        server = ApiServer(world.api(), host="127.0.0.1", port=0)
        task = asyncio.create_task(server.run())
        (state / "daemon.json").write_text(json.dumps({"address": await server.bound()}))
        (state / "admin.key").write_text(KEY)
        yield world
        await server.stop()
        await task


async def watched(state, *words):
    return await asyncio.to_thread(watch.main, args(state, *words))


def a_trade(**fields):
    return {
        "trade_id": "T1",
        "exchange": "NSE",
        "symbol": "SBIN",
        "side": "LONG",
        "quantity": 10,
        "entry_price": 800,
        "ltp": 805.05,
        "ltp_age_ms": 40,
        "stop_level": 792,
        "target_level": 830,
        "trail_level": None,
        "unrealized_pnl": 50.5,
        "realized_pnl": 0,
        "status": "ACTIVE",
        "flags": [],
        **fields,
    }


def an_exit(**fields):
    return {
        "trade_id": "T2",
        "exchange": "NSE",
        "symbol": "TCS",
        "side": "SHORT",
        "quantity": 4,
        "entry_price": 3000,
        "exit_price": 3020.5,
        "status": "CLOSED",
        "reason": "stop",
        "realized_pnl": -82,
        "closed_at": "2026-01-05T03:45:00.000000Z",
        **fields,
    }


def a_view(*trades, exits=(), state="ready", reasons=(), **fields):
    return View(
        **{"mode": "paper", "state": state, "reasons": list(reasons)} | fields,
        trades=list(trades),
        exits=list(exits),
    )


def drawn(shown, **options):
    paper = io.StringIO()
    console = Console(
        file=paper, width=160, force_terminal=True, color_system="truecolor", **options
    )
    console.print(shown)
    return paper.getvalue()


async def test_once_prints_the_trades_and_the_last_exits(tmp_path, capsys):
    async with daemon(tmp_path) as world:
        await world.bought(20)
        await world.trades.create(LONG)
        await world.trades.create(LONG | {"strategy": "swing"})
        await world.trades.exit("T1")
        await world.fill("B1", "T1-x1", OrderSide.SELL, 10, 791.05)
        await world.tick(805.0)
        assert await watched(tmp_path, "--once") == 0
        printed = capsys.readouterr().out
        assert printed.startswith("PAPER  ready  1 open trade  P&L ▲ +50.00\n")
        assert "T2     NSE:SBIN  LONG   10  800.00  805.00  0 ms" in printed
        assert "T1  NSE:SBIN  LONG 10  800.00 -> 791.05  manual  ▼ -89.50" in printed
        assert "\x1b" not in printed
        assert await watched(tmp_path, "--once", "--strategy", "none") == 0
        assert "no open trades" in capsys.readouterr().out


def test_the_first_line_says_for_how_long_open_trades_were_not_watched():
    trades = [a_trade(unguarded_s=60, blind_s=0), a_trade(unguarded_s=12.5, blind_s=0.2)]
    title, *_ = plain(a_view(*trades))
    assert title == "PAPER  ready  2 open trades  P&L ▲ +101.00  unguarded 1 min  blind 200 ms"


async def test_a_pipe_gets_it_once_without_being_asked(tmp_path, capsys):
    async with daemon(tmp_path):
        assert await watched(tmp_path) == 0
    assert "no open trades" in capsys.readouterr().out


async def test_a_daemon_that_starts_is_shown_with_its_reasons(tmp_path, capsys):
    async with daemon(tmp_path) as world:
        world.readiness = Readiness(is_ready=False, state="starting", reasons=("no feed",))
        assert await watched(tmp_path, "--once") == 0
    assert "PAPER  starting  0 open trades  P&L 0.00\n! no feed\n" in capsys.readouterr().out


async def test_a_wrong_key_fails_with_one_line(tmp_path, capsys):
    async with daemon(tmp_path):
        (tmp_path / "admin.key").write_text("wrong")
        assert await watched(tmp_path, "--once") == 1
    err = capsys.readouterr().err
    assert err.startswith("tradebot: the daemon at 127.0.0.1:")
    assert f"does not know the key in {tmp_path / 'admin.key'}" in err
    assert err.count("\n") == 1


async def test_what_is_no_daemon_of_ours_fails_with_one_line(tmp_path, capsys, monkeypatch):
    def refuse(*_):
        raise AnswerError("unreadable", "no JSON of ours", {})

    monkeypatch.setattr("tradebot.cli.client.Daemon.ask", refuse)
    assert watch.main(args(tmp_path, "--once")) == 1
    assert capsys.readouterr().err == "tradebot: no JSON of ours\n"


def test_without_a_daemon_once_says_so_and_ends(tmp_path, capsys):
    assert watch.main(args(tmp_path, "--once")) == 3
    err = capsys.readouterr().err
    assert err.startswith("tradebot: no daemon runs")
    assert err.count("\n") == 1


def test_columns_are_aligned_and_distances_told():
    short = a_trade(trade_id="T17", side="SHORT", ltp=None, ltp_age_ms=None, unrealized_pnl=None)
    lines = list(plain(a_view(a_trade(trail_level=797.95), short)))
    assert [line.rstrip() for line in lines] == [
        "PAPER  ready  2 open trades  P&L ▲ +50.50",
        "",
        (
            "TRADE  SYMBOL    SIDE   QTY   ENTRY     LTP    AGE    STOP          TARGET"
            "           TRAIL               P&L  STATE"
        ),
        (
            "T1     NSE:SBIN  LONG    10  800.00  805.05  40 ms  792.00  -1.62%  830.00"
            "  +3.10%  797.95  -0.88%  ▲ +50.50  ACTIVE"
        ),
        (
            "T17    NSE:SBIN  SHORT   10  800.00       –      –  792.00          830.00"
            "               –                 –  ACTIVE"
        ),
    ]


def test_states_that_a_person_must_see_are_words():
    (_, _, _, row) = plain(a_view(a_trade(flags=["blind", "in_doubt"])))
    assert row.endswith("ACTIVE BLIND IN DOUBT")


def test_exits_stand_below_with_their_reasons():
    never = an_exit(
        status="NEVER_FILLED", reason=None, exit_price=None, entry_price=None, realized_pnl=0
    )
    *_, head, first, second = plain(a_view(exits=[an_exit(), never]))
    assert head == "last exits"
    assert first.endswith("T2  NSE:TCS  SHORT 4  3,000.00 -> 3,020.50  stop  ▼ -82.00")
    assert second.endswith("– -> –  NEVER_FILLED  0.00")


def test_the_screen_has_a_badge_colours_and_dims_what_is_old():
    shown = drawn(
        screen(
            a_view(
                a_trade(),
                a_trade(ltp_age_ms=20_000, flags=["blind"], unrealized_pnl=None),
                exits=[an_exit(), an_exit(realized_pnl=5), an_exit(realized_pnl=0)],
                state="degraded",
                reasons=["the database refuses"],
            )
        )
    )
    assert " PAPER " in shown
    assert "degraded  2 open trades" in shown
    assert "! the database refuses" in shown
    assert "38;2;38;166;154m" in shown  # teal
    assert "38;2;239;83;80m" in shown  # red
    dim = [line for line in shown.splitlines() if "BLIND" in line]
    assert "\x1b[2m" in dim[0]


def printed_at(width, *trades, height=None):
    paper = io.StringIO()
    console = Console(file=paper, width=width, color_system=None)
    console.print(screen(a_view(*trades), width, height))
    return [line.rstrip() for line in paper.getvalue().splitlines()]


def test_a_narrow_terminal_has_ages_and_distances_below():
    _title, _gap, heads, _line, row, below, last, *_ = printed_at(
        88, a_trade(symbol="BANKNIFTY26NOVFUT", flags=["suspect"])
    )
    assert heads.split() == ["TRADE", "ENTRY", "LTP", "STOP", "TARGET", "TRAIL", "P&L"]
    assert row.split()[:3] == ["T1", "LONG", "10"]
    assert row.split()[4:6] == ["805.05", "792.00"]
    assert row.split()[-2:] == ["▲", "+50.50"]
    assert below.split() == ["NSE:BANKNIFTY26NOVFUT", "40", "ms", "-1.62%", "+3.10%", "ACTIVE"]
    assert last.split() == ["SUSPECT"]


@pytest.mark.parametrize("width", [140, 100, 90, 80, 60, 45])
def test_no_terminal_cuts_a_figure_or_a_symbol(width):
    large = {"entry_price": 124862.55, "ltp": 124868.55, "stop_level": 124668.55}
    far = {"target_level": 125868.55, "trail_level": 124768.55, "unrealized_pnl": -1234567.5}
    trade = a_trade(symbol="BANKNIFTY26NOV52000CE", flags=["in_doubt", "stuck"], **large, **far)
    shown = printed_at(width, trade)
    text = "\n".join(shown)
    assert max(map(len, shown)) <= width
    for whole in ("124,868.55", "124,668.55", "125,868.55", "124,768.55"):
        assert whole in text
    for whole in ("NSE:BANKNIFTY26NOV52000CE", "▼ -1,234,567.50", "IN DOUBT", "STUCK"):
        assert whole in text


def test_eighty_columns_hold_a_trade_in_two_lines_without_its_entry():
    levels = {"stop_level": 51500.4, "target_level": 52093.2, "trail_level": 51500.4}
    trade = a_trade(symbol="BANKNIFTY-FUT", ltp=51632.4, unrealized_pnl=-25950, **levels)
    _title, _gap, heads, _line, row, below, *_ = printed_at(80, trade)
    assert heads.split() == ["TRADE", "LTP", "STOP", "TARGET", "TRAIL", "P&L"]
    assert row.split()[:4] == ["T1", "LONG", "10", "51,632.40"]
    assert below.split()[:3] == ["NSE:BANKNIFTY-FUT", "40", "ms"]


@pytest.mark.parametrize("width", [140, 90, 80, 50])
def test_a_low_terminal_counts_what_it_hides_and_shows_flagged_trades(width):
    many = [a_trade(trade_id=f"T{number}") for number in range(1, 40)]
    many.append(a_trade(trade_id="T40", flags=["stuck"]))
    shown = printed_at(width, *many, height=24)
    assert len(shown) <= 24
    seen = [line.split()[0] for line in shown if line.strip().startswith("T") and "LONG" in line]
    assert "T1" in seen
    assert "T40" in seen
    more = f"and {40 - len(seen)} more open; a larger window or tradebot trades shows them"
    assert more in " ".join(shown)


def test_the_last_exits_are_those_that_were_left_last():
    times = {"T1": "2026-01-05T04:00:00Z", "T9": "2026-01-05T03:50:00.5Z", "T8": None}
    answers = {
        "/ready": {"mode": "paper", "state": "ready"},
        "/api/v1/activetrades": {"trades": [], "next": None},
        "/api/v1/tradehistory": {
            "trades": [an_exit(trade_id=name, closed_at=at) for name, at in times.items()][::-1]
        },
    }

    class Answering(Daemon):
        def ask(self, _method, path, _body=None, _headers=None):
            return answers[path]

    daemon = Answering(Path("state"))
    assert [trade["trade_id"] for trade in watch.look(daemon, None).exits] == ["T1", "T9"]


async def test_open_trades_are_shown_though_the_database_is_away(tmp_path, capsys):
    async with daemon(tmp_path) as world:
        await world.trades.create(LONG)

        async def gone(**_):
            raise StoreError("the disk is gone")

        world.store.history_keys = gone
        assert await watched(tmp_path, "--once") == 0
    printed = capsys.readouterr().out
    assert "! the last exits cannot be read: the disk is gone" in printed
    assert "T1     NSE:SBIN" in printed


def test_no_color_leaves_no_colour():
    shown = drawn(screen(a_view(a_trade(), exits=[an_exit()])), no_color=True)
    assert "38;2" not in shown
    assert "▲ +50.50" in shown


def test_a_symbol_cannot_write_markup():
    assert "NSE:[red]X[/red]" in drawn(screen(a_view(a_trade(symbol="[red]X[/red]"))))


def test_an_empty_screen_says_so():
    assert "no open trades" in drawn(screen(a_view(mode="unheard")))


def test_following_waits_for_a_daemon_that_restarts():
    answers = [
        NotRunningError("no daemon runs"),
        a_view(a_trade()),
        AnswerError("store_failed", "the disk is full", {}),
        a_view(),
    ]
    paper = io.StringIO()
    console = Console(file=paper, width=160, force_terminal=True, color_system=None)
    slept = []

    def look_again():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sleep(seconds):
        slept.append(seconds)
        if not answers:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow(look_again, console, sleep=sleep)
    shown = paper.getvalue()
    assert "waiting for the daemon ... (no daemon runs)" in shown
    assert "NSE:SBIN" in shown
    assert "waiting for the daemon ... (the disk is full)" in shown
    assert slept == [0.5] * 4


@pytest.mark.parametrize(("wish", "no_color"), [("1", True), ("", False)])
def test_a_terminal_is_followed_until_interrupted(tmp_path, monkeypatch, wish, no_color):
    followed = []

    def interrupted(look_again, console):
        followed.append(console.no_color)
        with pytest.raises(NotRunningError):
            look_again()
        raise KeyboardInterrupt

    monkeypatch.setenv("NO_COLOR", wish)
    monkeypatch.setattr(watch, "follow", interrupted)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert watch.main(args(tmp_path)) == 0
    assert followed == [no_color]
