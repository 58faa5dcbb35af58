"""The book: every change counts and becomes durable, and what is over is let go."""

from decimal import Decimal

import msgspec

from tests.playbook import KEY, Playbook, a_trade
from tradebot.core.adoption.found import Findings, Found, Origin
from tradebot.core.book import Book
from tradebot.core.events import PriceHeld
from tradebot.core.guard.trades import Reason, Status
from tradebot.core.inputs import Acked, CreateTrade, OrderSide, Refused, Timer
from tradebot.core.leaving import exits
from tradebot.core.leaving.exit import Exit
from tradebot.core.leaving.halt import Form, Halt
from tradebot.core.market.sessions import Session
from tradebot.core.policy import ExitPolicy, Policy
from tradebot.core.records import (
    ExecutionSaved,
    ExitSaved,
    FindingsSaved,
    HaltSaved,
    Heard,
    HighReached,
    PositionSaved,
    Told,
    TradeSaved,
    UncoveredSaved,
)

DAY = 86_400 * 10**9


# What must survive.


def test_a_quiet_tick_writes_nothing():
    story = Playbook(a_trade(stop="5pts", trail="9pts")) >> 801
    assert not story.book.is_dirty()
    story.engine.process(story.tick(800))
    assert not story.book.is_dirty()


def test_one_row_moves_all_trades_that_trail_together():
    story = Playbook(*[a_trade(trail="9pts") for _ in range(50)]) >> 803
    story.engine.process(story.tick(805))
    assert story.book.is_dirty()
    records = story.book.drain()
    assert [type(record) for record in records] == [HighReached, Heard]
    assert msgspec.structs.astuple(records[0]) == ("NSE:SBIN LONG last", 2, 805)


def test_a_halt_and_its_release_are_records_of_their_own():
    book = Book(Policy())
    book.put_halt(Form.ENTRIES, "lunch", 5)
    book.put_halt(None, "back", 6)
    assert book.is_dirty()
    halted, released, _ = book.drain()
    assert halted == HaltSaved(halt=Halt(form=Form.ENTRIES, why="lunch", at_ns=5, version=1))
    assert released == HaltSaved(halt=Halt(form=None, why="back", at_ns=6, version=2))
    assert book.halt == released.halt


def test_what_nobody_watches_is_durable_with_what_changed_it():
    story = Playbook(broker=False)
    story.engine.process(CreateTrade(request=a_trade(), at_ns=story.now_ns))
    rows = [r.uncovered for r in story.book.drain() if isinstance(r, UncoveredSaved)]
    assert [(row.trade_id, row.quantity) for row in rows] == [("T1", 10)]


def test_highs_are_numbered_without_a_gap():
    story = Playbook(a_trade(trail="9pts"))
    for price in (801, 802, 803):
        story >> price
    assert [number for _line, number in story.store.highs] == [1, 2, 3]


def test_everything_that_changed_is_drained_once_and_the_last_word_is_how_far_ticks_came():
    story = Playbook(broker=False).fill(None, "10", side="BUY", order_id="E")
    story.create(a_trade(stop="5pts", trail="9pts")) >> 801
    story.engine.process(story.tick(795))
    assert story.book.is_dirty()
    kinds = [type(record) for record in story.book.drain()]
    assert kinds == [TradeSaved, ExitSaved, Told, Told, Heard]
    assert [type(record) for record in story.book.drain()] == [Heard]
    story.engine.process(story.execution("T1-x1", "10"))
    kinds = [type(record) for record in story.book.drain()]
    assert kinds == [TradeSaved, ExitSaved, PositionSaved, ExecutionSaved, Told, Told, Heard]


def test_versions_rise_with_every_change():
    book = Playbook(a_trade()).book
    trade = book.trades["T1"]
    assert book.put_trade(trade, stuck=True).version == trade.version + 1


def test_what_is_no_part_of_a_trades_story_is_told_and_not_kept():
    book = Book(Policy())
    book.say(PriceHeld(instrument="NSE:SBIN", ltp=1.0, before=2.0, at_ns=3))
    assert book.lines_told == 0
    assert not book.is_dirty()
    assert len(book.out) == 1


def test_an_execution_moves_the_net_once_however_often_it_comes():
    story = Playbook(broker=False)
    for _ in range(3):
        story.fill(None, "4", side="BUY", order_id="E1", execution_id="X1")
    story.fill(None, "4", side="BUY", order_id="E1", execution_id="X2")
    assert (story.book.net(KEY), story.book.position_version(KEY)) == (8, 2)


