"""What a person should know of is listed, and acknowledged by name; on disk before the answer."""

import pytest

from tests.alert_store import lasting, over, raised
from tests.api.world import KEY, READ_KEY, START_NS, TRADE_KEY, running
from tradebot.core.alerting.alerts import Category, Severity
from tradebot.services import alerts as service

ALERTS = "/api/v1/alerts"
INFO, WARNING, CRITICAL = Severity


@pytest.fixture
async def world():
    async with running() as made:
        made.alerts.take(
            [
                raised("a", INFO, trade_id="T1", category=Category.TRADE),
                raised("b"),
                lasting("c"),
            ]
        )
        yield made


async def asked(world, key, method, path, **body):
    async with world.client(key=key) as client:
        return await client.request(method, path, json=body or None)


async def ids(world, query=""):
    answer = await asked(world, READ_KEY, "GET", f"{ALERTS}{query}")
    assert answer.status_code == 200, answer.text
    return [alert["id"] for alert in answer.json()["data"]["alerts"]]


async def test_an_alert_is_told_with_all_that_is_known_of_it(world):
    world.clock.pass_ms(1_500)
    world.alerts.take([lasting("c"), over("c")])
    told = (await asked(world, READ_KEY, "GET", ALERTS)).json()["data"]
    assert told["next"] is None
    assert told["alerts"][0] == {
        "id": "A3",
        "category": "system",
        "severity": "critical",
        "text": "c is bad",
        "trade_id": None,
        "first_at": "2026-01-05T03:45:00.000000Z",
        "last_at": "2026-01-05T03:45:01.500000Z",
        "count": 2,
        "holds": False,
        "over_at": "2026-01-05T03:45:01.500000Z",
        "acknowledged_at": None,
        "acknowledged_by": None,
    }
    assert world.clock.now_ns() > START_NS


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["A3", "A2", "A1"]),
        ("?severity=warning", ["A3", "A2"]),
        ("?severity=critical&category=trade", []),
        ("?category=trade", ["A1"]),
        ("?acknowledged=yes", ["A2"]),
        ("?acknowledged=no", ["A3", "A1"]),
        ("?limit=1", ["A3"]),
        ("?cursor=A3", ["A2", "A1"]),
        ("?cursor=a2&limit=5", ["A1"]),
    ],
)
async def test_a_list_is_filtered_and_has_pages(world, query, wanted):
    world.alerts.acknowledge("A2", "lead")
    assert await ids(world, query) == wanted


async def test_the_cursor_leads_through_all_of_them(world):
    found, query = [], "?limit=2"
    while True:
        told = (await asked(world, KEY, "GET", f"{ALERTS}{query}")).json()["data"]
        found += [alert["id"] for alert in told["alerts"]]
        if told["next"] is None:
            break
        query = f"?limit=2&cursor={told['next']}"
    assert found == ["A3", "A2", "A1"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("severity=bad", "severity"),
        ("category=disk", "category"),
        ("acknowledged=true", "acknowledged"),
        ("limit=0", "limit"),
        ("cursor=17", "cursor"),
        ("cursor=", "cursor"),
        ("unread=1", "unread"),
        ("limit=1&limit=2", "limit"),
    ],
)
async def test_a_wrong_filter_is_named(world, query, field):
    answer = await asked(world, KEY, "GET", f"{ALERTS}?{query}")
    assert (answer.status_code, answer.json()["details"]) == (400, {"field": field})


@pytest.mark.parametrize(("key", "status"), [(READ_KEY, 403), (TRADE_KEY, 200), (KEY, 200)])
async def test_who_may_trade_acknowledges_and_is_named(world, key, status):
    answer = await asked(world, key, "POST", f"{ALERTS}/A3/ack")
    assert answer.status_code == status
    name = world.alerts.acknowledge("A3", "later").acked_by
    assert name == {READ_KEY: "later", TRADE_KEY: "trader", KEY: "test"}[key]
    if status == 200:
        assert answer.json()["data"]["acknowledged_by"] == name
        assert world.alert_store.newest[3].acked_by == name
        assert world.alert_store.synced


async def test_what_is_not_there_cannot_be_acknowledged(world):
    answer = await asked(world, KEY, "POST", f"{ALERTS}/A9/ack")
    assert (answer.status_code, answer.json()["message"]) == (404, "there is no alert 'A9'")
    assert (await asked(world, KEY, "POST", f"{ALERTS}/A3/ack", why="x")).status_code == 400


async def test_all_that_was_seen_is_acknowledged_at_once(world):
    answer = await asked(world, TRADE_KEY, "POST", f"{ALERTS}/ack", through="A2")
    assert answer.json()["data"] == {"acknowledged": 2}
    assert await ids(world, "?acknowledged=no") == ["A3"]
    for body in ({}, {"through": "all"}, {"through": 2}, {"through": "A2", "x": 1}):
        assert (await asked(world, KEY, "POST", f"{ALERTS}/ack", **body)).status_code == 400


async def test_a_disk_that_hangs_is_told_and_the_word_counts_all_the_same(world, monkeypatch):
    monkeypatch.setattr(service, "DURABLE_S_MAX", 0.01)
    world.alert_store.hangs = True
    answer = await asked(world, KEY, "POST", f"{ALERTS}/A3/ack")
    assert (answer.status_code, answer.json()["error_code"]) == (503, "store_failed")
    assert await ids(world, "?acknowledged=yes") == ["A3"]


async def test_who_acknowledged_what_is_in_the_audit(world):
    await asked(world, TRADE_KEY, "POST", f"{ALERTS}/A3/ack")
    (line,) = [fields for name, _, fields in world.said if name == "api.audit"]
    assert (line["who"], line["route"]) == ("trader", "POST /api/v1/alerts/A3/ack")


async def test_the_figures_are_for_prometheus(world):
    text = (await asked(world, None, "GET", "/metrics")).text
    assert 'tradebot_alerts_unacknowledged{severity="critical"} 1.0' in text
    assert 'tradebot_alerts_total{category="trade",severity="info"} 1.0' in text
