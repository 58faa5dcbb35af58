"""The shadow's books add up, whatever the person does at the account meanwhile."""

import sqlite3
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.brokers.shadow.world import SBIN, TCS, World, an_order
from tests.stores.samples import an_execution
from tradebot.brokers.shadow.broker import GONE_NS
from tradebot.core.inputs import Acked, NetPosition, NotSent, OrderSide, OrderState
from tradebot.core.intents import CancelOrder
from tradebot.core.market.instruments import Instrument
from tradebot.errors import BrokerError
from tradebot.ports import Quote


@pytest.fixture
async def world(tmp_path):
    opened = await World(tmp_path).open()
    yield opened
    await opened.broker.close()


async def test_what_an_earlier_life_was_told_reaches_the_account(world):
    earlier = an_execution().execution
    world.broker.remember([earlier])
    assert world.account.remembered == (earlier,)


async def test_what_the_shadow_leaves_is_off_its_net_and_stays_in_the_account(world):
    world.account.trade(100)
    await world.left()
    assert world.account.nets[SBIN] == 100
    assert await world.net() == await world.heard() == 0
    assert await world.broker.positions() == [NetPosition(key=SBIN, net=Decimal(0), average=None)]
    assert world.outcome() == (100, None, 0)


async def test_what_leaving_saved_is_told_at_the_price_now_and_then_at_the_persons_own(world):
    world.account.trade(100)
    await world.left()
    world.price(800.5)
    assert world.outcome() == (100, None, 500)
    world.account.trade(-100, "803.5")
    assert await world.net() is None  # the sale was not heard of before
    assert await world.net() == await world.heard() == 0
    world.price(700.5)
    assert world.outcome() == (0, Decimal("803.5"), 200)


async def test_a_person_who_leaves_more_than_the_shadow_did_leaves_what_it_guards(world):
    world.account.trade(150)
    await world.left("100")
    assert await world.net() == 50
    world.account.trade(-120, "803")
    await world.broker.executions()
    assert await world.net() == await world.heard() == 30


async def test_an_average_is_told_where_the_shadow_has_left_nothing(world):
    world.account.trade(100)
    world.account.trade(100, key=TCS)
    await world.left()
    averages = {held.key: held.average for held in await world.broker.positions()}
    assert averages == {SBIN: None, TCS: Decimal(800)}


async def test_a_person_who_buys_more_gives_the_shadow_more(world):
    world.account.trade(100)
    await world.left()
    world.account.trade(50)
    await world.broker.executions()
    assert await world.net() == await world.heard() == 50


async def test_a_short_is_left_by_buying(world):
    world.account.trade(-100)
    await world.left(side=OrderSide.BUY)
    assert await world.net() == await world.heard() == 0
    world.price(800.5)
    assert world.outcome() == (100, None, -500)


async def test_a_restart_finds_the_same_table(world):
    world.account.trade(150)
    await world.heard()
    await world.left("100")
    world.account.trade(-60, "803")
    before = await world.heard(), await world.net(), world.ledger.departures
    assert before[:2] == (50, 50)
    await world.restart()
    assert (await world.heard(), await world.net(), world.ledger.departures) == before


async def test_a_kill_between_the_two_files_loses_no_departure(world):
    world.account.trade(100)
    await world.heard()
    await world.left()
    world.ledger.close()
    with sqlite3.connect(world.ledger.path) as file:
        file.execute("DELETE FROM departures")
    await world.restart()
    assert await world.net() == await world.heard() == 0


async def test_what_the_person_left_while_nobody_listened_is_gone(world):
    world.account.trade(100)
    await world.left()
    await world.heard()
    world.account.nets[SBIN] = Decimal(0)  # overnight, and yesterday's trades are listed no more
    world.account.fills.clear()
    world.account.trade(100)
    await world.restart()
    assert [fill.quantity for fill in await world.broker.news()] == [100]
    assert await world.net() == 100
    assert world.outcome()[0] == 0


async def test_an_account_that_says_nothing_at_the_start_is_asked_again(world):
    world.account.trade(100)
    await world.heard()
    await world.left()
    await world.restart()
    nets, world.account.answers = dict(world.account.nets), False
    with pytest.raises(BrokerError):
        await world.broker.executions()
    world.account.answers = True
    world.account.nets[SBIN] = None
    with pytest.raises(BrokerError, match="what it has of NSE:SBIN"):
        await world.broker.executions()
    world.account.nets = nets
    assert await world.heard() == 0
    assert world.outcome()[0] == 100


