-- Which levels changed in a step of a partition, for those who follow the
-- changes: JSON of each store with its SKUs, or null for all of them. Only the
-- newest steps are kept; who is further behind reads all levels.
CREATE TABLE level_steps (
    number      int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part        int8 NOT NULL,
    step        int8 NOT NULL,
    levels      text NOT NULL
);
CREATE INDEX level_steps_by_step ON level_steps (part, step);

-- In which version of the catalogue an item or its codes changed last, and
-- what is no more since which: so that a box which has a version is told the
-- difference. Versions before `since` can't be told apart any more.
ALTER TABLE items ADD COLUMN changed int8 NOT NULL DEFAULT 0;
-- What a kit is made of, as JSON: SKU and quantity of each part.
ALTER TABLE items ADD COLUMN parts text COLLATE "C" NOT NULL DEFAULT '[]';
CREATE INDEX items_by_change ON items (changed, sku);
ALTER TABLE catalogue ADD COLUMN since int8 NOT NULL DEFAULT 0;
UPDATE catalogue SET since = version;
CREATE TABLE catalogue_gone (
    version     int8 NOT NULL,
    code        bool NOT NULL,
    key         text COLLATE "C" NOT NULL,
    PRIMARY KEY (code, key)
);
CREATE INDEX gone_by_version ON catalogue_gone (version);

-- When the centre said last that it lives, for the copies of its ledger.
CREATE TABLE pulse (
    one         bool PRIMARY KEY CHECK (one),
    at          int8 NOT NULL
);
