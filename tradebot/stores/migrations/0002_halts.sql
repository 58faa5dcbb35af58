-- Every halt and every release, one row each; the one with the highest version is in force.

CREATE TABLE halts (
    version INTEGER PRIMARY KEY,
    body BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
