-- kind: transform
-- Words that mean something elsewhere, as names.
CREATE TABLE range (filter INTEGER, format VARCHAR(8), age INTEGER, merge INTEGER, exclude INTEGER, rows INTEGER, sequence INTEGER, type INTEGER);

WITH values_of (age, mode) AS (
    SELECT range.age, range.format AS mode FROM range
),
overlay AS (
    SELECT t.now, t.merge FROM t
)
SELECT
    values_of.age,
    values_of.mode AS overlay,
    overlay.now AS sequence,
    'ON CONFLICT (a) DO NOTHING' AS text,  -- ON CONFLICT, RETURNING
    COUNT(*) AS partition_by,
    (SELECT MAX(u.a) FROM u, v WHERE (SELECT COUNT(*) FROM w, x) > 1) AS most
FROM values_of
CROSS JOIN overlay
INNER JOIN range AS r (filter, format)
    ON r.filter = values_of.age
    AND (r.format = 'a' OR r.format IN ('b', 'c'))
LEFT JOIN s_song AS song
    ON LOWER(song.title) = LOWER(values_of.mode)
WHERE values_of.age BETWEEN -1 AND 1
    AND EXISTS (SELECT 1 FROM range WHERE range.exclude = 1)
GROUP BY values_of.age, values_of.mode, overlay.now
HAVING COUNT(*) > 1
ORDER BY values_of.age DESC NULLS LAST
LIMIT 10;

UPDATE range
SET filter = s.filter, age = COALESCE(s.age, range.age), exclude = CASE WHEN s.a IS TRUE THEN 1 ELSE 0 END
FROM s
WHERE s.rows = range.rows;
