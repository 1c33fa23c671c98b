-- Prices that take effect at a moment of the shop's clock, as JSON: minor
-- units, currency, seconds since 1970-01-01 00:00 of that clock.
ALTER TABLE items ADD COLUMN coming text COLLATE "C" NOT NULL DEFAULT '[]';
-- The assortments an item belongs to, as JSON; none if every shop has it.
ALTER TABLE items ADD COLUMN assortments text COLLATE "C" NOT NULL DEFAULT '[]';
-- The assortment of a shop; empty if it has all items.
ALTER TABLE stores ADD COLUMN assortment text COLLATE "C" NOT NULL DEFAULT '';
