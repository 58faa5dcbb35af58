"""A halt ends with a reason, and whoever ends it is told what goes on."""

import pytest

from tests.api.world import LONG
from tradebot.core.leaving.halt import Form


@pytest.mark.parametrize("form", Form)
async def test_a_release_says_what_it_ended(world, shell, form):
    await world.halts.halt(form, "fear")
    code, out, err = await shell.run("release", "--why", "all is well")
    assert (code, err) == (0, "")
    assert out == f"released ({form}): new trades are taken again\n"
    assert (world.book.halt.form, world.book.halt.why) == (None, "all is well")


@pytest.mark.parametrize(("count", "says"), [(1, "1 exit that"), (2, "2 exits that")])
async def test_exits_that_waited_are_counted(world, shell, count, says):
    await world.bought(20)
    for _ in range(count):
        await world.trades.create(LONG)
    await world.halts.halt(Form.EVERYTHING, "fear")
    for number in range(count):
        await world.trades.exit(f"T{number + 1}")
    _, out, _ = await shell.run("release", "--why", "x")
    assert out == f"released (everything): new trades are taken again; {says} waited may go\n"


async def test_json_says_that_nothing_is_halted(world, shell):
    await world.halts.halt(Form.ENTRIES, "lunch")
    code, told = await shell.json("release", "--why", "back")
    assert code == 0
    assert (told["form"], told["why"]) == (None, "back")


@pytest.mark.usefixtures("world")
async def test_without_a_halt_there_is_nothing_to_release(shell):
    code, out, err = await shell.run("release", "--why", "x")
    assert (code, out, err) == (1, "", "tradebot: nothing is halted\n")


async def test_a_release_has_a_reason(world, shell):
    await world.halts.halt(Form.ENTRIES, "lunch")
    code, _, err = await shell.run("release")
    assert code == 2
    assert "required: --why" in err
    assert world.book.halt.form is Form.ENTRIES
