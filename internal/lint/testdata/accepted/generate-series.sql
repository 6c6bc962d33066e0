-- kind: transform
SELECT g.generate_series FROM g;
