SELECT 1 /*redshift , '*/' */;
