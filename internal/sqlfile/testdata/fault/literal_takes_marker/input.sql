SELECT /*postgres*/ 'abc /*redshift x */;
