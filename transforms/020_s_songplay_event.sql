-- s_songplay_event: one row per event of any page, as it came.
-- The columns stand in the order of the JSONPaths file.
COPY s_songplay_event (
    artist,
    auth,
    first_name,
    gender,
    item_in_session,
    last_name,
    length,
    level,
    location,
    method,
    page,
    registration,
    session_id,
    song,
    status,
    ts,
    user_agent,
    user_id
)
FROM :'log_data'
IAM_ROLE :'iam_role'
REGION :'region'
FORMAT AS JSON :'log_jsonpaths'
MAXERROR 1000
COMPUPDATE OFF;

-- What a run finds new events by, then all deliveries of a songplay, the plays of a late song, and a
-- user's plays. dwh builds an index that a load names once its table holds rows: before a first load
-- it would cost four times as much.
/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_new ON s_songplay_event (ts) WHERE NOT processed /*redshift*/;

/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_key ON s_songplay_event (ts, session_id, item_in_session) /*redshift*/;

/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_title ON s_songplay_event (RTRIM(artist), RTRIM(song)) /*redshift*/;

/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_user ON s_songplay_event (RTRIM(user_id)) /*redshift*/;
