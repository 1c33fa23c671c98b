-- When something of an epoch was applied last that came while it was open;
-- empty if nothing was. Of what there is already nobody wrote it down: not
-- later than now.
ALTER TABLE epochs ADD COLUMN applied_at INTEGER;
UPDATE epochs SET applied_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE seen > 0;
