COPY s_songplay_event (artist, auth, first_name, gender, item_in_session, last_name, length, level, location, method, page, registration, session_id, song, status, ts, user_agent, user_id)
FROM 's3://sparkify-work/dwh/20181130T000000.000000Z-0123abcd/1-s_songplay_event.manifest'
IAM_ROLE default
MANIFEST
FORMAT AS JSON 's3://sparkify/log_json_path.json'
MAXERROR 1000
COMPUPDATE OFF
