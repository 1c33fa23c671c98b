-- Shops with an item that was never counted are found without reading the
-- others.
CREATE INDEX balances_uncounted ON balances (store) WHERE NOT counted;
