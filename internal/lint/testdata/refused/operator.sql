-- kind: transform
SELECT a ->> 'b' AS c FROM t WHERE d @> e AND f && g;

SELECT a <-> b AS distance, a ## b AS closest, a <=> c AS cosine, a # b AS xor FROM t WHERE a ~~ 'x' AND b !~~* 'y' AND c ^@ 'z';
