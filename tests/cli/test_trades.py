"""The open trades, for a person and for a script."""

from tests.api.world import LONG
from tests.cli.commanding import seen


async def test_a_script_gets_every_key(world, shell):
    await world.trades.create(LONG)
    code, told = await shell.json("trades")
    assert code == 0
    (trade,) = told["trades"]
    assert (trade["trade_id"], trade["stop_level"], trade["stop"]) == ("T1", 792, "1%")


async def test_a_pipe_gets_the_columns_of_watch(world, shell):
    await world.trades.create(LONG)
    await world.tick(805.0)
    code, out, err = await shell.run("trades")
    assert (code, err) == (0, "")
    head, row = out.splitlines()
    assert head.startswith("TRADE  SYMBOL    SIDE  QTY   ENTRY     LTP   AGE    STOP")
    assert row.startswith("T1     NSE:SBIN  LONG   10  800.00  805.00  0 ms  792.00  -1.61%")
    assert row.endswith("▲ +50.00  ACTIVE")


async def test_only_a_strategy_is_listed_where_it_is_named(world, shell):
    await world.trades.create(LONG)
    await world.trades.create(LONG | {"strategy": "swing"})
    _, told = await shell.json("trades", "--strategy", "swing")
    assert [trade["trade_id"] for trade in told["trades"]] == ["T2"]
    none = (await shell.run("trades", "--strategy", "none"))[1]
    assert none == "no open trades of the strategy 'none'\n"


async def test_a_terminal_sees_gain_loss_age_and_doubt(world, shell, monkeypatch):
    await world.trades.create(LONG)
    await world.tick(805.0)
    await world.trades.create(LONG | {"entry_price": 810})
    await world.trades.create({key: LONG[key] for key in list(LONG)[:5]})
    seen(monkeypatch)
    head, gain, loss, unguarded = (await shell.run("trades"))[1].splitlines()
    styles = [line.partition("m")[0] for line in (head, gain, loss, unguarded)]
    assert styles == ["\x1b[1", "\x1b[36", "\x1b[31", "\x1b[33"]
    world.clock.pass_ms(20_000)
    assert (await shell.run("trades"))[1].splitlines()[1].startswith("\x1b[2m")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in (await shell.run("trades"))[1]
