-- When something of an epoch was applied last that came while it was open;
-- empty if nothing was. Of what there is already nobody wrote it down: not
-- later than now.
ALTER TABLE epochs ADD COLUMN applied_at int8;
UPDATE epochs SET applied_at = (extract(epoch FROM clock_timestamp()) * 1000)::int8 WHERE seen > 0;
