"""A trade in JSON is read whole or refused with the key that is wrong."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.words.test_rule_words import ALL, rule_sets
from tradebot.core.guard.trades import PastStop, PriceSource, Rules, Side, TradeRequest
from tradebot.core.market.instruments import Kind
from tradebot.core.words.trade_requests import TradeDefaults, parse_rules, parse_trade, trade_json
from tradebot.errors import InputError

DEFAULTS = TradeDefaults(account="PAPER-1", product="MIS")
SMALL = {"exchange": "NSE", "symbol": "SBIN", "side": "LONG", "quantity": 75, "entry_price": 812.5}


def parsed(words, **more):
    return parse_trade(words, **{"defaults": DEFAULTS, **more})


def test_a_small_trade_takes_the_rest_from_the_defaults():
    assert parsed(SMALL) == TradeRequest(
        account="PAPER-1",
        exchange="NSE",
        symbol="SBIN",
        product="MIS",
        side=Side.LONG,
        quantity=Decimal(75),
        entry_price=Decimal("812.5"),
    )


def test_a_full_trade_is_read():
    words = {
        "trade_id": "T-17.a_b",
        "account": "LIVE-2",
        "strategy": "straddle",
        "exchange": "NFO",
        "symbol": "NIFTY28NOV2624000CE",
        "product": "NRML",
        "side": "SHORT",
        "quantity": "75",
        "order_id": "240612000123",
        **ALL,
        "past_stop": "from_here",
        "price_source": "mid",
        "tag": "by hand",
    }
    assert parsed(words) == TradeRequest(
        trade_id="T-17.a_b",
        account="LIVE-2",
        strategy="straddle",
        exchange="NFO",
        symbol="NIFTY28NOV2624000CE",
        product="NRML",
        side=Side.SHORT,
        quantity=Decimal(75),
        order_id="240612000123",
        rules=parse_rules(ALL),
        past_stop=PastStop.FROM_HERE,
        price_source=PriceSource.MID,
        tag="by hand",
    )
    assert trade_json(parsed(words)) == words


def test_an_order_needs_neither_price_nor_quantity():
    words = {"exchange": "NSE", "symbol": "SBIN", "side": "LONG", "order_id": "9"}
    assert parsed(words).order_id == "9"
    assert parsed(words).quantity is None


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        ({"sl": "1%"}, "sl", 'sl is no key of a trade; did you mean "stop"?'),
        ({"stoploss": "1%"}, "stoploss", 'did you mean "stop"?'),
        ({"tgt": "1%"}, "tgt", 'did you mean "target"?'),
        ({"tp": "1%"}, "tp", 'did you mean "target"?'),
        ({"tsl": "1%"}, "tsl", 'did you mean "trail"?'),
        ({"qty": 5}, "qty", 'did you mean "quantity"?'),
        ({"ltp": 5}, "ltp", 'did you mean "entry_price"?'),
        ({"simbol": "X"}, "simbol", 'did you mean "symbol"?'),
        ({"opened_at_ns": 5}, "opened_at_ns", "allowed: trade_id, account"),
        ({"trade_id": ""}, "trade_id", "1 to 64 of A-Z a-z 0-9 . _ -"),
        ({"trade_id": "T 1"}, "trade_id", "1 to 64 of A-Z"),
        ({"trade_id": "T1\n"}, "trade_id", "1 to 64 of A-Z"),
        ({"trade_id": "x" * 65}, "trade_id", "1 to 64 of A-Z"),
        ({"trade_id": 17}, "trade_id", "trade_id = 17: must be"),
        ({"exchange": None}, "exchange", "exchange is missing"),
        ({"exchange": "N:SE"}, "exchange", "a name without a colon"),
        ({"exchange": "x" * 33}, "exchange", "1 to 32 printable characters"),
        ({"symbol": "SB\nIN"}, "symbol", "printable"),
        ({"product": "x" * 33}, "product", "1 to 32 printable characters"),
        ({"side": "BUY"}, "side", "side = 'BUY' is not known; did you mean \"LONG\"?"),
        ({"side": "sell"}, "side", 'did you mean "SHORT"?'),
        ({"side": None}, "side", "side is missing"),
        ({"quantity": 0}, "quantity", "a number above 0"),
        ({"quantity": True}, "quantity", "quantity = true: must be"),
        ({"entry_price": float("nan")}, "entry_price", "entry_price = nan: must be"),
        ({"entry_price": None}, "entry_price", "give entry_price and quantity, or order_id"),
        ({"quantity": None}, "quantity", "give entry_price and quantity, or order_id"),
        ({"order_id": "9"}, "entry_price", "give one of the two"),
        ({"order_id": 9}, "order_id", "order_id = 9: must be 1 to 64"),
        ({"stop": "2"}, "stop", "is not a level"),
        ({"target": [{"at": "1%", "quantity": 76}]}, "target", "more than the quantity 75"),
        ({"past_stop": "leave"}, "past_stop", "allowed: exit, ask, from_here"),
        ({"price_source": "Mid"}, "price_source", 'did you mean "mid"?'),
        ({"tag": "x" * 201}, "tag", "0 to 200 printable characters"),
    ],
)
def test_a_mistake_is_refused_with_key_value_and_what_is_allowed(change, field, says):
    with pytest.raises(InputError) as caught:
        parsed({**SMALL, **change})
    assert caught.value.field == field
    assert says in str(caught.value)


@pytest.mark.parametrize("nothing", [None, [], "trade", 5])
def test_what_is_no_object_is_no_trade(nothing):
    with pytest.raises(InputError, match="must be an object with trade_id, account"):
        parsed(nothing)


@pytest.mark.parametrize("key", ["account", "product"])
def test_what_has_no_default_must_be_named(key):
    with pytest.raises(InputError, match=f"^{key} is missing$"):
        parsed(SMALL, defaults=msgspec.structs.replace(DEFAULTS, **{key: None}))


def test_a_key_that_the_caller_reads_is_let_through():
    assert parsed({**SMALL, "opened_at_ns": 5}, extra=("opened_at_ns",)) == parsed(SMALL)


@pytest.mark.parametrize(
    ("symbol", "more", "source"),
    [
        ("SBIN", {}, PriceSource.LAST),
        ("NIFTY28NOV2624000CE", {}, PriceSource.MID),
        ("NIFTY28NOV2624000CE", {"kind": lambda _exchange, _symbol: Kind.CASH}, PriceSource.LAST),
    ],
)
def test_the_price_source_follows_the_class_of_the_instrument(symbol, more, source):
    defaults = msgspec.structs.replace(DEFAULTS, price_sources={Kind.OPTION: PriceSource.MID})
    words = {**SMALL, "symbol": symbol}
    assert parsed(words, defaults=defaults, **more).price_source is source
    words["price_source"] = "exit_side"
    assert parsed(words, defaults=defaults, **more).price_source is PriceSource.EXIT_SIDE


names = st.from_regex(r"[A-Za-z0-9]{1,10}", fullmatch=True)
amounts = st.decimals(min_value="0.01", max_value="999999", places=2)
requests = st.builds(
    TradeRequest,
    trade_id=st.none() | names,
    account=names,
    strategy=names | st.just(""),
    exchange=names,
    symbol=names,
    product=names,
    side=st.sampled_from(Side),
    quantity=amounts,
    entry_price=amounts,
    rules=rule_sets.map(lambda rules: msgspec.structs.replace(rules, targets=rules.targets[-1:])),
    past_stop=st.sampled_from(PastStop),
    price_source=st.sampled_from(PriceSource),
    tag=names,
)


@given(requests)
def test_a_trade_reads_back_from_the_words_it_is_written_in(request_):
    parts = request_.rules.targets
    if parts and parts[0].quantity is not None and parts[0].quantity > request_.quantity:
        request_ = msgspec.structs.replace(request_, rules=Rules())
    words = msgspec.json.decode(msgspec.json.encode(trade_json(request_)))
    assert parsed(words) == request_


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.decimals()
    | st.sampled_from(["1%", "1pts", "@1", "1h", "15:10", "LONG", "mid", "exit"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
KEYS = [*TradeRequest.__struct_fields__, "stop", "target", "trail", "breakeven", "time_exit"]
parts = st.dictionaries(
    st.sampled_from(["at", "by", "step", "activation", "lock", "after", "quantity"]), junk
)


@given(
    st.dictionaries(st.sampled_from(KEYS), junk | parts | st.lists(parts, max_size=3)) | junk,
    st.booleans(),
)
def test_whatever_is_sent_is_a_trade_or_an_input_error(words, whole):
    if whole and isinstance(words, dict):
        words = {**SMALL, **words}
    message = ""
    try:
        request_ = parsed(words)
    except InputError as error:
        message = str(error)
    else:
        assert parsed(trade_json(request_)) == request_
    assert message == "" or message.isprintable()
    assert len(message) < 500
