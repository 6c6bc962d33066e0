-- tariff: one price per segment and first day.
-- key:  segment, valid_from
-- pick: version DESC
-- from: s_tariff
SELECT RTRIM(segment) AS segment, valid_from, price, version
FROM s_tariff
WHERE RTRIM(segment) <> ''
    AND valid_from IS NOT NULL;
