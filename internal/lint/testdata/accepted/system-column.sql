-- kind: migration
SELECT 'oid' AS a, t.old_oid FROM t;
