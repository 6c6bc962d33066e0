-- severity: warn
-- severity: error
SELECT 1;
