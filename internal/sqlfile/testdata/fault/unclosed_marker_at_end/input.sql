SELECT 1;
SELECT /*postgres*/ 2
