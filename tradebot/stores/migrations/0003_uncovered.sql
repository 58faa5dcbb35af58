-- What nobody watched: open units without a rule, and time without a price, by trading day.

CREATE TABLE uncovered (
    day TEXT NOT NULL,             -- of the exchange: 2026-01-05
    instrument TEXT NOT NULL,
    trade_id TEXT NOT NULL,        -- empty: the instrument itself
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (day, instrument, trade_id)
) STRICT, WITHOUT ROWID;
