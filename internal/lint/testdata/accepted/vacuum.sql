-- kind: migration
/*postgres*/ VACUUM t /*redshift*/;
