"""Every answer of a look at the broker: what it means, and what a person does about it."""

import datetime as dt

import pytest

from tests.brokers.openalgo.world import NAME, SBIN, an_order
from tests.openalgo.catalogue import Contract
from tests.openalgo.faults import Fault
from tradebot.brokers.openalgo.calls.client import READ_ROUTES
from tradebot.brokers.openalgo.doctor.checkup import SHOWN_MAX, SYMBOLS_MAX, Checkup, all_of
from tradebot.brokers.openalgo.doctor.hours import INDIA
from tradebot.core.market.sessions import Session, SpecialHours

NSE = Session(
    zone="Asia/Kolkata",
    open_minutes=555,
    close_minutes=930,
    weekdays=frozenset(range(5)),
)


class Look:
    """A look at the fake server, and what it found."""

    def __init__(self, world):
        self.world = world
        self.sessions = {"NSE": NSE}
        self.feed = world.server.feed_url
        self.within_s = 20.0
        self.wall_ahead_ns = 0

    async def found(self, *names):
        self.world.client.lockout.open()
        told = await all_of(self.checkup(), names, within_s=self.within_s)
        return {one.what: one for one in told}

    def checkup(self):
        return Checkup(
            self.world.client,
            account=SBIN.account,
            feed=self.feed,
            sessions=self.sessions,
            wall_ahead_ns=self.wall_ahead_ns,
        )

    async def wrong(self, *names):
        found = await self.found(*names)
        return {what: (one.level, one.text) for what, one in found.items() if one.level != "ok"}


@pytest.fixture
async def look(world):
    await world.held(100)
    return Look(world)


