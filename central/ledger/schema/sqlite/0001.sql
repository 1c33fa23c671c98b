-- Times are milliseconds since 1970 UTC, quantities thousandths of the base
-- unit, sums of digests 64 bits as a signed integer.

CREATE TABLE history (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    schema      INTEGER NOT NULL,
    generation  INTEGER NOT NULL
) STRICT;

CREATE TABLE stores (
    key         INTEGER PRIMARY KEY,
    store       TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL DEFAULT '',
    region      TEXT NOT NULL DEFAULT '',
    time_zone   TEXT NOT NULL DEFAULT 'UTC',
    language    TEXT NOT NULL DEFAULT 'en',
    state       TEXT NOT NULL DEFAULT 'open'
) STRICT;

-- One row per life of a store's journal. Handled, parked and lost are counts
-- of positions; seen is the highest position in the stream, told the tail the
-- box told.
CREATE TABLE epochs (
    store       INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    closed      INTEGER NOT NULL DEFAULT 0,
    session     INTEGER NOT NULL DEFAULT 0,
    told        INTEGER NOT NULL DEFAULT 0,
    seen        INTEGER NOT NULL DEFAULT 0,
    handled     INTEGER NOT NULL DEFAULT 0,
    parked      INTEGER NOT NULL DEFAULT 0,
    lost        INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (store, epoch)
) STRICT, WITHOUT ROWID;

-- Where the applier of each partition stands: the compare-and-set of every
-- transaction. Levels changed up to step `published` are known outside.
CREATE TABLE positions (
    part        INTEGER PRIMARY KEY,
    stream      BLOB NOT NULL,
    next        INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    published   INTEGER NOT NULL
) STRICT;

-- The ledger's rows: the bytes as the box encoded them.
CREATE TABLE movements (
    month       INTEGER NOT NULL,
    store       INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    bytes       BLOB NOT NULL,
    PRIMARY KEY (month, store, ordinal, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE balances (
    store       INTEGER NOT NULL,
    sku         TEXT NOT NULL,
    effect_sum  INTEGER NOT NULL,
    on_hand     INTEGER NOT NULL,
    counted     INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    counter     INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    part        INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    PRIMARY KEY (store, sku)
) STRICT, WITHOUT ROWID;

CREATE INDEX balances_by_sku ON balances (sku, store);

CREATE TABLE blocks (
    store       INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    block       INTEGER NOT NULL,
    bitmap      BLOB NOT NULL,
    digest      INTEGER NOT NULL,
    stock       INTEGER NOT NULL,
    generation  INTEGER NOT NULL,
    part        INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    PRIMARY KEY (store, epoch, block)
) STRICT, WITHOUT ROWID;

CREATE INDEX blocks_by_step ON blocks (part, step);

CREATE TABLE dead_letters (
    number      INTEGER PRIMARY KEY,
    store       INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    detail      TEXT NOT NULL,
    raw         TEXT NOT NULL,
    source      TEXT NOT NULL,
    id          TEXT NOT NULL,
    bytes       BLOB NOT NULL,
    parked_at   INTEGER NOT NULL,
    part        INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    UNIQUE (store, epoch, seq, reason)
) STRICT;

CREATE INDEX dead_letters_by_step ON dead_letters (part, step);

-- What the box of a store said last.
CREATE TABLE heartbeats (
    store       INTEGER PRIMARY KEY,
    seen_at     INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    body        TEXT NOT NULL
) STRICT;

CREATE TABLE catalogue (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    version     INTEGER NOT NULL
) STRICT;

CREATE TABLE items (
    sku         TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    measure     INTEGER NOT NULL,
    tracked     INTEGER NOT NULL,
    price_minor INTEGER,
    currency    TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE codes (
    sku         TEXT NOT NULL,
    code        TEXT NOT NULL UNIQUE,
    units       INTEGER NOT NULL,
    PRIMARY KEY (sku, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE instructions (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    store       INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    lines       INTEGER NOT NULL,
    body        BLOB NOT NULL,
    state       TEXT NOT NULL DEFAULT 'waiting',
    created_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX instructions_waiting ON instructions (store) WHERE state = 'waiting';

CREATE TABLE tokens (
    name        TEXT PRIMARY KEY,
    hash        BLOB NOT NULL,
    role        TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
