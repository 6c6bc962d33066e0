-- f_q12: late lines by way of shipping (question 12).
-- key:  shipmode
-- from: mode_line by shipmode
SELECT
    shipmode,
    SUM(high) AS high,
    SUM(1 - high) AS low
FROM mode_line
GROUP BY shipmode;
