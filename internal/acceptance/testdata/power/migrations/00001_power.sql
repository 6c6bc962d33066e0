-- Electricity: meters, the customers who pay for them, prices, and outages.

-- +goose Up
CREATE TABLE s_customer (
    customer_id VARCHAR(16),
    name VARCHAR(64),
    segment VARCHAR(16),
    changed_at TIMESTAMP,
    version INTEGER,
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_meter (
    meter_id VARCHAR(16),
    customer_id VARCHAR(16),
    region VARCHAR(16),
    version INTEGER,
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_reading (
    reading_id BIGINT,
    meter_id VARCHAR(16),
    read_at TIMESTAMP,
    wh BIGINT,
    void BOOLEAN,
    version INTEGER,
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_tariff (
    segment VARCHAR(16),
    valid_from DATE,
    price INTEGER,
    version INTEGER,
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_outage (
    outage_id BIGINT,
    region VARCHAR(16),
    began_at TIMESTAMP,
    ended_at TIMESTAMP,
    version INTEGER,
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE d_customer (
    customer_id VARCHAR(16) NOT NULL,
    valid_from TIMESTAMP NOT NULL,
    valid_to TIMESTAMP,
    name VARCHAR(64),
    segment VARCHAR(16),
    PRIMARY KEY (customer_id, valid_from)
);

CREATE TABLE d_meter (
    meter_id VARCHAR(16) NOT NULL,
    customer_id VARCHAR(16),
    region VARCHAR(16),
    version INTEGER,
    PRIMARY KEY (meter_id)
);

CREATE TABLE f_reading (
    reading_id BIGINT NOT NULL,
    day DATE NOT NULL,
    meter_id VARCHAR(16),
    region VARCHAR(16),
    customer_id VARCHAR(16),
    segment VARCHAR(16),
    read_at TIMESTAMP NOT NULL,
    wh BIGINT,
    price INTEGER,
    in_outage BOOLEAN NOT NULL,
    PRIMARY KEY (reading_id)
);

CREATE TABLE f_day (
    day DATE NOT NULL,
    region VARCHAR(16) NOT NULL,
    readings BIGINT NOT NULL,
    wh BIGINT,
    cost BIGINT,
    PRIMARY KEY (day, region)
);

CREATE TABLE f_region (
    region VARCHAR(16) NOT NULL,
    place BIGINT NOT NULL,
    wh BIGINT NOT NULL,
    permille BIGINT,
    PRIMARY KEY (region)
);

-- +goose Down
DROP TABLE f_region;
DROP TABLE f_day;
DROP TABLE f_reading;
DROP TABLE d_meter;
DROP TABLE d_customer;
DROP TABLE s_outage;
DROP TABLE s_tariff;
DROP TABLE s_reading;
DROP TABLE s_meter;
DROP TABLE s_customer;
