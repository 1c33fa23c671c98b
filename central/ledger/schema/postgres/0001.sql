-- Times are milliseconds since 1970 UTC, quantities thousandths of the base
-- unit, sums of digests 64 bits as a signed integer. Columns of eight bytes
-- come first, so that no row is padded. Texts are compared by their bytes.

CREATE TABLE history (
    generation  int8 NOT NULL,
    -- Which cluster and which timeline of it the generation was taken on.
    system      int8 NOT NULL,
    timeline    int8 NOT NULL,
    schema      int8 NOT NULL,
    one         bool PRIMARY KEY CHECK (one)
);

CREATE TABLE stores (
    key         int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store       text COLLATE "C" NOT NULL UNIQUE,
    name        text COLLATE "C" NOT NULL DEFAULT '',
    region      text COLLATE "C" NOT NULL DEFAULT '',
    time_zone   text COLLATE "C" NOT NULL DEFAULT 'UTC',
    language    text COLLATE "C" NOT NULL DEFAULT 'en',
    state       text COLLATE "C" NOT NULL DEFAULT 'open'
);

-- One row per life of a store's journal. Handled, parked and lost are counts
-- of positions; seen is the highest position in the stream, told the tail the
-- box told.
CREATE TABLE epochs (
    store       int8 NOT NULL,
    epoch       int8 NOT NULL,
    ordinal     int8 NOT NULL,
    session     int8 NOT NULL DEFAULT 0,
    told        int8 NOT NULL DEFAULT 0,
    seen        int8 NOT NULL DEFAULT 0,
    handled     int8 NOT NULL DEFAULT 0,
    parked      int8 NOT NULL DEFAULT 0,
    lost        int8 NOT NULL DEFAULT 0,
    closed      bool NOT NULL DEFAULT false,
    PRIMARY KEY (store, epoch)
) WITH (fillfactor = 50);

-- Where the applier of each partition stands: the compare-and-set of every
-- transaction. Levels changed up to step `published` are known outside.
CREATE TABLE positions (
    part        int8 PRIMARY KEY,
    next        int8 NOT NULL,
    step        int8 NOT NULL,
    published   int8 NOT NULL,
    stream      bytea NOT NULL
) WITH (fillfactor = 30);

-- The ledger's rows: the bytes as the box encoded them, by the month of
-- applying. That a position is there once rests on the blocks.
CREATE TABLE movements (
    month       int8 NOT NULL,
    store       int8 NOT NULL,
    ordinal     int8 NOT NULL,
    seq         int8 NOT NULL,
    bytes       bytea NOT NULL,
    PRIMARY KEY (month, store, ordinal, seq)
) PARTITION BY LIST (month);

-- The months that have, or had, a partition: what questions probe.
CREATE TABLE months (
    month       int8 PRIMARY KEY
);

-- Changed with nearly every batch, in no indexed column: room in the page
-- keeps the change in it.
CREATE TABLE balances (
    store       int8 NOT NULL,
    effect_sum  int8 NOT NULL,
    on_hand     int8 NOT NULL,
    ordinal     int8 NOT NULL,
    seq         int8 NOT NULL,
    counter     int8 NOT NULL,
    changed_at  int8 NOT NULL,
    generation  int8 NOT NULL,
    part        int8 NOT NULL,
    step        int8 NOT NULL,
    counted     bool NOT NULL,
    sku         text COLLATE "C" NOT NULL,
    PRIMARY KEY (store, sku)
) WITH (fillfactor = 70);

CREATE INDEX balances_by_sku ON balances (sku, store);

-- The step is indexed, so each change leaves a dead row and index entry: few
-- a batch, and the vacuum comes early.
CREATE TABLE blocks (
    store       int8 NOT NULL,
    epoch       int8 NOT NULL,
    block       int8 NOT NULL,
    digest      int8 NOT NULL,
    stock       int8 NOT NULL,
    generation  int8 NOT NULL,
    part        int8 NOT NULL,
    step        int8 NOT NULL,
    bitmap      bytea NOT NULL,
    PRIMARY KEY (store, epoch, block)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX blocks_by_step ON blocks (part, step);

CREATE TABLE dead_letters (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store       int8 NOT NULL,
    epoch       int8 NOT NULL,
    seq         int8 NOT NULL,
    parked_at   int8 NOT NULL,
    part        int8 NOT NULL,
    step        int8 NOT NULL,
    reason      text COLLATE "C" NOT NULL,
    detail      text COLLATE "C" NOT NULL,
    raw         text COLLATE "C" NOT NULL,
    source      text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    bytes       bytea NOT NULL,
    UNIQUE (store, epoch, seq, reason)
);

CREATE INDEX dead_letters_by_step ON dead_letters (part, step);

-- What the box of a store said last.
CREATE TABLE heartbeats (
    store       int8 PRIMARY KEY,
    seen_at     int8 NOT NULL,
    epoch       int8 NOT NULL,
    body        text COLLATE "C" NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE catalogue (
    version     int8 NOT NULL,
    one         bool PRIMARY KEY CHECK (one)
);

CREATE TABLE items (
    price_minor int8,
    measure     bool NOT NULL,
    tracked     bool NOT NULL,
    sku         text COLLATE "C" PRIMARY KEY,
    name        text COLLATE "C" NOT NULL,
    currency    text COLLATE "C"
);

CREATE TABLE codes (
    units       int8 NOT NULL,
    sku         text COLLATE "C" NOT NULL,
    code        text COLLATE "C" NOT NULL UNIQUE,
    PRIMARY KEY (sku, code)
);

CREATE TABLE instructions (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store       int8 NOT NULL,
    lines       int8 NOT NULL,
    created_at  int8 NOT NULL,
    id          text COLLATE "C" NOT NULL UNIQUE,
    kind        text COLLATE "C" NOT NULL,
    state       text COLLATE "C" NOT NULL DEFAULT 'waiting',
    body        bytea NOT NULL
);

CREATE INDEX instructions_waiting ON instructions (store) WHERE state = 'waiting';

CREATE TABLE tokens (
    created_at  int8 NOT NULL,
    name        text COLLATE "C" PRIMARY KEY,
    hash        bytea NOT NULL,
    role        text COLLATE "C" NOT NULL
);
