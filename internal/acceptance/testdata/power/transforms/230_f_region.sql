-- f_region: the regions by their consumption, with their share of all of it.
-- key: region
SELECT
    region,
    RANK() OVER (ORDER BY wh DESC) AS place,
    wh,
    wh * 1000 / NULLIF(CAST(SUM(wh) OVER () AS BIGINT), 0) AS permille
FROM (
    SELECT region, CAST(SUM(wh) AS BIGINT) AS wh
    FROM f_day
    GROUP BY region
) AS total
WHERE wh IS NOT NULL;
