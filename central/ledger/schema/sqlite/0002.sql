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

-- Forked letters are told apart by their content, and close once the box has
-- replayed them; how many are open stands with their epoch.
ALTER TABLE epochs ADD COLUMN forks INTEGER NOT NULL DEFAULT 0;
CREATE TABLE letters (
    number      INTEGER PRIMARY KEY,
    store       INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    digest      INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    detail      TEXT NOT NULL,
    raw         TEXT NOT NULL,
    source      TEXT NOT NULL,
    id          TEXT NOT NULL,
    bytes       BLOB NOT NULL,
    parked_at   INTEGER NOT NULL,
    closed_at   INTEGER,
    part        INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    UNIQUE (store, epoch, seq, reason, digest)
) STRICT;
INSERT INTO letters (number, store, epoch, seq, digest, reason, detail, raw, source, id, bytes, parked_at, part, step)
    SELECT number, store, epoch, seq, 0, reason, detail, raw, source, id, bytes, parked_at, part, step FROM dead_letters;
DROP TABLE dead_letters;
ALTER TABLE letters RENAME TO dead_letters;
CREATE INDEX dead_letters_by_step ON dead_letters (part, step);
CREATE INDEX forks_open ON dead_letters (store) WHERE reason = 'forked' AND closed_at IS NULL;

-- How an epoch's box stands to its opening: the seq of its last restatement,
-- and whether all up to it is handled, or nothing was before. Epochs of
-- before this release were read as they are.
ALTER TABLE epochs ADD COLUMN taken INTEGER;
ALTER TABLE epochs ADD COLUMN settled INTEGER NOT NULL DEFAULT 1;

-- What readers saw when the epoch before ended: they go on seeing it until
-- the box has taken its opening.
ALTER TABLE balances ADD COLUMN old_on_hand INTEGER;
ALTER TABLE balances ADD COLUMN old_counted INTEGER;

-- What an epoch begins with, in pages as the wire encodes them: made once, or
-- given back by the box that took it, and never changed.
CREATE TABLE openings (
    store       INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    page        INTEGER NOT NULL,
    last        INTEGER NOT NULL,
    bytes       BLOB NOT NULL,
    PRIMARY KEY (store, ordinal, page)
) STRICT, WITHOUT ROWID;

-- The tills that a box let in last, with the hashes of their tokens, for the
-- box after it.
CREATE TABLE tills (
    store       INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (store, epoch)
) STRICT, WITHOUT ROWID;

-- What the applier of a partition tries: there while it runs, so that one that
-- died is known by it. `first` and `records` say what was tried, if that was
-- noted, `deaths` how often the process died of that record alone.
CREATE TABLE tries (
    part        INTEGER PRIMARY KEY,
    first       INTEGER NOT NULL,
    records     INTEGER NOT NULL,
    deaths      INTEGER NOT NULL
) STRICT;
