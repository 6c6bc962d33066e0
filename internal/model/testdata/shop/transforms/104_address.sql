-- address: a delivered address, as often as it was delivered. A bag.
-- from: s_address
SELECT
    address_no,
    RTRIM(city) AS city,
    RTRIM(country) AS country
FROM s_address;
