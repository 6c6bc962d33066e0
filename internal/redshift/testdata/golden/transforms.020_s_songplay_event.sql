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
FROM 's3://sparkify/log_data'
IAM_ROLE 'arn:aws:iam::123456789012:role/dwh-copy'
REGION 'us-west-2'
FORMAT AS JSON 's3://sparkify/log_json_path.json'
MAXERROR 1000
COMPUPDATE OFF;

-- What a run finds new events by, then all deliveries of a songplay, the plays of a late song, and a
-- user's plays. dwh builds an index that a load names once its table holds rows: before a first load
-- it would cost four times as much.
