-- The book at rest. Every row: key columns, the record as JSON, a checksum over both.

CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,        -- one more at each start; the fence against an older process
    frame INTEGER NOT NULL,        -- the last journal frame that is in here
    open_trades INTEGER NOT NULL   -- kept by triggers: an index that lost a row is noticed
) STRICT;
INSERT INTO meta VALUES (1, 0, 0, 0);

CREATE TABLE trades (
    trade_id TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    over INTEGER NOT NULL,
    strategy TEXT NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX trades_by_number ON trades (number);
CREATE INDEX trades_open ON trades (number) WHERE over = 0;
CREATE INDEX trades_history ON trades (number) WHERE over = 1;
CREATE INDEX trades_history_of_strategy ON trades (strategy, number) WHERE over = 1;

CREATE TRIGGER trades_counted AFTER INSERT ON trades WHEN NEW.over = 0 BEGIN
    UPDATE meta SET open_trades = open_trades + 1;
END;
CREATE TRIGGER trades_recounted AFTER UPDATE ON trades WHEN NEW.over != OLD.over BEGIN
    UPDATE meta SET open_trades = open_trades + OLD.over - NEW.over;
END;

CREATE TABLE exits (
    trade_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    version INTEGER NOT NULL,
    done INTEGER NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (trade_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX exits_live ON exits (trade_id, number) WHERE done = 0;

CREATE TABLE executions (
    arrival INTEGER PRIMARY KEY,   -- the order in which they came
    execution_id TEXT NOT NULL UNIQUE,
    order_id TEXT NOT NULL,
    at_ns INTEGER NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX executions_by_time ON executions (at_ns);

CREATE TABLE positions (
    account TEXT NOT NULL,
    exchange TEXT NOT NULL,
    symbol TEXT NOT NULL,
    product TEXT NOT NULL,
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (account, exchange, symbol, product)
) STRICT, WITHOUT ROWID;

CREATE TABLE highs (
    line TEXT NOT NULL,
    number INTEGER NOT NULL,
    rank REAL NOT NULL,            -- the price, negated for shorts: more is better
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (line, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE told (
    number INTEGER PRIMARY KEY,
    trade_id TEXT NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX told_by_trade ON told (trade_id, number);

CREATE TABLE heard (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