# What is known.


def test_an_instrument_that_no_list_describes_gets_defaults_once():
    book = Book(Policy())
    found = book.instrument("NFO:NIFTY28MAR24FUT")
    assert (found.exchange, found.symbol, found.kind) == ("NFO", "NIFTY28MAR24FUT", "future")
    assert book.instrument("NFO:NIFTY28MAR24FUT") is found


def test_an_exit_that_is_over_takes_no_place_in_a_lane():
    book = Book(Policy())
    over = exits.ended(
        Exit(
            trade_id="T1",
            number=1,
            key=KEY,
            side=OrderSide.SELL,
            quantity=Decimal(10),
            reason=Reason.STOP,
            decided_at_ns=0,
        )
    )
    book.put_exit(over)
    book.put_exit(over)
    assert len(book.lanes[KEY]) == 0
    assert book.open_exits("T1") == []


def test_a_trade_shows_the_best_price_that_its_line_holds():
    story = Playbook(a_trade(trail="9pts"), a_trade(stop="5pts"), a_trade(order_id="E1"))
    assert story >> 805
    book = story.book
    assert book.trades["T1"].marks.best_price == 800
    assert book.live(book.trades["T1"]).marks.best_price == 805
    assert book.live(book.trades["T2"]) is book.trades["T2"]
    assert Playbook(a_trade(trail="9pts")).trade().marks.best_price == 800
    left = Playbook(a_trade(trail="9pts", target="5pts"), broker=False) >> 806
    assert left.trade().marks.best_price == 800  # the target decided before it moved


def test_units_of_a_trade_belong_to_one_exit_at_most():
    story = Playbook(broker=False).fill(None, "10", side="BUY", order_id="E")
    story.create(a_trade(target=[("5pts", "4"), ("9pts", None)])) >> 805
    book = story.book
    assert book.unassigned(book.trades["T1"]) == 6
    story.fill("T1-x1", "3")
    assert book.unassigned(book.trades["T1"]) == 6
    story.fill("T1-x1", "5")  # more than was asked for
    assert book.unassigned(book.trades["T1"]) == 2


def test_a_lane_keeps_its_exits_in_the_order_of_their_decisions():
    story = Playbook(broker=False).fill(None, "30", side="BUY", order_id="E")
    for stop in ("5pts", "6pts", "7pts"):
        story.create(a_trade(stop=stop))
    assert story >> 795 >> 793
    story.reply("T1-x1", Acked("B1"))
    assert [exit_.trade_id for exit_ in story.book.lanes[KEY]] == ["T1", "T2", "T3"]
    story.reply("T2-x1", Acked("B2")).fill("T2-x1", "10")
    assert [exit_.trade_id for exit_ in story.book.lanes[KEY]] == ["T1", "T3"]


def test_a_net_that_nobody_traded_is_flat():
    book = Book(Policy())
    assert (book.net(KEY), book.position_version(KEY)) == (0, 0)


def test_an_exchange_without_a_session_never_closes():
    session = Session(open_minutes=1, close_minutes=2)
    book = Book(Policy(sessions={"NSE": session}))
    assert book.session("NSE") is session
    assert book.session("BSE").is_open(0)


def test_what_was_found_is_durable_when_it_changes_and_the_first_look_stays_the_first():
    book = Book(Policy())
    found = Found(key=KEY, net=Decimal(5), average=None, origin=Origin.NEW, since_ns=3)
    book.put_findings([found], 7)
    book.put_findings([found], 9)
    (saved,) = [record for record in book.drain() if isinstance(record, FindingsSaved)]
    assert saved.findings == Findings(first_look_ns=7, found=(found,), version=1)
    book.put_findings([], 9)
    assert book.findings == Findings(first_look_ns=7, version=2)


def test_levels_stand_on_the_ticks_of_their_line():
    story = Playbook(a_trade(stop="1.05pts"))
    story.book.lines["NSE:SBIN"].grid = Decimal("0.5")
    assert story.book.put_levels(story.trade()).stop == 799


# Letting go.


