-- Which levels changed in a step of a partition, for those who follow the
-- changes: JSON of each store with its SKUs, or null for all of them. Only the
-- newest steps are kept; who is further behind reads all levels.
CREATE TABLE level_steps (
    number      INTEGER PRIMARY KEY,
    part        INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    levels      TEXT NOT NULL
) STRICT;
CREATE INDEX level_steps_by_step ON level_steps (part, step);

-- In which version of the catalogue an item or its codes changed last, and
-- what is no more since which: so that a box which has a version is told the
-- difference. Versions before `since` can't be told apart any more.
ALTER TABLE items ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
-- What a kit is made of, as JSON: SKU and quantity of each part.
ALTER TABLE items ADD COLUMN parts TEXT NOT NULL DEFAULT '[]';
CREATE INDEX items_by_change ON items (changed, sku);
ALTER TABLE catalogue ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
UPDATE catalogue SET since = version;
CREATE TABLE catalogue_gone (
    code        INTEGER NOT NULL,
    key         TEXT NOT NULL,
    version     INTEGER NOT NULL,
    PRIMARY KEY (code, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX gone_by_version ON catalogue_gone (version);

-- When the centre said last that it lives, for the copies of its ledger.
CREATE TABLE pulse (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    at          INTEGER NOT NULL
) STRICT;
