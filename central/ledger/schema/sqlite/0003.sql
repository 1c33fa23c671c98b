-- Goods between stores. A transfer is what stores tell under one reference;
-- `final` if its last receipt was told, `open` the items of which something
-- is still in transit.
CREATE TABLE transfers (
    first_at    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    open        INTEGER NOT NULL DEFAULT 0,
    final       INTEGER NOT NULL,
    sent        INTEGER NOT NULL,
    received    INTEGER NOT NULL,
    reference   TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE INDEX transfers_open ON transfers (first_at, reference) WHERE open > 0;
CREATE INDEX transfers_by_age ON transfers (first_at, reference);

-- What left one store and did not reach the other: Σ of the lines. Of it
-- `closed` is what head office has taken as a difference.
CREATE TABLE transit (
    quantity    INTEGER NOT NULL,
    closed      INTEGER NOT NULL DEFAULT 0,
    reference   TEXT NOT NULL,
    sku         TEXT NOT NULL,
    PRIMARY KEY (reference, sku)
) STRICT, WITHOUT ROWID;

-- The lines of transfers as they were told. Without a SKU the quantity is of
-- a code that nobody knew: of packs, or of base units.
CREATE TABLE transfer_lines (
    store       INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    quantity    INTEGER NOT NULL,
    sent        INTEGER NOT NULL,
    in_base     INTEGER NOT NULL,
    document    BLOB NOT NULL,
    reference   TEXT NOT NULL,
    sku         TEXT,
    code        TEXT,
    counterpart TEXT,
    PRIMARY KEY (store, ordinal, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX transfer_lines_by_reference ON transfer_lines (reference, store);
CREATE INDEX transfer_lines_by_document ON transfer_lines (store, document);
CREATE INDEX transfer_lines_unknown ON transfer_lines (store, code) WHERE sku IS NULL;

-- Differences that head office has closed: never changed, never deleted.
CREATE TABLE differences (
    number      INTEGER PRIMARY KEY,
    quantity    INTEGER NOT NULL,
    closed_at   INTEGER NOT NULL,
    reference   TEXT NOT NULL,
    sku         TEXT NOT NULL,
    author      TEXT NOT NULL,
    reason      TEXT NOT NULL
) STRICT;

CREATE INDEX differences_by_reference ON differences (reference);

-- Documents that were voided: a line of theirs that comes later comes to
-- nothing.
CREATE TABLE voided (
    store       INTEGER NOT NULL,
    document    BLOB NOT NULL,
    PRIMARY KEY (store, document)
) STRICT, WITHOUT ROWID;

-- What a store's box resolved a code to; `units` is 0 if no stock is kept.
CREATE TABLE learnt (
    store       INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    units       INTEGER NOT NULL,
    document    BLOB NOT NULL,
    code        TEXT NOT NULL,
    sku         TEXT NOT NULL,
    PRIMARY KEY (store, code, ordinal, seq)
) STRICT, WITHOUT ROWID;

-- Lines under codes that nobody knows, until they are resolved or voided.
CREATE TABLE suspense (
    store       INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    amount      INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    in_base     INTEGER NOT NULL,
    document    BLOB NOT NULL,
    code        TEXT NOT NULL,
    PRIMARY KEY (store, ordinal, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX suspense_by_code ON suspense (code, store);
CREATE INDEX suspense_by_document ON suspense (store, document);

-- Steps of a position that others than its applier took: they change levels
-- without moving it.
ALTER TABLE positions ADD COLUMN others INTEGER NOT NULL DEFAULT 0;

-- What of a balance is promised.
ALTER TABLE balances ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;

-- What callers have reserved. Without an end it is confirmed.
CREATE TABLE reservations (
    number      INTEGER PRIMARY KEY,
    store       INTEGER NOT NULL,
    quantity    INTEGER NOT NULL,
    made_at     INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    id          TEXT NOT NULL UNIQUE,
    request     TEXT NOT NULL UNIQUE,
    sku         TEXT NOT NULL,
    state       TEXT NOT NULL,
    order_of    TEXT
) STRICT;

CREATE INDEX reservations_due ON reservations (expires_at) WHERE state = 'held';
CREATE INDEX reservations_of_order ON reservations (store, order_of) WHERE order_of IS NOT NULL;
CREATE INDEX reservations_by_store ON reservations (store, number);

-- What is kept back: 0 and no text mean all. The closest row counts.
CREATE TABLE safety_stock (
    store       INTEGER NOT NULL,
    quantity    INTEGER NOT NULL,
    region      TEXT NOT NULL,
    sku         TEXT NOT NULL,
    PRIMARY KEY (sku, store, region)
) STRICT, WITHOUT ROWID;

-- Rules that changed and whose levels are to be told, store by store: the
-- keys up to `told` are done.
CREATE TABLE safety_changes (
    number      INTEGER PRIMARY KEY,
    store       INTEGER NOT NULL,
    told        INTEGER NOT NULL DEFAULT 0,
    region      TEXT NOT NULL,
    sku         TEXT NOT NULL
) STRICT;

-- Levels that others than the applier changed, until it has announced them.
CREATE TABLE level_changes (
    number      INTEGER PRIMARY KEY,
    part        INTEGER NOT NULL,
    store       INTEGER NOT NULL,
    sku         TEXT NOT NULL
) STRICT;

CREATE INDEX level_changes_by_part ON level_changes (part, number);

-- Where an item was last counted: what asked for a count before is answered.
ALTER TABLE balances ADD COLUMN count_ordinal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE balances ADD COLUMN count_seq INTEGER NOT NULL DEFAULT 0;

-- Items that should be counted again, since a position.
CREATE TABLE recounts (
    store       INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    sku         TEXT NOT NULL,
    PRIMARY KEY (store, sku)
) STRICT, WITHOUT ROWID;

-- What head office has decided of codes that nobody knew: a code that is part
-- of the catalogue stays so with each import, one that is ignored is no longer
-- listed.
CREATE TABLE code_decisions (
    decided_at  INTEGER NOT NULL,
    units       INTEGER NOT NULL,
    code        TEXT PRIMARY KEY,
    decision    TEXT NOT NULL,
    sku         TEXT NOT NULL,
    author      TEXT NOT NULL,
    reason      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A till's business day: what came of it, and what the till counted when it
-- closed.
CREATE TABLE till_days (
    store           INTEGER NOT NULL,
    documents       INTEGER NOT NULL,
    close_ordinal   INTEGER NOT NULL DEFAULT 0,
    close_seq       INTEGER NOT NULL DEFAULT 0,
    told_documents  INTEGER,
    told_units      INTEGER,
    traded          INTEGER NOT NULL,
    business_day    TEXT NOT NULL,
    source          TEXT NOT NULL,
    PRIMARY KEY (store, business_day, source)
) STRICT, WITHOUT ROWID;
