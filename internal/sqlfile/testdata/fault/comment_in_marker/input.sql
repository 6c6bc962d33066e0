SELECT 1 /*redshift , /* two */ 2 */;
