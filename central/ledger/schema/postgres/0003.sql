-- Goods between stores. A transfer is what stores tell under one reference;
-- `final` if its last receipt was told, `open` the items of which something
-- is still in transit.
CREATE TABLE transfers (
    first_at    int8 NOT NULL,
    last_at     int8 NOT NULL,
    open        int8 NOT NULL DEFAULT 0,
    final       bool NOT NULL,
    sent        bool NOT NULL,
    received    bool NOT NULL,
    reference   text COLLATE "C" PRIMARY KEY
) WITH (fillfactor = 70);

CREATE INDEX transfers_open ON transfers (first_at, reference) WHERE open > 0;
CREATE INDEX transfers_by_age ON transfers (first_at, reference);

-- What left one store and did not reach the other: Σ of the lines. Of it
-- `closed` is what head office has taken as a difference.
CREATE TABLE transit (
    quantity    int8 NOT NULL,
    closed      int8 NOT NULL DEFAULT 0,
    reference   text COLLATE "C" NOT NULL,
    sku         text COLLATE "C" NOT NULL,
    PRIMARY KEY (reference, sku)
) WITH (fillfactor = 70);

-- The lines of transfers as they were told. Without a SKU the quantity is of
-- a code that nobody knew: of packs, or of base units.
CREATE TABLE transfer_lines (
    store       int8 NOT NULL,
    ordinal     int8 NOT NULL,
    seq         int8 NOT NULL,
    quantity    int8 NOT NULL,
    sent        bool NOT NULL,
    in_base     bool NOT NULL,
    document    bytea NOT NULL,
    reference   text COLLATE "C" NOT NULL,
    sku         text COLLATE "C",
    code        text COLLATE "C",
    counterpart text COLLATE "C",
    PRIMARY KEY (store, ordinal, seq)
);

CREATE INDEX transfer_lines_by_reference ON transfer_lines (reference, store);
CREATE INDEX transfer_lines_by_document ON transfer_lines (store, document);
CREATE INDEX transfer_lines_unknown ON transfer_lines (store, code) WHERE sku IS NULL;

-- Differences that head office has closed: never changed, never deleted.
CREATE TABLE differences (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    quantity    int8 NOT NULL,
    closed_at   int8 NOT NULL,
    reference   text COLLATE "C" NOT NULL,
    sku         text COLLATE "C" NOT NULL,
    author      text COLLATE "C" NOT NULL,
    reason      text COLLATE "C" NOT NULL
);

CREATE INDEX differences_by_reference ON differences (reference);

-- Documents that were voided: a line of theirs that comes later comes to
-- nothing.
CREATE TABLE voided (
    store       int8 NOT NULL,
    document    bytea NOT NULL,
    PRIMARY KEY (store, document)
);

-- What a store's box resolved a code to; `units` is 0 if no stock is kept.
CREATE TABLE learnt (
    store       int8 NOT NULL,
    ordinal     int8 NOT NULL,
    seq         int8 NOT NULL,
    units       int8 NOT NULL,
    document    bytea NOT NULL,
    code        text COLLATE "C" NOT NULL,
    sku         text COLLATE "C" NOT NULL,
    PRIMARY KEY (store, code, ordinal, seq)
);

-- Lines under codes that nobody knows, until they are resolved or voided.
CREATE TABLE suspense (
    store       int8 NOT NULL,
    ordinal     int8 NOT NULL,
    seq         int8 NOT NULL,
    amount      int8 NOT NULL,
    seen_at     int8 NOT NULL,
    in_base     bool NOT NULL,
    document    bytea NOT NULL,
    code        text COLLATE "C" NOT NULL,
    PRIMARY KEY (store, ordinal, seq)
);

CREATE INDEX suspense_by_code ON suspense (code, store);
CREATE INDEX suspense_by_document ON suspense (store, document);

-- Steps of a position that others than its applier took: they change levels
-- without moving it.
ALTER TABLE positions ADD COLUMN others int8 NOT NULL DEFAULT 0;

-- What of a balance is promised.
ALTER TABLE balances ADD COLUMN reserved int8 NOT NULL DEFAULT 0;

-- What callers have reserved. Without an end it is confirmed.
CREATE TABLE reservations (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store       int8 NOT NULL,
    quantity    int8 NOT NULL,
    made_at     int8 NOT NULL,
    changed_at  int8 NOT NULL,
    expires_at  int8,
    id          text COLLATE "C" NOT NULL UNIQUE,
    request     text COLLATE "C" NOT NULL UNIQUE,
    sku         text COLLATE "C" NOT NULL,
    state       text COLLATE "C" NOT NULL,
    order_of    text COLLATE "C"
);

CREATE INDEX reservations_due ON reservations (expires_at) WHERE state = 'held';
CREATE INDEX reservations_of_order ON reservations (store, order_of) WHERE order_of IS NOT NULL;
CREATE INDEX reservations_by_store ON reservations (store, number);

-- What is kept back: 0 and no text mean all. The closest row counts.
CREATE TABLE safety_stock (
    store       int8 NOT NULL,
    quantity    int8 NOT NULL,
    region      text COLLATE "C" NOT NULL,
    sku         text COLLATE "C" NOT NULL,
    PRIMARY KEY (sku, store, region)
);

-- Rules that changed and whose levels are to be told, store by store: the
-- keys up to `told` are done.
CREATE TABLE safety_changes (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store       int8 NOT NULL,
    told        int8 NOT NULL DEFAULT 0,
    region      text COLLATE "C" NOT NULL,
    sku         text COLLATE "C" NOT NULL
);

-- Levels that others than the applier changed, until it has announced them.
CREATE TABLE level_changes (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part        int8 NOT NULL,
    store       int8 NOT NULL,
    sku         text COLLATE "C" NOT NULL
);

CREATE INDEX level_changes_by_part ON level_changes (part, number);

-- Where an item was last counted: what asked for a count before is answered.
ALTER TABLE balances ADD COLUMN count_ordinal int8 NOT NULL DEFAULT 0;
ALTER TABLE balances ADD COLUMN count_seq int8 NOT NULL DEFAULT 0;

-- Items that should be counted again, since a position.
CREATE TABLE recounts (
    store       int8 NOT NULL,
    ordinal     int8 NOT NULL,
    seq         int8 NOT NULL,
    since       int8 NOT NULL,
    sku         text COLLATE "C" NOT NULL,
    PRIMARY KEY (store, sku)
);

-- What head office has decided of codes that nobody knew: a code that is part
-- of the catalogue stays so with each import, one that is ignored is no longer
-- listed.
CREATE TABLE code_decisions (
    decided_at  int8 NOT NULL,
    units       int8 NOT NULL,
    code        text COLLATE "C" PRIMARY KEY,
    decision    text COLLATE "C" NOT NULL,
    sku         text COLLATE "C" NOT NULL,
    author      text COLLATE "C" NOT NULL,
    reason      text COLLATE "C" NOT NULL
);

-- A till's business day: what came of it, and what the till counted when it
-- closed.
CREATE TABLE till_days (
    store           int8 NOT NULL,
    documents       int8 NOT NULL,
    close_ordinal   int8 NOT NULL DEFAULT 0,
    close_seq       int8 NOT NULL DEFAULT 0,
    told_documents  int8,
    told_units      int8,
    traded          bool NOT NULL,
    business_day    text COLLATE "C" NOT NULL,
    source          text COLLATE "C" NOT NULL,
    PRIMARY KEY (store, business_day, source)
) WITH (fillfactor = 70);
