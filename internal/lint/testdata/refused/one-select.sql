-- kind: report
WITH song AS (
    SELECT title FROM d_song
)
SELECT title INTO t FROM song;

SELECT 1 AS one;

DELETE FROM d_song;

/*postgres*/ WITH gone AS (DELETE FROM d_song RETURNING 1) SELECT 1 AS one FROM gone /*redshift SELECT 1 AS one */;
