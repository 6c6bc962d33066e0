-- The tables that models fill: d_ for what rides refer to, f_ for the rides and what sums them up.

-- +goose Up
CREATE TABLE d_station (
    station_id VARCHAR(16) NOT NULL,
    name VARCHAR(128),
    borough VARCHAR(64),
    docks INTEGER,
    changed_on DATE,
    PRIMARY KEY (station_id)
)
/*redshift DISTSTYLE ALL SORTKEY (station_id) */;

CREATE TABLE f_ride (
    ride_id VARCHAR(16) NOT NULL,
    day DATE NOT NULL,
    rider_id VARCHAR(16),
    station_id VARCHAR(16),
    borough VARCHAR(64),
    started_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    fee NUMERIC(8, 2),
    PRIMARY KEY (ride_id)
)
/*redshift DISTKEY (ride_id) SORTKEY (started_at) */;

CREATE TABLE f_day (
    day DATE NOT NULL,
    borough VARCHAR(64) NOT NULL,
    rides BIGINT NOT NULL,
    fees NUMERIC(12, 2),
    PRIMARY KEY (day, borough)
)
/*redshift DISTSTYLE ALL SORTKEY (day) */;

-- +goose Down
DROP TABLE f_day;
DROP TABLE f_ride;
DROP TABLE d_station;
