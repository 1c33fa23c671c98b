-- When a store is open, in the words of schema.org's openingHours with dates:
-- outside of them its box is not missed. Empty if nobody said.
ALTER TABLE stores ADD COLUMN opening_hours text COLLATE "C" NOT NULL DEFAULT '';
