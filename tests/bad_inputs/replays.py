"""Bad recordings, trades and instruments, as ``tradebot replay`` is given them."""

import gzip
import json

from tests.bad_inputs.rows import Command, folder, hidden

AT = 1_700_000_000_000_000_000
HEAD = "ts_ns,exchange,symbol,price,qty,bid,ask\n"
TICKS = f"{HEAD}{AT},X,A,100,1,,\n{AT + 1},X,A,99,1,99,\n"
TRADE = {
    "exchange": "X",
    "symbol": "A",
    "side": "LONG",
    "quantity": 10,
    "entry_price": 100,
    "opened_at_ns": AT,
    "stop": "1pts",
}
INSTRUMENT = {"exchange": "X", "symbol": "A", "tick_size": "0.05"}
GZ = gzip.compress(TICKS.encode(), mtime=0)
WORDS = ("replay", "--ticks", "t.csv", "--trades", "t.jsonl", "--out", "exits.jsonl")


def _replay(given, *says, words=(), code=2, **files):
    """Return a row: one of the files is bad, and no exits are written."""
    names = {"ticks": "t.csv", "trades": "t.jsonl", "instruments": "i.json", "old": "exits.jsonl"}
    good = {"t.csv": TICKS, "t.jsonl": json.dumps(TRADE), "exits.jsonl": "those of yesterday\n"}
    given_files = {names.get(name, name): content for name, content in files.items()}
    more = ("--instruments", "i.json") if "instruments" in files else ()
    return Command(given, (*WORDS, *more, *words), code, says, files=good | given_files)


def _row(row, *says, before=""):
    """Return a row: this line of a recording is bad."""
    text = f"{HEAD}{before}{row}\n"
    line = 3 if before else 2
    return _replay(f"the row `{row}`", f"t.csv:{line}: ", *says, ticks=text)


def _header(header, *says):
    """Return a row: a recording begins like this."""
    return _replay(f"the header `{header}`", "t.csv:1: ", *says, ticks=f"{header}\n{AT},X,A,1\n")


def _trade(given, *says, **change):
    """Return a row: a good trade with a change is a bad one."""
    trade = {key: value for key, value in (TRADE | change).items() if value != "left out"}
    return _replay(given, "t.jsonl:1: ", *says, trades=json.dumps(trade))


def _level(*says, **change):
    """Return a row: these keys of a trade are bad."""
    return _trade(f"a trade with `{json.dumps(change)[1:-1]}`", *says, **change)


def _instrument(given, *says, **change):
    """Return a row: a good instrument with a change is a bad one."""
    item = {key: value for key, value in (INSTRUMENT | change).items() if value != "left out"}
    return _replay(given, "i.json: instrument 1: ", *says, instruments=json.dumps([item]))


