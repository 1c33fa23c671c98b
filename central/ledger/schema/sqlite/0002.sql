-- Positions named as never to come, in ranges; unsigned until a person signed.
CREATE TABLE losses (
    store       INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    first       INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    cause       TEXT NOT NULL,
    named_at    INTEGER NOT NULL,
    signature   INTEGER,
    PRIMARY KEY (store, epoch, first)
) STRICT, WITHOUT ROWID;

CREATE INDEX losses_unsigned ON losses (store, first, last) WHERE signature IS NULL;

-- Who took note of losses, and why: never changed, never deleted.
CREATE TABLE signatures (
    number      INTEGER PRIMARY KEY,
    store       INTEGER NOT NULL,
    positions   INTEGER NOT NULL,
    signed_at   INTEGER NOT NULL,
    author      TEXT NOT NULL,
    reason      TEXT NOT NULL
) STRICT;

-- Movements that came after their epoch was closed: how many, and which.
ALTER TABLE epochs ADD COLUMN late INTEGER NOT NULL DEFAULT 0;
ALTER TABLE movements ADD COLUMN late INTEGER;