async def test_units_that_vanish_are_believed_to_be_gone_only_after_a_while(world):
    world.account.trade(100)
    await world.left()
    await world.heard()
    world.account.nets[SBIN] = Decimal(0)
    assert await world.net() == 0
    assert world.outcome()[0] == 100
    world.time.ns += GONE_NS // 2
    world.account.nets[SBIN] = Decimal(100)  # the session was dead for a moment
    assert await world.net() == 0
    world.account.nets[SBIN] = Decimal(0)
    assert await world.net() == 0
    world.time.ns += GONE_NS - 1
    assert await world.net() == 0
    assert world.outcome()[0] == 100
    world.time.ns += 1
    assert await world.net() == 0
    assert world.outcome() == (0, None, None)
    assert "shadow.gone" in world.said.events


async def test_a_net_that_was_read_before_the_person_left_says_nothing(world):
    world.account.trade(150)
    await world.left()
    await world.heard()
    world.account.during_net = lambda: world.account.trade(-100)
    assert await world.net() is None
    world.account.during_net = lambda: None
    assert await world.net() == 50
    world.account.answers = False
    assert await world.net() is None
    assert await world.broker.positions() is None


async def test_a_book_beside_trades_that_cannot_be_read_says_nothing(world):
    world.account.trade(100)
    await world.left()

    async def fail():
        raise BrokerError("the trade book cannot be read")

    world.account.executions = fail
    assert await world.net() is None
    assert await world.broker.positions() is None
    assert await world.net(TCS) == 0


async def test_orders_of_both_sides_are_found_by_their_names(world):
    world.account.trade(100)
    world.account.rests()
    await world.broker.order_book()
    await world.left()
    ours = (await world.broker.query("T1-x1")).report
    assert await world.broker.report(ours.order_id) == ours
    assert await world.broker.report("R-1") == world.account.orders["R-1"]
    assert await world.broker.report("R-2") is None
    assert [row.order_id for row in await world.broker.order_book()] == ["R-1", ours.order_id]
    world.account.answers = False
    assert await world.broker.order_book() is None


async def test_an_order_of_the_persons_is_cancelled_for_the_shadow_alone(world):
    world.account.rests()
    cancel = CancelOrder(client_order_id=None, order_id="R-1", key=SBIN)
    await world.broker.cancel(cancel)
    (told,) = world.inbox.reports
    assert (told.order_id, told.state) == ("R-1", OrderState.CANCELLED)
    assert world.account.orders["R-1"].state is OrderState.OPEN
    await world.restart()
    assert (await world.broker.report("R-1")).state is OrderState.CANCELLED
    assert [row.state for row in await world.broker.order_book()] == [OrderState.CANCELLED]
    assert [row.state for row in world.inbox.reports] == [OrderState.CANCELLED]


async def test_an_order_that_an_exit_has_left_its_units_is_none_that_follows_it(world):
    world.account.trade(100)
    await world.heard()
    world.account.rests("A-2", "30")  # it is what the account trades next
    await world.broker.order_book()
    world.time.ns += 1
    await world.left("70")
    world.account.trade(-30, "806")
    assert await world.heard() == 0
    assert await world.net() == 0
    assert world.outcome()[0] == 70
    world.account.trade(-70, "803")  # an order that nobody knew of does
    assert await world.heard() == 0
    assert world.outcome()[:2] == (0, 803)


@pytest.mark.parametrize(
    ("quantity", "shown"),
    [("30", (OrderState.CANCELLED, 30)), ("150", (OrderState.OPEN, 50))],
)
async def test_an_order_for_what_the_shadow_has_left_is_in_nobodys_way(world, quantity, shown):
    world.account.trade(300)
    await world.heard()
    await world.left("100")
    world.time.ns += 1
    world.account.rests("A-2", quantity)
    (row,) = [row for row in await world.broker.order_book() if row.order_id == "A-2"]
    assert (row.state, row.quantity, row.filled) == (*shown, 0)
    world.account.trade(-30, "800")
    await world.heard()
    (row,) = [row for row in await world.broker.order_book() if row.order_id == "A-2"]
    assert (row.state, row.quantity, row.filled) == (*shown, 0)


