-- kind: transform
SELECT g.n FROM generate_series(1, 10) AS g (n);
