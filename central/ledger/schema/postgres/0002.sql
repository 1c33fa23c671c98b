-- Positions named as never to come, in ranges; unsigned until a person signed.
CREATE TABLE losses (
    store       int8 NOT NULL,
    epoch       int8 NOT NULL,
    first       int8 NOT NULL,
    last        int8 NOT NULL,
    named_at    int8 NOT NULL,
    signature   int8,
    cause       text COLLATE "C" NOT NULL,
    PRIMARY KEY (store, epoch, first)
);

CREATE INDEX losses_unsigned ON losses (store, first, last) WHERE signature IS NULL;

-- Who took note of losses, and why: never changed, never deleted.
CREATE TABLE signatures (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store       int8 NOT NULL,
    positions   int8 NOT NULL,
    signed_at   int8 NOT NULL,
    author      text COLLATE "C" NOT NULL,
    reason      text COLLATE "C" NOT NULL
);

-- Movements that came after their epoch was closed: how many, and which. No
-- value costs a row nothing.
ALTER TABLE epochs ADD COLUMN late int8 NOT NULL DEFAULT 0;
ALTER TABLE movements ADD COLUMN late bool;

-- Forked letters are told apart by their content, and close once the box has
-- replayed them; how many are open stands with their epoch.
ALTER TABLE epochs ADD COLUMN forks int8 NOT NULL DEFAULT 0;
ALTER TABLE dead_letters ADD COLUMN digest int8 NOT NULL DEFAULT 0;
ALTER TABLE dead_letters ADD COLUMN closed_at int8;
ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_store_epoch_seq_reason_key;
ALTER TABLE dead_letters ADD UNIQUE (store, epoch, seq, reason, digest);
CREATE INDEX forks_open ON dead_letters (store) WHERE reason = 'forked' AND closed_at IS NULL;

-- How an epoch's box stands to its opening: the seq of its last restatement,
-- and whether all up to it is handled, or nothing was before. Epochs of
-- before this release were read as they are.
ALTER TABLE epochs ADD COLUMN taken int8;
ALTER TABLE epochs ADD COLUMN settled bool NOT NULL DEFAULT true;

-- What readers saw when the epoch before ended: they go on seeing it until
-- the box has taken its opening.
ALTER TABLE balances ADD COLUMN old_on_hand int8;
ALTER TABLE balances ADD COLUMN old_counted bool;

-- What an epoch begins with, in pages as the wire encodes them: made once, or
-- given back by the box that took it, and never changed.
CREATE TABLE openings (
    store       int8 NOT NULL,
    ordinal     int8 NOT NULL,
    page        int8 NOT NULL,
    last        bool NOT NULL,
    bytes       bytea NOT NULL,
    PRIMARY KEY (store, ordinal, page)
);

-- The tills that a box let in last, with the hashes of their tokens, for the
-- box after it.
CREATE TABLE tills (
    store       int8 NOT NULL,
    epoch       int8 NOT NULL,
    body        text COLLATE "C" NOT NULL,
    PRIMARY KEY (store, epoch)
);

-- What the applier of a partition tries: there while it runs, so that one that
-- died is known by it. `first` and `records` say what was tried, if that was
-- noted, `deaths` how often the process died of that record alone.
CREATE TABLE tries (
    part        int8 PRIMARY KEY,
    first       int8 NOT NULL,
    records     int8 NOT NULL,
    deaths      int8 NOT NULL
);