async def test_an_order_that_the_shadow_has_cancelled_follows_its_exit(world):
    world.account.trade(100)
    await world.heard()
    world.account.rests("A-2")
    await world.broker.order_book()
    await world.broker.cancel(CancelOrder(client_order_id=None, order_id="A-2", key=SBIN))
    world.time.ns += 1
    await world.left()
    world.account.trade(-100, "800")
    assert await world.heard() == 0
    assert world.outcome()[:2] == (0, 800)


@pytest.mark.parametrize("order_id", ["R-1", "R-2"])
async def test_what_does_not_rest_cannot_be_cancelled(world, order_id):
    world.account.rests()
    world.account.orders["R-1"] = msgspec.structs.replace(
        world.account.orders["R-1"], state=OrderState.COMPLETE
    )
    with pytest.raises(BrokerError, match=order_id):
        await world.broker.cancel(CancelOrder(client_order_id=None, order_id=order_id, key=SBIN))


async def test_an_order_of_ours_is_cancelled_on_paper(world):
    world.price(805.5)
    outcome = await world.broker.place(an_order())
    assert isinstance(outcome, Acked)
    await world.broker.cancel(CancelOrder(client_order_id="T1-x1", order_id=None, key=SBIN))
    assert (await world.broker.report(outcome.order_id)).state is OrderState.CANCELLED


async def test_what_has_no_price_yet_fills_at_a_quote_of_the_account(world):
    world.account.trade(100)
    assert isinstance(await world.broker.place(an_order()), NotSent)
    world.account.quotes["NSE:SBIN"] = Quote(ltp=806.0, at_ns=5)
    assert isinstance(await world.broker.place(an_order()), Acked)
    world.time.advance(1)
    assert world.inbox.executions[0].price == 806
    assert (await world.broker.quote("NSE:SBIN")).ltp == 806


async def test_another_accounts_trade_is_never_left(world):
    world.price(805.5)
    outcome = await world.broker.place(an_order(key=SBIN._replace(account="CD5678")))
    assert outcome == NotSent("CD5678 is not the account of this shadow")


async def test_an_instrument_is_traded_as_it_is_described(world):
    world.broker.describe([Instrument(exchange="NSE", symbol="SBIN", lot_size=Decimal(75))])
    world.price(805.5)
    refused = await world.broker.place(an_order())
    assert "lot size 75" in refused.message
    assert await world.broker.instruments() == ()


async def test_who_follows_the_departures_is_told_of_each_change(world):
    seen = []
    world.account.trade(100)
    world.broker.changed = lambda: seen.append(world.broker.instruments_open())
    await world.left()
    assert seen == [{"NSE:SBIN"}]
    world.account.trade(-100)
    await world.broker.news()
    assert seen[-1] == set()


async def test_a_side_that_does_not_open_leaves_nothing_open(tmp_path):
    world = World(tmp_path)
    world.account.refuses = True
    with pytest.raises(BrokerError, match="no such server"):
        await world.open()
    world.account.refuses = False
    with pytest.raises(BrokerError, match="closed"):
        world.ledger.cancel("R-1", Decimal(0))
    (tmp_path / "paper.db").write_bytes(b"no database" * 100)
    with pytest.raises(BrokerError, match=r"paper\.db"):
        await world.open()
    assert not world.account.is_open


async def test_a_closed_shadow_answers_with_values(world):
    await world.broker.close()
    assert not world.account.is_open
    world.price(805.5)
    assert isinstance(await world.broker.place(an_order()), NotSent)
    assert (await world.broker.query("T1-x1")).answered is False


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.integers(-120, 120).filter(bool)),
        st.tuples(st.just("leave"), st.integers(1, 100)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(_STEPS)
async def test_what_the_engine_is_told_is_what_the_shadow_says_that_it_has(tmp_path_factory, steps):
    """However the person and the shadow leave, fills and net agree, and no side is crossed."""
    world = await World(tmp_path_factory.mktemp("shadow")).open()
    for number, (what, units) in enumerate(steps):
        if what == "trade":
            world.account.trade(units)
        elif what == "restart":
            await world.restart()
        else:
            held = await world.heard()
            if take := min(abs(held), Decimal(units)):
                side = OrderSide.SELL if held > 0 else OrderSide.BUY
                await world.left(str(take), name=f"T{number}-x1", side=side)
        heard = await world.heard()
        assert heard == await world.net()
        real = world.account.nets.get(SBIN, Decimal(0))
        assert min(Decimal(0), real) <= heard <= max(Decimal(0), real)
    await world.broker.close()
