-- segment: the title of a segment.
-- key:  segment
-- pick: title
-- from: s_segment
SELECT
    RTRIM(segment) AS segment,
    RTRIM(title) AS title
FROM s_segment
WHERE RTRIM(segment) <> '';
