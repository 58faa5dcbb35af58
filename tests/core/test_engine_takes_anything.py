"""No sequence of inputs of the right types makes the engine raise, or drain and restore differ."""

import math
from decimal import Decimal
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import RecordStore
from tests.fault_run import differences
from tests.playbook import START_NS, rules
from tradebot.core.adoption.strategies import Match, Strategy
from tradebot.core.engine import Engine
from tradebot.core.guard.trades import PastStop, PriceSource, Reason, Side, TradeRequest
from tradebot.core.inputs import (
    AccountReply,
    Acked,
    Adopt,
    BookReply,
    ClockSet,
    CreateTrade,
    Execution,
    ExecutionsRead,
    ExitTrade,
    FeedState,
    HaltTrading,
    IgnoreFound,
    Input,
    InstrumentsLoaded,
    NetPosition,
    NoAction,
    NotSent,
    OrderChannel,
    OrderReport,
    OrderSide,
    OrderState,
    PlaceReply,
    PolicyChanged,
    PositionsReply,
    QueryReply,
    Queued,
    QuoteReply,
    Reconcile,
    Refused,
    Release,
    Resolve,
    Tick,
    Timer,
    Unknown,
    UpdateTrade,
    Verdict,
)
from tradebot.core.leaving.halt import Form
from tradebot.core.leaving.ladder import parse_rung
from tradebot.core.market.instruments import Instrument, NetKey
from tradebot.core.market.sessions import Session
from tradebot.core.policy import AdoptPolicy, Answer, ExitPolicy, ManualAdd, Policy

SECOND = 10**9
INSTRUMENTS = ["NSE:SBIN", "NSE:TCS", "BSE:SBIN", ""]

prices = st.one_of(
    st.floats(),
    st.sampled_from([0.0, -1.0, math.nan, math.inf, -math.inf, 5e-324, 1e-9, 1e14, 1e15, 1e308]),
    st.integers(15_900, 16_100).map(lambda ticks: ticks / 20),
    st.integers(15_900, 16_100).map(lambda ticks: ticks / 20),
)
times = st.one_of(
    st.integers(START_NS, START_NS + 120 * SECOND),
    st.integers(START_NS, START_NS + 120 * SECOND),
    st.sampled_from([-1, 0, 1, 2**62, 2**63 - 1]),
)
clock = st.integers(START_NS, START_NS + 120 * SECOND)
keys = st.builds(
    NetKey,
    st.just("A1"),
    st.just("NSE"),
    st.sampled_from(["SBIN", "TCS"]),
    st.sampled_from(["MIS", "NRML"]),
)
trade_ids = st.sampled_from(["T1", "T2", "T3", "x", ""])
order_ids = st.sampled_from(["E1", "E2", "T1-x1", ""])
client_ids = st.sampled_from(["T1-x1", "T1-x2", "T2-x1", "T3-x1", "T1-x", "-x1", "x", "T1-x٣"])
units = st.integers(1, 30).map(Decimal)
levels = st.sampled_from(["1pts", "5pts", "0.5%", "0.01pts", "120%", "900pts"])
maybe = lambda values: st.none() | values  # noqa: E731 - a word of this file


@st.composite
def some_rules(draw):
    """Rules in any combination, wise or not."""
    trail = draw(maybe(levels))
    parts = st.lists(st.tuples(levels, maybe(st.sampled_from(["1", "7", "50"]))), max_size=3)
    return rules(
        stop=draw(maybe(levels | st.sampled_from(["@0", "@801", "@99999"]))),
        target=draw(maybe(levels) | parts),
        trail=trail,
        activation=draw(maybe(levels)) if trail else None,
        step=draw(maybe(levels)) if trail else None,
        breakeven=draw(maybe(levels)),
        after=draw(maybe(st.sampled_from(["1s", "1m"]))),
    )


@st.composite
def requests(draw):
    bound = draw(maybe(order_ids))
    key = draw(keys)
    return TradeRequest(
        trade_id=draw(maybe(trade_ids)),
        account="A1",
        exchange="NSE",
        symbol=key.symbol,
        product=key.product,
        side=draw(st.sampled_from(Side)),
        quantity=None if bound else draw(units),
        entry_price=None
        if bound
        else draw(st.sampled_from(["800", "801.05", "0.05", "1E+9"]).map(Decimal)),
        order_id=bound,
        rules=draw(some_rules()),
        past_stop=draw(st.sampled_from(PastStop)),
        price_source=draw(st.sampled_from(PriceSource)),
    )


