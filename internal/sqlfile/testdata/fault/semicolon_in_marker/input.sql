SELECT 1 /*redshift , 2; */
