SELECT 1 /*redshift*/ /*postgres*/;
