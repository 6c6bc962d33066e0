SELECT 1 /*redshift , 2 -- two */;
