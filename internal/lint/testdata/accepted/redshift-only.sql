-- kind: migration
CREATE TABLE t (a BIGINT /*redshift ENCODE az64 */, median BIGINT, len BIGINT, qualify BIGINT) /*redshift DISTSTYLE ALL SORTKEY (a) */;

ALTER TABLE t ADD COLUMN b BIGINT /*redshift ENCODE zstd */;

SELECT /*postgres*/ ts /*redshift GETDATE() */ AS a, t.len, t.top FROM t WHERE qualify IS NULL ORDER BY qualify DESC;