def test_nothing_of_a_trade_stays_when_it_is_over_but_its_record():
    story = Playbook(broker=False).fill(None, "10", side="BUY", order_id="E1")
    story.create(a_trade(order_id="E1", stop="5pts", trail="5pts", after="1m")) >> 801 >> 795.5
    story.reply("T1-x1", Refused("margin")) >> "1s"
    story.fill("T1-x2", "10") >> story.report(None, "complete", filled="10", order_id="E1") >> "2m"
    book = story.book
    assert story.trade().status is Status.CLOSED
    for table in ("trades", "levels", "exits", "lanes", "exit_of_order", "entry_of_order"):
        assert getattr(book, table) == {}, table
    assert (book.order_due_ns, book.deadlines, book.lines["NSE:SBIN"].guarded) == ({}, [], set())


def test_executions_and_others_orders_are_forgotten_after_two_trading_days():
    story = Playbook(broker=False).create(a_trade(order_id="E1"))
    story.fill(None, "1", side="BUY", order_id="E1", execution_id="X1")
    story.fill(None, "1", side="BUY", order_id="E2", execution_id="X2")
    start = story.now_ns
    story.now_ns = start + 3 * DAY  # a weekend: nothing was traded since
    story.process(Timer(story.now_ns))
    assert len(story.book._seen) == 2
    story.fill(None, "1", side="BUY", order_id="E3", execution_id="X3")
    story.process(Timer(story.now_ns + 1))  # four times a day are enough
    assert len(story.book._seen) == 3
    story.process(Timer(story.now_ns + DAY // 4))
    assert set(story.book._seen) == {"X3"}
    # The entry of an open trade stays known.
    assert {order.order_id for order in story.book.orders} == {"E1", "E3"}


def test_an_entry_that_was_called_dead_is_waited_for_two_days():
    story = Playbook(broker=False).create(a_trade(order_id="E1"))
    story >> story.report(None, "rejected", order_id="E1")
    story.process(Timer(story.now_ns + DAY))
    assert set(story.book.unfilled) == {"E1"}
    story.process(Timer(story.now_ns + 4 * DAY))
    assert story.book.unfilled == {}


def test_a_time_far_ahead_in_an_execution_makes_nobody_forget():
    story = Playbook(broker=False).fill(None, "1", order_id="E1", execution_id="X1")
    ahead = story.execution(None, "1", order_id="E2", execution_id="X2")
    story.now_ns += 10 * DAY
    story.fill(None, "1", order_id="E2", execution_id="X2")
    assert ahead.execution_id in story.book._seen
    story.process(Timer(story.now_ns - 10 * DAY + 1))
    assert "X1" in story.book._seen


def test_the_open_trades_on_a_key_add_up_to_what_should_be_held():
    story = Playbook(policy=Policy(opposite_allowed=True), broker=False)
    story.create(a_trade(quantity="10")).create(a_trade(quantity="4", side="SHORT"))
    story.create(a_trade(quantity="9", symbol="TCS"))
    assert story.book.guarded_net(KEY) == 6


def test_orders_that_could_be_taken_for_one_of_ours_are_those_of_its_size_or_of_none_known():
    story = Playbook(broker=False)
    story >> story.report(None, "open", order_id="B1")
    story.fill(None, "3", order_id="B2").fill(None, "3", order_id="B3", side="BUY")
    ids = story.book.order_ids
    assert ids(KEY, OrderSide.SELL, Decimal(10)) == ("B1", "B2")
    assert ids(KEY, OrderSide.SELL, Decimal(9)) == ("B2",)
    assert ids(KEY, OrderSide.BUY, Decimal(10)) == ("B3",)


def test_where_the_broker_drops_our_ids_its_own_name_every_order_of_an_exit():
    policy = Policy(exits=ExitPolicy(tagged=False))
    story = Playbook(policy=policy, broker=False).fill(None, "10", side="BUY", order_id="E1")
    (story.create(a_trade(stop="5pts")) >> 795).reply("T1-x1", Acked("B7"))
    assert story.book.exit_of_broker_id == {"B7": ("T1", 1)}


def test_an_execution_that_the_brokers_net_had_in_it_is_not_counted_twice():
    story = Playbook(broker=False).fill(None, "10", side="BUY", order_id="E1", ago="15s")
    story.create(a_trade(stop="5pts")).restarted().reads("4", "4", "4")
    story.fill(None, "6", order_id="B2", ago="40s")
    assert story.book.net(KEY) == 4
    story.fill(None, "1", order_id="B3")
    assert story.book.net(KEY) == 3
