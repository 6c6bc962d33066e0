-- Staging: the lines of the files, as they came.

-- +goose Up
CREATE TABLE s_station (
    station_id VARCHAR(16),
    name VARCHAR(128),
    borough VARCHAR(64),
    docks INTEGER,
    changed_on DATE,
    -- dwh's flag: whether the tables of the models hold the row
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_ride (
    ride_id VARCHAR(16),
    version INTEGER,
    rider_id VARCHAR(16),
    station_id VARCHAR(16),
    started_at TIMESTAMP,
    ended_at TIMESTAMP,
    fee NUMERIC(8, 2),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

-- +goose Down
DROP TABLE s_ride;
DROP TABLE s_station;
