"""A person who has looked at the broker says what they saw, and is told what follows."""

import pytest

from tests.api.world import LONG
from tests.cli.commanding import Shell
from tradebot.core.inputs import PlaceReply, Queued, Unknown


async def in_doubt(world, outcome=None, **changes):
    await world.bought()
    await world.trades.create(LONG | changes)
    await world.trades.exit("T1")
    lost = outcome or Unknown("timeout")
    at_ns = world.clock.now_ns()
    await world.put(PlaceReply(client_order_id="T1-x1", outcome=lost, at_ns=at_ns))


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--done", "T1  exit 1: done, and the trade is over\n"),
        (
            "--resend",
            "T1  exit 1: the next order leaves once the broker's position has been read\n",
        ),
    ],
)
async def test_a_word_ends_the_doubt(world, shell, flag, says):
    await in_doubt(world)
    code, out, err = await shell.run("resolve", "T1", flag, "--why", "I looked")
    assert (code, out, err) == (0, says, "")


async def test_a_trade_that_goes_on_is_told(world, shell):
    target = [{"at": "@801", "quantity": 4}, {"at": "@830"}]
    await world.bought()
    await world.trades.create({**LONG, "target": target})
    await world.tick(800.0)
    await world.tick(801.0)
    book = world.book
    book.policy = type(book.policy)(exits=type(book.policy.exits)(tagged=False))
    at_ns = world.clock.now_ns()
    lost = Unknown("timeout")
    await world.put(PlaceReply(client_order_id="T1-x1", outcome=lost, at_ns=at_ns))
    _, out, _ = await shell.run("resolve", "T1", "--done")
    assert out == "T1  exit 1: done; the trade goes on with what is left of it\n"
    assert book.trades["T1"].remaining == 6


async def test_an_approval_that_never_comes_is_a_doubt_too(world, shell):
    await in_doubt(world, Queued("approve me"))
    code, told = await shell.json("resolve", "T1", "--resend")
    assert (code, told) == (
        0,
        {"trade_id": "T1", "verdict": "resend", "exits": [1], "is_open": True},
    )


async def test_a_word_may_be_about_one_order_alone(world, shell):
    await in_doubt(world)
    code, out, err = await shell.run("resolve", "T1-x9", "--resend")
    assert (code, out) == (1, "")
    assert err.startswith("tradebot: T1-x9 is not in doubt; of trade T1 T1-x1 is")
    code, out, _ = await shell.run("resolve", "T1-x1", "--resend")
    assert (code, out[:11]) == (0, "T1  exit 1:")


async def test_what_is_not_in_doubt_is_refused(world, shell):
    await world.bought()
    await world.trades.create(LONG)
    code, out, err = await shell.run("resolve", "T1", "--done")
    assert (code, out) == (1, "")
    assert err.startswith("tradebot: nothing of trade T1 is in doubt")
    assert (await shell.run("resolve", "T9", "--done"))[0] == 1


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("T1",), "one of the arguments --done --resend is required"),
        (("T1", "--done", "--resend"), "not allowed with argument"),
        (("--done",), "the following arguments are required: TRADE"),
        (("T1", "--done", "--why", "x" * 201), "why"),
    ],
)
async def test_there_is_one_trade_and_one_verdict(shell, words, says):
    code, out, err = await shell.run("resolve", *words)
    assert (code, out) == (2, "")
    assert says in err


async def test_without_a_daemon_the_exit_code_is_three(tmp_path, capsys):
    assert (await Shell(tmp_path, capsys).run("resolve", "T1", "--done"))[0] == 3
