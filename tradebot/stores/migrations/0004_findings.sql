-- Positions that no trade guards, and when the account was first looked at: one row for all.

CREATE TABLE findings (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
