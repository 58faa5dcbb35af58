"""Exits as people usually write them go wrong here, each by the fault it does not know.

Each of them leaves 5 units, and is right where the server is kind.
"""

import aiohttp
import pytest

from tests.openalgo.faults import Fault
from tests.openalgo.plain_client import AN_EXIT, AN_ORDER

SBIN = "NSE:SBIN"
SELL = AN_ORDER | {"action": "SELL"}


class Naive:
    """Exits without memory, doubt or a second look."""

    def __init__(self, server, client):
        self._server = server
        self._client = client
        self.patience_s = 2.0  # real

    async def _sent(self, endpoint, fields):
        body = {"apikey": self._server.api_key} | fields
        return await self._client.send("POST", endpoint, self.patience_s, json=body)

    async def _until_acknowledged(self, endpoint, fields):
        for _ in range(3):
            try:
                if (await self._sent(endpoint, fields)).status == 200:
                    return
            except (aiohttp.ClientError, TimeoutError):
                continue

    async def places_again_until_acknowledged(self):
        await self._until_acknowledged("placeorder", SELL)

    async def leaves_smartly_until_acknowledged(self):
        await self._until_acknowledged("placesmartorder", AN_EXIT)

    async def leaves_smartly_with_the_default_quantity(self):
        await self._sent("placesmartorder", AN_EXIT | {"quantity": 1})

    async def leaves_smartly_and_once_more(self):
        for _ in range(2):
            await self._sent("placesmartorder", AN_EXIT)
            await self._server.settled()

    async def believes_that_nothing_is_open(self):
        for _ in range(3):
            answer = await self._sent("placesmartorder", AN_EXIT)
            if answer.status == 200 or "No OpenPosition" in answer.text:
                return

    async def sells_what_the_book_shows(self):
        """Look, sell what is there, and look again soon."""
        for _ in range(2):
            rows = (await self._client.ask("positionbook")).data
            held = sum(int(row["quantity"]) for row in rows)
            if held:
                await self._sent("placeorder", SELL | {"quantity": held})
                await self._server.settled()

    async def believes_the_order_id(self):
        assert "orderid" in (await self._sent("placeorder", SELL)).body

    async def sells_what_no_trade_shows(self):
        await self._sent("placeorder", SELL)
        await self._server.settled()
        rows = (await self._client.ask("tradebook")).data
        missing = 5 - sum(row["quantity"] for row in rows)
        if missing:
            await self._sent("placeorder", SELL | {"quantity": missing})

    async def cancels_and_sells_the_rest(self):
        """Give an order a second, call it back, and sell at the market what it left over."""
        placed = (await self._sent("placeorder", SELL)).body["orderid"]
        await self._server.settled()
        order = {"strategy": "a", "orderid": placed}
        if (await self._client.ask("orderstatus", **order)).data["order_status"] == "open":
            await self._client.ask("cancelorder", **order)
            await self._sent("placeorder", SELL)


def met(fault, endpoint=None, **how):
    return (fault, how | {"endpoint": endpoint})


DECIDED = {"acts_after_s": 20.0, "value": "decided"}
CAUGHT = {
    Naive.places_again_until_acknowledged: [
        met(Fault.HANGS, "placeorder", times=1, acts_after_s=20.0),
        met(Fault.CUT, "placeorder", times=1, acts_after_s=0.0),
        met(Fault.ERROR, "placeorder", times=1, acts_after_s=0.0),
        met(Fault.BAD_GATEWAY, times=1, acts_after_s=0.0),
        met(Fault.GATEWAY_TIMEOUT, "placeorder", times=1, acts_after_s=20.0),
    ],
    Naive.leaves_smartly_until_acknowledged: [
        met(Fault.HANGS, "placesmartorder", times=1, **DECIDED),
        met(Fault.REJECTED),
    ],
    Naive.leaves_smartly_and_once_more: [
        met(Fault.BOOK_STANDS, "placesmartorder"),
        met(Fault.BOOK_LAGS, "placesmartorder", value=1000.0),
        met(Fault.POSITION_KEPT, value=1000.0),
        met(Fault.FILLS_NEVER),
    ],
    Naive.leaves_smartly_with_the_default_quantity: [met(Fault.BOOK_EMPTY, "placesmartorder")],
    Naive.believes_that_nothing_is_open: [met(Fault.BOOK_FAILS, "placesmartorder")],
    Naive.sells_what_the_book_shows: [
        met(Fault.BOOK_EMPTY, "positionbook"),
        met(Fault.BOOK_STANDS, "positionbook"),
    ],
    Naive.believes_the_order_id: [
        met(Fault.REJECTED),
        met(Fault.RESTS),
        met(Fault.FILLS_A_PART),
        met(Fault.FILLS_NEVER),
        met(Fault.PART_THEN_CANCELLED),
    ],
    Naive.sells_what_no_trade_shows: [
        met(Fault.BOOK_LAGS, "tradebook", value=1000.0),
        met(Fault.BOOK_EMPTY, "tradebook"),
        met(Fault.BOOK_SHRUNK, "tradebook"),
    ],
    Naive.cancels_and_sells_the_rest: [met(Fault.FILLS_A_PART, times=1)],
}
CASES = [(leave, *case) for leave, cases in CAUGHT.items() for case in cases]


def _name(value):
    return getattr(value, "__name__", str(value) if isinstance(value, Fault) else "")


@pytest.fixture
def naive(server, client):
    server.account.rate_limits = False
    server.carry(SBIN, 5, 800.0)
    return Naive(server, client)


@pytest.mark.parametrize("leave", list(CAUGHT), ids=_name)
async def test_where_the_server_is_kind_the_exit_is_right(leave, server, naive):
    await leave(naive)
    await server.settled()
    assert server.net(SBIN) == 0
    assert server.record.harm() == []


@pytest.mark.parametrize(("leave", "fault", "how"), CASES, ids=_name)
async def test_where_it_is_not_the_exit_does_harm_or_the_position_stays(
    leave, fault, how, server, naive
):
    server.faults.turn_on(fault, **how)
    if fault is Fault.HANGS:
        naive.patience_s = 0.1
    if leave is Naive.cancels_and_sells_the_rest:
        server.faults.turn_on(Fault.CANCEL_LOST)
    await leave(naive)
    await server.settled()
    assert server.net(SBIN) != 0 or server.record.harm()
