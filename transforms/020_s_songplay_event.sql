-- s_songplay_event: one row per event of every page, as it came. The columns stand in the order of the JSONPaths file.
-- writes: s_songplay_event
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

-- What an incremental run finds new events by, and then earlier plays. dwh builds an index that a load names once its table holds processed
-- rows: before a first load it would cost four times as much.
/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_new ON s_songplay_event (ts) WHERE NOT processed /*redshift*/;

/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_key ON s_songplay_event (ts, session_id, item_in_session) WHERE processed /*redshift*/;

-- Of artist and song an index holds integers: of the names themselves it takes twice as long to build, and twice as many pages to keep.
/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_title ON s_songplay_event (HASHBPCHAR(CAST(artist AS BPCHAR)), HASHBPCHAR(CAST(song AS BPCHAR))) WHERE processed AND artist IS NOT NULL /*redshift*/;
