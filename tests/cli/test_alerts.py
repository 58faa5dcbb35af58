"""A person reads what happened, and says that it was seen."""

import pytest

from tests.alert_store import lasting, over, raised
from tests.cli.commanding import Shell, seen
from tradebot.cli.alerts import CATEGORIES, SEVERITIES
from tradebot.core.alerting.alerts import Category, Severity

INFO, WARNING, CRITICAL = Severity


@pytest.fixture
def alerts(world):
    world.alerts.take(
        [
            raised("a", INFO, category=Category.TRADE, trade_id="T1"),
            raised("b"),
            lasting("c"),
            lasting("c"),
        ]
    )
    return world.alerts


def unseen(alerts):
    return [alert.id for alert in alerts.listed(is_acked=False)]


def test_the_words_are_those_of_the_daemon():
    assert (tuple(Severity), tuple(Category)) == (SEVERITIES, CATEGORIES)


@pytest.mark.usefixtures("alerts")
async def test_what_nobody_has_seen_is_listed_newest_first(shell):
    code, out, err = await shell.run("alerts")
    newest, older = out.splitlines()
    assert (code, err) == (0, "")
    assert newest.startswith("A3  2026-")
    assert newest.endswith("critical system  c is bad (2 times)")
    assert older.endswith("warning system  b is bad")


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ((), ["A3", "A2"]),
        (("--severity", "info"), ["A3", "A2", "A1"]),
        (("--severity", "critical"), ["A3"]),
        (("--category", "trade", "--severity", "info"), ["A1"]),
        (("--category", "trade"), []),
        (("--all",), ["A3", "A2", "A1"]),
    ],
)
async def test_a_script_chooses(alerts, shell, words, ids):
    code, told = await shell.json("alerts", *words)
    assert (code, [alert["id"] for alert in told["alerts"]]) == (0, ids)


async def test_one_is_acknowledged_by_its_id(alerts, shell):
    code, out, _ = await shell.run("alerts", "--ack", "A3")
    assert code == 0
    assert out.splitlines()[0].endswith("; seen by test")
    assert out.endswith("acknowledged: 1\n")
    assert unseen(alerts) == ["A2", "A1"]


async def test_all_that_are_listed_are_acknowledged(alerts, shell):
    code, out, _ = await shell.run("alerts", "--ack-all")
    assert (code, unseen(alerts)) == (0, [])
    assert out.endswith("acknowledged: 2\n")
    assert (await shell.run("alerts", "--ack-all"))[1] == (
        "no alerts that nobody has acknowledged\n"
    )


async def test_with_a_filter_only_what_it_lists_is_acknowledged(alerts, shell):
    await shell.run("alerts", "--ack-all", "--severity", "critical")
    assert unseen(alerts) == ["A2", "A1"]


async def test_more_than_a_page_is_acknowledged_page_by_page(world, shell):
    world.alerts.take([raised(f"matter {number}") for number in range(1_100)])
    _, told = await shell.json("alerts", "--ack-all")
    assert (len(told["alerts"]), unseen(world.alerts)) == (1_100, [])


async def test_what_is_over_says_since_when(world, shell):
    world.alerts.take([lasting("c"), over("c")])
    assert "; over since 2026-" in (await shell.run("alerts"))[1]


async def test_a_terminal_sees_how_bad_it_is(alerts, shell, monkeypatch):
    alerts.acknowledge("A2", "lead")
    seen(monkeypatch)
    lines = (await shell.run("alerts", "--all"))[1].splitlines()
    assert [line[:5] for line in lines] == ["\x1b[31m", "\x1b[2mA", "A1  2"]


@pytest.mark.usefixtures("world")
async def test_without_alerts_it_says_so(shell):
    assert (await shell.run("alerts", "--all"))[1] == "no alerts\n"
    code, _, err = await shell.run("alerts", "--ack", "A1?x")
    assert (code, err) == (1, "tradebot: there is no alert 'A1?x'\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--severity", "bad"), "invalid choice: 'bad'"),
        (("--category", "disk"), "invalid choice: 'disk'"),
        (("--ack",), "expected one argument"),
        (("--ack", "A1", "--ack-all"), "not allowed with argument"),
    ],
)
@pytest.mark.usefixtures("world")
async def test_a_wrong_line_is_a_mistake(shell, words, says):
    code, out, err = await shell.run("alerts", *words)
    assert (code, out) == (2, "")
    assert says in err


async def test_without_a_daemon_the_exit_code_is_three(tmp_path, capsys):
    assert (await Shell(tmp_path, capsys).run("alerts"))[0] == 3
