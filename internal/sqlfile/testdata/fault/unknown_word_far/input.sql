SELECT /*mysql a */ 1;
