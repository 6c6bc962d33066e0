-- severity: fatal
SELECT 1;
