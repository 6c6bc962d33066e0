-- kind: transform
DELETE FROM t USING stage WHERE t.id = stage.id;

INSERT INTO t (id, c) SELECT merge.id, merge.c FROM stage AS merge;
