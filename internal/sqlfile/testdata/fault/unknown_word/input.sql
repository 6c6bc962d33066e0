SELECT 1,
	/*postgre*/ a /*redshift b */;