def today(world):
    return dt.datetime.fromtimestamp(world.clock.now_ns() // 10**9, INDIA).date()


async def test_where_all_is_well_everything_is_said_to_be(world, look):
    found = await look.found()
    assert {one.level for one in found.values()} == {"ok"}
    assert list(found) == [
        "server",
        "mode",
        "clock",
        "session",
        "positions",
        f"symbol {NAME}",
        f"quote {NAME}",
        "other guards",
        "selling permission",
        "websocket",
        "order channel",
        "hours",
        "rate limits",
    ]
    assert found["positions"].text == "held: NSE:SBIN 100"
    assert found[f"symbol {NAME}"].text == "ticks of 0.05, lots of 1, no freeze quantity"
    assert found[f"quote {NAME}"].text == "LTP 812.5"


async def test_nothing_is_changed_and_nothing_else_is_asked_than_what_reads(world, look):
    before = len(world.server.record.requests)
    await look.found()
    asked = {request.endpoint for request in world.server.record.requests[before:]}
    assert asked <= READ_ROUTES
    assert world.placed == 0


async def test_a_server_that_is_away_ends_the_look(world, look):
    await world.server.stop()
    found = await look.found()
    assert list(found) == ["server"]
    assert found["server"].level == "error"
    assert found["server"].text.endswith(": connection refused")
    assert found["server"].todo.startswith("start it, or correct broker.rest: http://HOST:5000")
    await world.server.start()


@pytest.mark.parametrize(
    ("fault", "says", "todo"),
    [
        (Fault.NO_SESSION, "does not take our key", "log in"),
        (Fault.LIMITED, "asked too often", "see who else uses it"),
        (Fault.BAD_GATEWAY, 'used: HTTP 502 a page of HTML, "502 Bad Gateway"', "start it: what"),
        (Fault.GARBAGE, "is none of its answers", "correct broker.rest"),
        (Fault.NO_PLUGIN, "HTTP 404 Broker-specific module", "look at OpenAlgo's log"),
    ],
)
async def test_a_server_that_is_no_use_says_why(world, look, fault, says, todo):
    world.server.faults.turn_on(fault, endpoint="ping")
    found = await look.found()
    assert list(found) == ["server"]
    assert says in found["server"].text
    assert todo in found["server"].todo


async def test_a_server_in_analyzer_mode_is_an_error(world, look):
    world.server.account.analyzer = True
    assert (await look.wrong())["mode"] == (
        "error",
        "analyzer mode: orders would only be simulated, and nothing is sent",
    )


async def test_the_look_says_that_semi_auto_shows_with_an_order_alone(world, look):
    world.server.account.semi_auto = True
    mode = (await look.found())["mode"]
    assert mode.level == "ok"
    assert "semi-auto mode shows in the answer to an order, and nowhere before" in mode.text
    assert mode.todo == (
        "see at OpenAlgo's page that the order mode is auto: in semi-auto each exit waits"
    )


async def test_semi_auto_mode_that_an_order_has_shown_is_an_error(world, look):
    world.server.account.semi_auto = True
    await world.broker.place(an_order())
    level, text = (await look.wrong())["mode"]
    assert (level, text.partition(":")[0]) == ("error", "semi-auto mode")


async def test_a_mode_that_is_not_said_is_an_error(world, look):
    world.client.is_live = None
    world.server.faults.turn_on(Fault.ERROR, endpoint="analyzer")
    assert "does not say whether orders are real" in (await look.wrong())["mode"][1]


@pytest.mark.parametrize(
    ("ahead_s", "level", "words"),
    [
        (5, "warning", " s behind ours"),
        (-5, "warning", " s ahead of ours"),
        (-3700, "error", " min ahead of ours"),
    ],
)
async def test_a_clock_that_differs_is_told_with_its_direction(world, look, ahead_s, level, words):
    look.sessions = {}
    world.clock.advance(ahead_s)
    world.client.skew.offset = None
    found = (await look.wrong())["clock"]
    assert found[0] == level
    assert found[1].startswith("the server's clock is at least ")
    assert found[1].endswith(words)


async def test_a_clock_that_was_set_since_the_start_counts_as_it_is_now(world, look):
    look.sessions = {}
    world.clock.advance(600)
    world.client.skew.offset = None
    look.wall_ahead_ns = -600 * 10**9
    assert (await look.found())["clock"].level == "ok"


async def test_a_missing_quote_is_laid_to_the_clock_where_that_may_be_the_reason(world, look):
    world.server.faults.turn_on(Fault.QUOTE_FAILS)
    minutes = world.clock.now_ns() // 10**9 % 86_400 // 60
    first, last = (minutes - 60) % 1440, (minutes + 60) % 1440
    look.sessions = {"NSE": Session(open_minutes=first, close_minutes=last)}
    world.clock.advance(2 * 3600)  # by ours it is closed
    world.client.skew.offset = None
    level, text = (await look.wrong())[f"quote {NAME}"]
    words = "NSE is open by the server's clock and closed by ours: "
    assert (level, words in text, text.endswith("behind ours")) == ("error", True, True)
    assert (await look.found())[f"quote {NAME}"].todo.startswith("put the clocks right first")


async def test_answers_without_a_date_leave_the_clock_unknown(world, look):
    world.client.skew.heard = lambda *_: None
    world.client.skew.offset = None
    assert (await look.wrong())["clock"][0] == "warning"


@pytest.mark.parametrize(
    ("fault", "todo"),
    [
        (Fault.ERROR, "log in at OpenAlgo's page"),
        (Fault.GARBAGE, "log in at OpenAlgo's page"),
        (Fault.CUT, "look at OpenAlgo's log, and at the broker"),
        (Fault.BAD_GATEWAY, "look at OpenAlgo's log: what stands before it"),
    ],
)
async def test_a_broker_that_does_not_tell_the_funds_has_no_session(world, look, fault, todo):
    world.server.faults.turn_on(fault, endpoint="funds")
    found = (await look.found())["session"]
    assert found.level == "error"
    assert found.todo.startswith(todo)


async def test_a_server_that_closed_what_was_kept_open_is_asked_once_more(world, look):
    world.server.faults.turn_on(Fault.CUT, endpoint="ping", times=1)
    assert (await look.found())["server"].level == "ok"
    rule = world.server.faults.turn_on(Fault.HANGS, endpoint="ping")
    assert (await look.found())["server"].text.endswith("nothing came within 0.5 s")
    assert rule.hits == 2


async def test_in_analyzer_mode_the_sandboxs_account_is_not_taken_for_the_real_one(world, look):
    world.server.account.analyzer = True
    wrong = await look.wrong()
    assert wrong.keys() == {"mode", "account"}
    assert wrong["account"][0] == "warning"
    found = await look.found("NSE:INFY")
    assert {"websocket", "clock", "hours", "symbol NSE:INFY", "quote NSE:INFY"} <= found.keys()


async def test_shares_that_nobody_guards_are_told_and_not_looked_into(world, look):
    world.server.hold("NSE:INFY", 10, 1500.0)
    found = await look.found()
    assert "NSE:INFY 10" in found["positions"].text
    assert "symbol NSE:INFY" not in found
    assert found["selling permission"].level == "warning"
    assert "symbol NSE:INFY" in await look.found("NSE:INFY")


async def test_a_book_of_positions_that_cannot_be_read_is_an_error(world, look):
    world.server.faults.turn_on(Fault.BOOK_FAILS, endpoint="positionbook")
    assert (await look.wrong())["positions"][0] == "error"


async def test_a_guarded_symbol_that_has_expired_is_an_error(world, look):
    found = (await look.wrong("NSE:SBINN"))["symbol NSE:SBINN"]
    assert found == ("error", 'OpenAlgo lists no NSE:SBINN; did you mean "SBIN"?')


async def test_a_symbol_that_is_described_as_it_cannot_be_is_a_warning(world, look):
    world.server.account.catalogue.add(Contract(exchange="NSE", symbol="BAD", tick_size=0.0))
    world.server.price("NSE:BAD", 100.0)
    assert (await look.wrong("NSE:BAD"))["symbol NSE:BAD"][0] == "warning"


async def test_of_very_many_symbols_some_are_asked_about_and_the_rest_are_counted(world, look):
    names = [f"NSE:S{number}" for number in range(SYMBOLS_MAX + 2)]
    for name in names:
        world.server.account.catalogue.add(Contract(exchange="NSE", symbol=name[4:], price=100.0))
    found = await look.found(*names)
    asked = sum(request.endpoint == "symbol" for request in world.server.record.requests)
    assert asked == SYMBOLS_MAX
    assert found["symbols"].text.startswith("3 more")  # two, and what is held


async def test_a_symbol_tells_the_most_that_one_order_may_have(look):
    name = "NFO:NIFTY24NOV2626000CE"
    found = (await look.found(name))[f"symbol {name}"]
    assert found.text == "ticks of 0.05, lots of 75, at most 1800 an order"


@pytest.mark.parametrize("is_open", [True, False])
async def test_a_missing_quote_is_an_error_while_its_exchange_is_open(world, look, is_open):
    world.server.faults.turn_on(Fault.QUOTE_FAILS)
    day = today(world) + dt.timedelta(days=30)
    never = SpecialHours(day=day, open_minutes=0, close_minutes=1)
    shut = Session(
        open_minutes=0,
        close_minutes=1,
        holidays=frozenset(today(world) + dt.timedelta(days=n) for n in range(-3, 30)),
        special=(never,),
    )
    look.sessions = {} if is_open else {"NSE": shut}
    found = (await look.found())[f"quote {NAME}"]
    assert found.level == ("error" if is_open else "ok")
    assert found.text.endswith("no price of today" if is_open else "NSE is closed")


async def test_a_websocket_that_refuses_us_is_an_error(world, look):
    world.server.faults.turn_on(Fault.AUTH_REFUSED)
    found = await look.found()
    assert found["websocket"].level == "error"
    assert "order channel" not in found


async def test_where_a_daemon_is_connected_no_second_connection_is_made(world, look):
    look.feed = world.broker.proof
    world.broker.proof.welcomed("angel")
    world.broker.proof.ack = "success"
    assert (await look.found())["order channel"].level == "ok"
    assert world.server.proxy.received == []


async def test_an_order_of_a_person_that_waits_on_what_is_guarded_is_named(world, look):
    order = world.server.by_hand(
        NAME, "SELL", 100, pricetype="SL-M", trigger_price=800.0, price=0.0
    )
    world.server.by_hand("NSE:INFY", "SELL", 5, pricetype="LIMIT", price=9000.0)
    await world.server.settled()
    found = (await look.found())[f"other guard {NAME}"]
    assert (found.level, found.text) == ("warning", f"order {order.order_id} waits: SELL 100")
    assert "exit.resting_orders" in found.todo


async def test_a_gtt_on_what_is_guarded_is_named_where_the_broker_tells(world, look):
    world.server.plug_in("zerodha")
    wanted: dict[str, object] = {
        "strategy": "hand",
        "symbol": "SBIN",
        "exchange": "NSE",
        "action": "SELL",
        "product": "CNC",
        "quantity": 100,
        "trigger_type": "SINGLE",
        "triggerprice_sl": 800.0,
        "stoploss": 799.0,
        "pricetype": "LIMIT",
        "price": 799.0,
    }
    assert world.server.gtt_by_hand(wanted).status == 200
    assert (await look.found())[f"other guard {NAME}"].text.startswith("GTT-")


async def test_a_gtt_on_shares_for_delivery_is_named_though_nobody_guards_them_yet(world, look):
    world.server.plug_in("zerodha")
    world.server.hold("NSE:INFY", 10, 1500.0)
    world.server.by_hand("NSE:INFY", "SELL", 10, product="CNC", pricetype="LIMIT", price=9000.0)
    world.server.by_hand("NFO:NIFTY24NOV2626000CE", "BUY", 75, pricetype="LIMIT", price=0.05)
    found = await look.found()
    assert found["other guard NSE:INFY"].level == "warning"
    assert found["other guards"].text == (
        "orders that wait: 1 on what is held or guarded, 1 on the rest"
    )


async def test_of_very_many_orders_some_are_named_and_all_are_counted(world, look):
    for _ in range(SHOWN_MAX + 1):
        world.server.by_hand(NAME, "SELL", 1, pricetype="LIMIT", price=9000.0)
    named = [one async for one in look.checkup().findings(()) if one.what.startswith("other g")]
    assert len(named) == SHOWN_MAX + 1
    assert named[-1].text.startswith(f"orders that wait: {SHOWN_MAX + 1} on what is held")


async def test_a_broker_that_does_not_tell_gtts_is_to_be_looked_at(look):
    assert "GTTs are not told here" in (await look.found())["other guards"].text


async def test_an_order_book_that_cannot_be_read_hides_what_others_have(world, look):
    world.server.faults.turn_on(Fault.BOOK_FAILS, endpoint="orderbook")
    assert (await look.wrong())["other guards"][0] == "error"


async def test_shares_for_delivery_need_a_permission_that_does_not_show(world, look):
    await world.held(10, SBIN._replace(product="CNC"))
    found = (await look.found())["selling permission"]
    assert (found.level, "e-DIS" in found.todo) == ("warning", True)


async def test_a_limit_that_was_met_is_told(world, look):
    world.server.faults.turn_on(Fault.LIMITED, endpoint="quotes", times=1)
    found = (await look.wrong())["rate limits"]
    assert (found[0], found[1].endswith("too often just now")) == ("warning", True)


async def test_a_server_that_hardly_answers_ends_the_look_with_what_was_found(world, look):
    world.server.faults.turn_on(Fault.HANGS, endpoint="funds")
    look.within_s = 0.3
    found = await look.found()
    assert list(found) == ["server", "mode", "clock", "checkup"]
    assert found["checkup"].level == "error"
