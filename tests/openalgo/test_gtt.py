"""Good-till-triggered orders wait in a book of their own, and trade when a price is met."""

import pytest

from tests.openalgo.exchange import By
from tests.openalgo.faults import Fault

SBIN = "NSE:SBIN"
OCO = {
    "strategy": "a",
    "symbol": "SBIN",
    "exchange": "NSE",
    "action": "SELL",
    "product": "CNC",
    "quantity": 5,
    "trigger_type": "OCO",
    "triggerprice_sl": 800,
    "stoploss": 799,
    "triggerprice_tg": 830,
    "target": 830,
}
SINGLE = OCO | {"trigger_type": "SINGLE", "triggerprice_tg": 0, "target": 0, "price": 798}


@pytest.fixture
def gtts(server):
    server.plug_in("zerodha")
    server.carry(SBIN, 5, 790.0, "CNC")
    return server


@pytest.mark.parametrize(("price", "limit"), [(799.5, 799.0), (830.0, 830.0)])
async def test_the_first_price_that_is_met_places_its_order_and_ends_the_other(
    price, limit, gtts, client
):
    placed = (await client.ask("placegttorder", **OCO)).body["trigger_id"]
    (row,) = (await client.ask("gttorderbook")).data
    assert (row["trigger_id"], row["status"], row["quantity"]) == (placed, "active", 5)
    gtts.price(SBIN, 812.0)
    assert gtts.record.orders() == []
    gtts.price(SBIN, price)
    (order,) = gtts.record.orders(by=By.GTT)
    assert (order.ticket.pricetype, order.ticket.price, order.via) == ("LIMIT", limit, placed)
    for other in (799.0, 831.0):
        gtts.price(SBIN, other)
    assert len(gtts.record.orders()) == 1
    assert (await client.ask("gttorderbook")).data[0]["status"] == "triggered"
    assert (await client.ask("cancelgttorder", strategy="a", trigger_id=placed)).status == 400


async def test_one_of_a_single_price_can_be_changed_and_called_back(gtts, client):
    placed = (await client.ask("placegttorder", **SINGLE)).body["trigger_id"]
    answer = await client.ask("modifygttorder", **SINGLE | {"trigger_id": placed, "stoploss": 790})
    assert answer.body["trigger_id"] == placed
    assert (await client.ask("gttorderbook")).data[0]["stoploss"] == 790
    answer = await client.ask("modifygttorder", **OCO | {"trigger_id": placed, "target": 1})
    assert answer.status == 200
    for endpoint, fields in (("modifygttorder", OCO), ("cancelgttorder", {"strategy": "a"})):
        assert (await client.ask(endpoint, **fields | {"trigger_id": "7"})).status == 404
    await client.ask("cancelgttorder", strategy="a", trigger_id=placed)
    gtts.price(SBIN, 700.0)
    assert gtts.record.orders() == []


async def test_a_person_places_them_too(gtts, client):
    gtts.gtt_by_hand(OCO)
    assert len((await client.ask("gttorderbook")).data) == 1
    gtts.price(SBIN, 700.0)
    assert len(gtts.record.orders(by=By.GTT)) == 1


async def test_wrong_ones_are_refused(gtts, client):
    answer = await client.ask("placegttorder", **OCO | {"triggerprice_tg": 0})
    assert (answer.status, answer.message) == (400, "OCO takes 2 trigger prices")
    changed = SINGLE | {"trigger_id": (await client.ask("placegttorder", **OCO)).body["trigger_id"]}
    answer = await client.ask("modifygttorder", **changed | {"triggerprice_sl": 0})
    assert answer.status == 400
    assert (await client.ask("placegttorder", **OCO | {"symbol": "NONE"})).status == 400
    with gtts.faults.during(Fault.BOOK_FAILS, endpoint="gttorderbook"):
        assert (await client.ask("gttorderbook")).status == 500


async def test_most_plugins_have_none(server, client):
    assert (await client.ask("placegttorder", **OCO)).status == 404
    assert (await client.ask("gttorderbook")).status == 404
