-- param: 1st
SELECT 1;