reports = st.builds(
    OrderReport,
    order_id=order_ids,
    client_order_id=maybe(client_ids),
    key=keys,
    side=st.sampled_from(OrderSide),
    quantity=units,
    filled=st.integers(0, 30).map(Decimal),
    state=st.sampled_from(OrderState),
    at_ns=clock,
    message=st.sampled_from(["", "margin"]),
)
outcomes = st.sampled_from(
    [Acked("B1"), NotSent(""), Refused("no"), NoAction(""), Queued(""), Unknown("")]
)
instruments = st.builds(
    Instrument,
    exchange=st.just("NSE"),
    symbol=st.sampled_from(["SBIN", "TCS"]),
    tick_size=st.sampled_from(["0.01", "0.05", "1", "0.00000001"]).map(Decimal),
    price_low=maybe(st.just(Decimal(700))),
    price_high=maybe(st.just(Decimal(900))),
)
policies = st.builds(
    Policy,
    holds_jumps=st.booleans(),
    stale_after_ns=maybe(st.just(10 * SECOND)),
    opposite_allowed=st.booleans(),
    sessions=st.sampled_from([{}, {"NSE": Session(open_minutes=0, close_minutes=1)}]),
    exits=st.builds(
        ExitPolicy,
        tagged=st.booleans(),
        pushes=st.booleans(),
        hold_ns=st.sampled_from([0, 10 * SECOND]),
        ladder=st.sampled_from([(), (parse_rung("touch", "ladder"), parse_rung("band", "ladder"))]),
    ),
    reconcile_every_ns=maybe(st.just(30 * SECOND)),
    adopt=maybe(
        st.builds(
            AdoptPolicy,
            account=st.just("A1"),
            existing=st.sampled_from(Answer),
            new=st.sampled_from(Answer),
            manual_add=st.sampled_from(ManualAdd),
            past_stop=st.sampled_from(PastStop),
            grace_ns=st.sampled_from([0, 5 * SECOND]),
            strategies=st.builds(
                lambda rules: (Strategy(name="s", match=Match(product="MIS"), rules=rules),),
                some_rules(),
            ),
        )
    ),
)
ticks = st.builds(
    Tick,
    instrument=st.sampled_from(INSTRUMENTS),
    ltp=prices,
    at_ns=times,
    received_ns=clock,
    bid=maybe(prices),
    ask=maybe(prices),
)
KINDS = {
    Tick: ticks,
    Timer: st.builds(Timer, clock),
    CreateTrade: st.builds(
        CreateTrade, request=requests(), at_ns=clock, strict=st.sampled_from([True, False, False])
    ),
    UpdateTrade: st.builds(UpdateTrade, trade_id=trade_ids, rules=some_rules(), at_ns=clock),
    ExitTrade: st.builds(
        ExitTrade, trade_id=trade_ids, at_ns=clock, reason=st.sampled_from(Reason)
    ),
    Execution: st.builds(
        Execution,
        execution_id=st.integers(0, 30).map(str),
        order_id=order_ids,
        client_order_id=maybe(client_ids),
        key=keys,
        side=st.sampled_from(OrderSide),
        quantity=units,
        price=st.sampled_from(["800", "790.05", "0.01"]).map(Decimal),
        at_ns=clock,
    ),
    OrderReport: reports,
    PlaceReply: st.builds(PlaceReply, client_order_id=client_ids, outcome=outcomes, at_ns=clock),
    QueryReply: st.builds(
        QueryReply,
        client_order_id=client_ids,
        report=maybe(reports),
        answered=st.booleans(),
        at_ns=clock,
    ),
    BookReply: st.builds(
        BookReply, orders=maybe(st.lists(reports, max_size=3).map(tuple)), at_ns=clock
    ),
    ExecutionsRead: st.builds(ExecutionsRead, is_read=st.booleans(), at_ns=clock),
    OrderChannel: st.builds(OrderChannel, up=st.booleans(), at_ns=clock),
    PositionsReply: st.builds(
        PositionsReply, key=keys, net=maybe(st.integers(-30, 30).map(Decimal)), at_ns=clock
    ),
    AccountReply: st.builds(
        AccountReply,
        positions=maybe(
            st.lists(
                st.builds(
                    NetPosition,
                    key=keys,
                    net=st.integers(-30, 30).map(Decimal),
                    average=maybe(st.sampled_from(["800", "0.01"]).map(Decimal)),
                ),
                max_size=4,
            ).map(tuple)
        ),
        at_ns=clock,
    ),
    Adopt: st.builds(
        Adopt,
        key=keys,
        rules=maybe(some_rules()),
        entry_price=maybe(st.just(Decimal(800))),
        past_stop=maybe(st.sampled_from(PastStop)),
        at_ns=clock,
    ),
    IgnoreFound: st.builds(IgnoreFound, key=keys, at_ns=clock),
    QuoteReply: st.builds(
        QuoteReply,
        instrument=st.sampled_from(INSTRUMENTS),
        ltp=maybe(prices),
        at_ns=times,
        received_ns=clock,
    ),
    FeedState: st.builds(FeedState, up=st.booleans(), at_ns=clock),
    InstrumentsLoaded: st.builds(InstrumentsLoaded, st.tuples(instruments)),
    PolicyChanged: st.builds(PolicyChanged, policies),
    ClockSet: st.builds(
        ClockSet, skew_ns=st.sampled_from([0, -3600 * SECOND, 86_400 * SECOND]), at_ns=clock
    ),
    HaltTrading: st.builds(HaltTrading, form=st.sampled_from(Form), why=st.just("x"), at_ns=clock),
    Release: st.builds(Release, why=st.just("x"), at_ns=clock),
    Resolve: st.builds(
        Resolve,
        trade_id=trade_ids,
        verdict=st.sampled_from(Verdict),
        why=st.just("x"),
        at_ns=clock,
    ),
    Reconcile: st.builds(Reconcile, at_ns=clock),
}
inputs = st.one_of(ticks, KINDS[CreateTrade], *KINDS.values())  # more of the commonest


def test_every_kind_of_input_is_among_what_it_takes():
    assert KINDS.keys() == set(get_args(Input))


@settings(max_examples=600, deadline=None)
@given(st.lists(inputs, max_size=40))
def test_the_engine_takes_anything_and_what_it_drains_is_all_of_it(items):
    engine, store, loaded = Engine(Policy()), RecordStore(), []
    for item in items:
        engine.process(item)
        store.apply(engine.book.drain())
        if isinstance(item, InstrumentsLoaded | PolicyChanged):
            loaded.append(item)
    fresh = Engine(Policy())
    for item in loaded:
        fresh.process(item)
    assert differences(engine, store, fresh, START_NS + 120 * SECOND) == []
