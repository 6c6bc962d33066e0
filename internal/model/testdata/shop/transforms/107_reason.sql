-- reason: why something came back.
-- key:  reason
-- pick: fault DESC
-- from: s_reason
SELECT
    RTRIM(reason) AS reason,
    fault
FROM s_reason
WHERE RTRIM(reason) <> '';
