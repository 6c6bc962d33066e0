-- spot: a place, under a second name.
-- from: s_place
SELECT place_id
FROM s_place
WHERE place_id IS NOT NULL;
