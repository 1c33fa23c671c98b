-- Shops with an item that was never counted are found without reading the
-- others.
CREATE INDEX balances_uncounted ON balances (store) WHERE NOT counted;

-- The months of movements, each found by one look at the primary key: a
-- DISTINCT would read all rows.
CREATE VIEW months (month) AS
    WITH RECURSIVE m (month) AS (
        SELECT max(month) FROM movements
        UNION ALL
        SELECT (SELECT max(month) FROM movements WHERE month < m.month) FROM m WHERE m.month IS NOT NULL
    )
    SELECT month FROM m WHERE month IS NOT NULL;
