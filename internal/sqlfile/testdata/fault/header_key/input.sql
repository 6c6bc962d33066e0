-- songs without a play
-- sevrity: warn
SELECT 1;
