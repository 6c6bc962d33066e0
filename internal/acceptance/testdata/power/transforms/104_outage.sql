-- outage: one row per outage, as its highest version says.
-- key:  outage_id
-- pick: version DESC
-- from: s_outage
SELECT outage_id, RTRIM(region) AS region, began_at, ended_at, version
FROM s_outage
WHERE outage_id IS NOT NULL;
