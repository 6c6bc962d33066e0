-- supp_land: a supplier with nation and region.
-- key:   suppkey
-- from:  supp
-- joins: land by nationkey
SELECT
    supp.suppkey,
    supp.name,
    supp.nationkey,
    land.name AS nation,
    land.region
FROM supp
INNER JOIN land
    ON land.nationkey = supp.nationkey;
