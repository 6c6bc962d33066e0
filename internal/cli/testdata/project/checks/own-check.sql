-- Nobody is called Walter.
SELECT listener.user_id FROM d_user AS listener WHERE listener.first_name = 'Walter' ORDER BY listener.user_id;
