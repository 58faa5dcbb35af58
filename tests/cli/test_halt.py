"""A person halts with a word and a reason; a script with --yes."""

import pytest

from tests.api.world import LONG
from tests.cli.commanding import nobody, types
from tradebot.core.leaving.halt import Form

WHY = ("--why", "margin call")


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("entries", "new trades are refused, exits go on"),
        ("flatten", "every trade is being left, new ones are refused"),
        ("everything", "nothing is sent, exits included"),
    ],
)
async def test_a_script_halts_in_each_form(world, shell, monkeypatch, form, says):
    nobody(monkeypatch)
    code, out, err = await shell.run("halt", f"--{form}", *WHY, "--yes")
    assert (code, out, err) == (0, f"halted ({form}): {says}\n", "")
    assert world.book.halt.form is Form(form)
    assert world.book.halt.why == "margin call"


async def test_to_stop_entries_asks_nobody(world, shell, monkeypatch):
    nobody(monkeypatch)
    assert (await shell.run("halt", "--entries", *WHY))[0] == 0
    assert world.book.halt.form is Form.ENTRIES


@pytest.mark.parametrize("form", ["flatten", "everything"])
async def test_without_a_person_and_without_yes_nothing_is_halted(world, shell, monkeypatch, form):
    nobody(monkeypatch)
    code, out, err = await shell.run("halt", f"--{form}", *WHY)
    assert (code, out) == (2, "")
    assert err == "tradebot: nobody is here to confirm; say --yes\n"
    assert world.book.halt.form is None


ASKED = {
    "flatten": (
        "T1  LONG 10 NSE:SBIN at market, LTP 805.00 (0 ms old), P&L about ▲ +50.00\n"
        "Leave 1 trade now, and take no new ones? Type flatten to confirm: "
    ),
    "everything": (
        "T1  LONG NSE:SBIN stays open\n"
        "Send nothing, so that no stop of 1 trade leaves? Type everything to confirm: "
    ),
}


@pytest.mark.parametrize("form", ASKED)
@pytest.mark.parametrize("is_typed", [True, False])
async def test_a_person_types_the_word(world, shell, monkeypatch, form, is_typed):
    await world.bought()
    await world.trades.create(LONG)
    await world.tick(805.0)
    types(monkeypatch, form if is_typed else "yes")
    code, _, err = await shell.run("halt", f"--{form}", *WHY)
    assert code == (0 if is_typed else 1)
    assert err == ASKED[form] + ("" if is_typed else "nothing was halted\n")
    assert world.book.halt.form == (Form(form) if is_typed else None)


async def test_the_question_counts_the_trades(world, shell, monkeypatch):
    types(monkeypatch, "flatten")
    _, _, err = await shell.run("halt", "--flatten", *WHY)
    assert err == "Leave 0 trades now, and take no new ones? Type flatten to confirm: "


async def test_json_is_the_halt_in_force(world, shell):
    code, told = await shell.json("halt", "--entries", *WHY)
    assert code == 0
    assert (told["form"], told["why"], told["exits_waiting"]) == ("entries", "margin call", 0)


async def test_a_stronger_halt_stands(world, shell):
    await world.halts.halt(Form.EVERYTHING, "x")
    code, out, err = await shell.run("halt", "--entries", *WHY)
    assert (code, out) == (1, "")
    assert err == (
        "tradebot: the halt in force (everything) is the stronger one: release it first\n"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (WHY, "one of the arguments --entries --flatten --everything is required"),
        (("--entries",), "the following arguments are required: --why"),
        (("--entries", "--flatten", *WHY), "not allowed with argument"),
        (("--entries", "--why", ""), "why"),
    ],
)
async def test_a_halt_has_one_form_and_a_reason(world, shell, words, says):
    code, out, err = await shell.run("halt", *words)
    assert (code, out) == (2, "")
    assert says in err
    assert world.book.halt.form is None


async def test_without_a_daemon_the_exit_code_is_three(tmp_path, capsys):
    from tests.cli.commanding import Shell

    code, _, _ = await Shell(tmp_path, capsys).run("halt", "--entries", *WHY)
    assert code == 3
