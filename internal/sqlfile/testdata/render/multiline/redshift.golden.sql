CREATE TABLE t (




    id BIGINT IDENTITY(0, 1),
    note VARCHAR(256) -- bytes

);
SELECT 'two   
lines',            'three   '    1;
