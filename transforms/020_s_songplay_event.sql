-- s_songplay_event: one row per event of any page, as it came. The columns are in the order of
--                   the JSONPaths file.
-- erase: user_id
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

-- dwh runs the statements below only when the table has rows: with the indexes in place, a first
-- load would take four times as long. The indexes find, in this order: new events, the deliveries
-- of one songplay, the plays that a late song matches, a user's plays. Where an index holds the
-- hash of a text, dwh compares the hashes too: such an index is built in half the time.
/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_new
    ON s_songplay_event (ts) WHERE NOT processed /*redshift*/;

/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_songplay
    ON s_songplay_event (ts, session_id, item_in_session) /*redshift*/;

/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_song
    ON s_songplay_event (HASHTEXT(RTRIM(artist)), HASHTEXT(RTRIM(song)))
    WHERE artist IS NOT NULL /*redshift*/;

/*postgres*/ CREATE INDEX IF NOT EXISTS s_songplay_event_user
    ON s_songplay_event (HASHTEXT(RTRIM(user_id))) /*redshift*/;
