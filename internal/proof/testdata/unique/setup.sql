DELETE FROM s_place AS a USING s_place AS b WHERE a.place_id = b.place_id AND a.ctid < b.ctid;
