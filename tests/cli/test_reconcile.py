"""Our positions beside the broker's, a line each."""

from decimal import Decimal

import pytest

from tests.api.world import LONG
from tests.cli.commanding import Shell
from tradebot.core.market.instruments import NetKey

KEY = NetKey("main", "NSE", "SBIN", "MIS")


@pytest.mark.parametrize(
    ("nets", "code", "says"),
    [
        ({KEY: Decimal(10)}, 0, "  NSE:SBIN MIS  agreed: ours 10, broker 10, guarded 10\n"),
        ({KEY: Decimal(-4)}, 1, "! NSE:SBIN MIS  differs: ours 10, broker -4, guarded 10\n"),
        (None, 1, "! NSE:SBIN MIS  not answered: ours 10, broker –, guarded 10\n"),
    ],
)
async def test_each_position_is_a_line(world, shell, nets, code, says):
    await world.bought()
    await world.trades.create(LONG)
    world.nets = nets
    assert await shell.run("reconcile") == (code, says, "")


@pytest.mark.usefixtures("world")
async def test_without_open_trades_there_is_nothing_to_compare(shell):
    assert await shell.run("reconcile") == (0, "no positions with open trades\n", "")


async def test_json_is_what_the_api_says(world, shell):
    await world.bought()
    await world.trades.create(LONG)
    world.nets = {KEY: Decimal(10)}
    code, told = await shell.json("reconcile")
    assert (code, told["agreed"]) == (0, True)
    assert told["positions"][0]["broker"] == 10


async def test_without_a_daemon_the_exit_code_is_three(tmp_path, capsys):
    assert (await Shell(tmp_path, capsys).run("reconcile"))[0] == 3