HEADERS = (
    _header("time,exchange,symbol,price", "column 1 is 'time' and must be 'ts_ns'", "did you mean"),
    _header("ts_ns,exchange,symbol", "column 4 is '' and must be 'price'", "the header is ts_ns,"),
    _header("ts_ns,exchange,symbol,price,vol", "unknown column 'vol'", "may follow qty, bid, ask"),
    _header("ts_ns,exchange,symbol,price,qty,qty", "column 'qty' is there twice"),
    _header("ts_ns;exchange;symbol;price", "column 1 is ", "must be 'ts_ns'"),
    _header(f"{AT},X,A,100", "the header is missing; line 1 must be ts_ns,exchange,symbol,price"),
    _replay("an empty recording", "t.csv: the file is empty", ticks=""),
)
ROWS_OF_TICKS = (
    _row(f"{AT},X,A", "3 of 7 columns, 'price' is missing"),
    _row(f"{AT},X,A,1,2,3,4,5", "8 columns, the header has 7"),
    _row("noon,X,A,1,1,,", "ts_ns = 'noon' is not a time; write whole nanoseconds UTC"),
    _row("1700000000,X,A,1,1,,", "is not between 1990 and 2100; write nanoseconds UTC"),
    _row("1_700_000_000_000_000_000,X,A,1,1,,", "is not a time"),
    _row(f"{AT - 1},X,A,1,1,,", "times must not go back", before=f"{AT},X,A,1,1,,\n"),
    _row(f"{AT},,A,1,1,,", "exchange = '' is empty"),
    _row(f"{AT},X, ,1,1,,", "symbol = ' ' is empty"),
    _row(f"{AT},X:Y,A,1,1,,", "exchange = 'X:Y' holds a colon"),
    _row(f"{AT},X,A,one,1,,", "price = 'one' is not a number; write it like 812.05"),
    _row(f"{AT},X,A,,1,,", "price = '' is not a number"),
    _row(f"{AT},X,A,1_000,1,,", "price = '1_000' is not a number"),
    _row(f'{AT},X,A,"1,000",1,,', "price = '1,000' is not a number"),
    _row(f"{AT},X,A,1,-1,,", "qty = '-1' is not a quantity; write a number >= 0"),
    _row(f"{AT},X,A,1,1,x,", "bid = 'x' is not a number"),
    _row(f'{AT},X,"A,1,1,,', "has a quote that does not end in this line"),
    _row(f"{AT},X,A\0,1,1,,", "symbol = 'A\\x00' holds a NUL byte"),
)
FILES = (
    _replay("no recording", "missing.csv: ", "No such file", words=("--ticks", "missing.csv")),
    _replay("a folder instead of a recording", "t.csv: Is a directory", ticks=folder),
    _replay("a recording of another user", "t.csv: Permission denied", ticks=hidden),
    _replay(
        "a recording that is named .gz and is not gzip",
        "t.csv.gz is named .gz and is not gzip data",
        words=("--ticks", "t.csv.gz"),
        **{"t.csv.gz": TICKS},
    ),
    _replay("a gzip that is cut off", "t.csv: the gzip data is cut off", ticks=GZ[:-9]),
    _replay(
        "a gzip with a wrong byte", "the gzip data is damaged", ticks=GZ[:-6] + b"\0" + GZ[-5:]
    ),
    _replay("junk that begins like gzip", "the gzip data is damaged", ticks=b"\x1f\x8bjunk" * 9),
    _replay(
        "a symbol that is not UTF-8",
        "t.csv:2: symbol",
        "not UTF-8",
        ticks=TICKS.encode().replace(b"A,100", b"\xff,100"),
    ),
    _replay("no trades", "missing.jsonl: No such file", words=("--trades", "missing.jsonl")),
    _replay("trades of another user", "t.jsonl: Permission denied", trades=hidden),
    _replay("an empty file of trades", "t.jsonl: there is no trade in it; write one", trades="\n"),
    _replay(
        "trades that are not UTF-8",
        "t.jsonl:1: symbol = '\\udcff': must be",
        trades=json.dumps(TRADE | {"symbol": "?"}).encode().replace(b"?", b"\xff"),
    ),
    _replay("a configuration that is none", "c.toml: no such file", words=("--config", "c.toml")),
    _replay("exits over the ticks", "--out t.csv would replace t.csv", words=("--out", "t.csv")),
    _replay(
        "exits in no folder", "x/e: cannot be written: No such", words=("--out", "x/e"), code=74
    ),
    _replay(
        "exits that are a folder",
        "x: cannot be written: Is a d",
        words=("--out", "x"),
        code=74,
        x=folder,
    ),
)
LINES = (
    _replay("no JSON", "t.jsonl:1: this is not JSON at column 1", trades="LONG A 10"),
    _replay("JSON that is cut off", "t.jsonl:1: this is not JSON", trades='{"symbol": "A"'),
    _replay("a trade over two lines", "t.jsonl:1: this is not JSON", trades='{"symbol":\n"A"}'),
    _replay(
        "a list of trades", "t.jsonl:1: ", "must be an object with", trades=f"[{json.dumps(TRADE)}]"
    ),
    _replay(
        "a key that is there twice", "'stop' is there twice", trades='{"stop": "1%", "stop": "2%"}'
    ),
    _replay("NaN", "NaN is not a number", trades='{"quantity": NaN}'),
    _replay(
        "a number of 5,000 digits",
        "a number in it is too long",
        trades='{"quantity": ' + "9" * 5000 + "}",
    ),
    _replay("10,000 nested lists", "nested too deep", trades="[" * 10_000),
    _replay(
        "an id that is there twice",
        "t.jsonl:2: trade_id T1 is that of line 1",
        trades=f"{json.dumps(TRADE)}\n{json.dumps(TRADE | {'trade_id': 'T1'})}",
    ),
)
KEYS = (
    _level('sl is no key of a trade; did you mean "stop"?', sl="1%"),
    _level('ticker is no key of a trade; did you mean "symbol"?', ticker="A"),
    _level("colour is no key of a trade; allowed: trade_id,", colour="red"),
    _trade("a trade without a side", "side is missing", side="left out"),
    _trade("a trade without a symbol", "symbol is missing", symbol="left out"),
    _trade("a trade without a quantity", "quantity is missing", quantity="left out"),
    _trade("a trade without an entry price", "entry_price is missing", entry_price="left out"),
    _trade("a trade without a time", "opened_at_ns is missing", opened_at_ns="left out"),
    _level("order_id", entry_price=None, order_id="P1"),
    _level("side = 'BUY' is not known; did you mean \"LONG\"?", side="BUY"),
    _level("quantity = 0: must be a number above 0", quantity=0),
    _level("quantity = -1.5: must be a number above 0", quantity=-1.5),
    _level("quantity = 'ten': must be a number above 0", quantity="ten"),
    _level("quantity = true: must be a number above 0", quantity=True),
    _level("entry_price = 1E+20: must be a number above 0, at most 1e15", entry_price=1e20),
    _level("opened_at_ns = '2023-11-14': must be whole nanoseconds UTC", opened_at_ns="2023-11-14"),
    _level("opened_at_ns = 1700000000: must be whole nanoseconds UTC", opened_at_ns=1_700_000_000),
    _level("trade_id = 'T 1': must be 1 to 64 of A-Z a-z 0-9", trade_id="T 1"),
    _level("exchange = 'X:Y': must be a name without a colon", exchange="X:Y"),
    _level("symbol = ' A': must be 1 to 64 printable characters", symbol=" A"),
    _level("past_stop = 'sell' is not known; allowed: exit, ask, from_here", past_stop="sell"),
    _level("price_source = 'bid' is not known", price_source="bid"),
)
LEVELS = (
    _level('stop = 2 is not a level; write "1.5%" (percent), "12.5pts"', stop=2),
    _level("stop = '2' is not a level; write", stop="2"),
    _level("stop = '-2%' is not a level; write", stop="-2%"),
    _level("stop = '@0': must be a price above 0; leave the key out for none", stop="@0"),
    _level("target = '1 pct' is not a level; write", target="1 pct"),
    _level("target has 0 parts: 1 to 20 can be", target=[]),
    _level("target[0].quantity is missing; only the last", target=[{"at": "1%"}, {"at": "2%"}]),
    _level(
        "target parts of 11 are more than the quantity 10", target=[{"at": "1%", "quantity": 11}]
    ),
    _level("target[0].at is missing", target=[{"quantity": 1}]),
    _level(
        'target[0].qty is no key of a target part; did you mean "quantity"?',
        target=[{"at": "1%", "qty": 1}],
    ),
    _level("trail = '1%': must be an object with by, activation, step", trail="1%"),
    _level("trail.by is missing", trail={"step": "1%"}),
    _level("trail.by = '0%': must be above 0", trail={"by": "0%"}),
    _level("trail.by = '@90' is not a level", trail={"by": "@90"}),
    _level("breakeven.at is missing", breakeven={"lock": "1%"}),
    _level("breakeven.lock = 5 is not a level", breakeven={"at": "1%", "lock": 5}),
    _level("time_exit wants one of", time_exit={"after": "5m", "at": "15:10"}),
    _level("time_exit.after = '5 min' is not a duration", time_exit={"after": "5 min"}),
    _level("time_exit.after = '0s': must be above 0 and at most 3650d", time_exit={"after": "0s"}),
    _level("time_exit.at = '25:00' is not a time of day", time_exit={"at": "25:00"}),
)
REFUSED = (
    _level("stop 101 is above entry 100 for long trade T1", stop="@101"),
    _level("stop 99 is below entry 100 for short trade T1", side="SHORT", stop="@99"),
    _level("stop 100 ", "entry 100", stop="@100"),
    _level("stop ", "entry 100", stop="0.001pts"),
    _level("stop ", "0", stop="100%"),
    _level("target 99 is below entry 100 for long trade T1", target="@99"),
    _level(
        "target 101 is above entry 100 for short trade T1", side="SHORT", stop=None, target="@101"
    ),
    _level("target ", side="SHORT", stop=None, target="100%"),
    _level("target ", "tick", target="0.001pts"),
    _level("break", breakeven={"at": "1pts", "lock": "2pts"}),
)
INSTRUMENTS = (
    _replay(
        "no file of instruments",
        "missing.json: No such file",
        words=("--instruments", "missing.json"),
    ),
    _replay("instruments of another user", "i.json: Permission denied", instruments=hidden),
    _replay("instruments that are no list", "i.json: {...}: must be an array", instruments="{}"),
    _replay(
        "instruments that are no JSON", "i.json: this is not JSON at column 1", instruments="X"
    ),
    _replay("instruments that are not UTF-8", "i.json: ", instruments=b'[{"exchange": "\xff"}]'),
    _replay(
        "an instrument twice",
        "instrument 2: X:A is there twice",
        instruments=json.dumps([INSTRUMENT] * 2),
    ),
    _instrument(
        "an instrument with a `ticksize`",
        'ticksize is no key of an instrument; did you mean "tick_size"?',
        ticksize=1,
    ),
    _instrument("an instrument without a tick size", "tick_size is missing", tick_size="left out"),
    _instrument(
        "an instrument with tick size 0", "tick_size = 0: must be a number above 0", tick_size=0
    ),
    _instrument(
        "an instrument with tick size -0.05", "tick_size = -0.05: must be", tick_size=-0.05
    ),
    _instrument("an instrument with lot size 'one'", "lot_size = 'one': must be", lot_size="one"),
    _instrument("an instrument with a colon", "exchange = 'X:Y': must be a name", exchange="X:Y"),
)
