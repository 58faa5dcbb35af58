"""What the websocket tells of orders: everybody's, with losses, doubles and delays."""

from tests.openalgo.faults import Fault

NAME = "NSE:SBIN"


async def test_orders_are_told_to_who_asks_whoever_placed_them(server, client):
    async with client.feed() as feed, client.feed() as other:
        answer = await feed.ask("subscribe_orders")
        assert (answer["type"], answer["status"]) == ("subscribe_orders", "success")
        server.by_hand(NAME, "BUY", 5)
        opened, done = await feed.hear(), await feed.hear()
        assert opened.keys() == {
            *("type", "user_id", "mode", "broker", "orderid", "symbol", "exchange", "action"),
            *("quantity", "price", "trigger_price", "pricetype", "product", "order_status"),
            *("filled_quantity", "pending_quantity", "average_price", "rejection_reason"),
        }
        assert (opened["order_status"], opened["pending_quantity"]) == ("open", 5)
        assert (done["order_status"], done["filled_quantity"]) == ("complete", 5)
        assert (done["mode"], done["average_price"]) == ("live", 812.5)
        assert await other.is_silent()
        await feed.ask("unsubscribe_orders")
        server.by_hand(NAME, "BUY", 5)
        assert await feed.is_silent()


async def test_the_sandbox_tells_its_orders_as_its_own(server, client):
    server.account.analyzer = True
    async with client.feed() as feed:
        await feed.ask("subscribe_orders")
        await client.place()
        assert (await feed.hear())["mode"] == "analyze"


async def test_updates_may_be_lost_doubled_or_late(server, client):
    server.faults.turn_on(Fault.FILLS_NEVER)
    async with client.feed() as feed:
        await feed.ask("subscribe_orders")
        with server.faults.during(Fault.UPDATES_LOST):
            order = server.by_hand(NAME, "BUY", 5)
        with server.faults.during(Fault.UPDATES_DOUBLED):
            server.exchange.fill(order.order_id, 1)
        assert [(await feed.hear())["filled_quantity"] for _ in range(2)] == [1, 1]
        asked_s = server.account.time.now_s()
        with server.faults.during(Fault.UPDATES_LATE, value=3.0):
            server.exchange.fill(order.order_id, 1)
        server.exchange.fill(order.order_id, 1)
        assert [(await feed.hear())["filled_quantity"] for _ in range(2)] == [3, 2]
        assert server.account.time.now_s() - asked_s >= 2.9


async def test_some_plugins_are_polled_for_orders_and_some_tell_nothing(server, client):
    async with client.feed() as feed:
        await feed.ask("subscribe_orders")
        server.plug_in("tradejini")
        await client.place()
        await server.until(lambda: server.net(NAME) == 5)
        assert await feed.is_silent()
        server.plug_in("groww")
        await client.place()
        update = await feed.hear()
        assert (update["broker"], update["order_status"]) == ("groww", "complete")
        assert await feed.is_silent()


async def test_after_a_restart_orders_are_told_only_if_somebody_logged_in(server, client):
    await server.restart(logged_in=False)
    async with client.feed() as feed:
        assert (await feed.ask("subscribe_orders"))["status"] == "success"
        await client.place()
        await server.until(lambda: server.net(NAME) == 5)
        assert await feed.is_silent()
