-- A table for each question, and internal tables for sums.

-- +goose Up
CREATE TABLE f_q01 (
    returnflag VARCHAR(1) NOT NULL,
    linestatus VARCHAR(1) NOT NULL,
    quantity NUMERIC(18,4),
    price NUMERIC(18,4),
    charge NUMERIC(24,6),
    average NUMERIC(24,8),
    lines BIGINT,
    PRIMARY KEY (returnflag, linestatus)
);

CREATE TABLE f_q02 (
    partkey INTEGER NOT NULL,
    suppkey INTEGER NOT NULL,
    name VARCHAR(25),
    nation VARCHAR(25),
    supplycost NUMERIC(15,2),
    PRIMARY KEY (partkey, suppkey)
);

CREATE TABLE q03_order (
    orderkey INTEGER NOT NULL,
    orderdate DATE,
    revenue NUMERIC(18,4),
    PRIMARY KEY (orderkey)
);

CREATE TABLE f_q03 (
    orderkey INTEGER NOT NULL,
    orderdate DATE,
    revenue NUMERIC(18,4),
    PRIMARY KEY (orderkey)
);

CREATE TABLE f_q04 (
    orderpriority VARCHAR(15) NOT NULL,
    orders BIGINT,
    PRIMARY KEY (orderpriority)
);

CREATE TABLE f_q05 (
    nation VARCHAR(25) NOT NULL,
    revenue NUMERIC(18,4),
    PRIMARY KEY (nation)
);

CREATE TABLE q06_month (
    month DATE NOT NULL,
    revenue NUMERIC(18,4),
    promo NUMERIC(18,4),
    discounted NUMERIC(18,4),
    PRIMARY KEY (month)
);

CREATE TABLE f_q06 (
    id INTEGER NOT NULL,
    revenue NUMERIC(18,4),
    PRIMARY KEY (id)
);

CREATE TABLE f_q07 (
    supp_nation VARCHAR(25) NOT NULL,
    cust_nation VARCHAR(25) NOT NULL,
    year INTEGER NOT NULL,
    revenue NUMERIC(18,4),
    PRIMARY KEY (supp_nation, cust_nation, year)
);

CREATE TABLE f_q08 (
    year INTEGER NOT NULL,
    share NUMERIC(24,8),
    PRIMARY KEY (year)
);

CREATE TABLE f_q09 (
    nation VARCHAR(25) NOT NULL,
    year INTEGER NOT NULL,
    profit NUMERIC(18,4),
    PRIMARY KEY (nation, year)
);

CREATE TABLE q10_customer (
    custkey INTEGER NOT NULL,
    name VARCHAR(25),
    nation VARCHAR(25),
    revenue NUMERIC(18,4),
    PRIMARY KEY (custkey)
);

CREATE TABLE f_q10 (
    custkey INTEGER NOT NULL,
    name VARCHAR(25),
    nation VARCHAR(25),
    revenue NUMERIC(18,4),
    PRIMARY KEY (custkey)
);

CREATE TABLE q11_part (
    partkey INTEGER NOT NULL,
    value NUMERIC(18,4),
    PRIMARY KEY (partkey)
);

CREATE TABLE f_q11 (
    partkey INTEGER NOT NULL,
    value NUMERIC(18,4),
    PRIMARY KEY (partkey)
);

CREATE TABLE f_q12 (
    shipmode VARCHAR(10) NOT NULL,
    high BIGINT,
    low BIGINT,
    PRIMARY KEY (shipmode)
);

CREATE TABLE q13_customer (
    custkey INTEGER NOT NULL,
    orders BIGINT NOT NULL,
    PRIMARY KEY (custkey)
);

CREATE TABLE f_q13 (
    orders BIGINT NOT NULL,
    customers BIGINT,
    PRIMARY KEY (orders)
);

CREATE TABLE f_q14 (
    month DATE NOT NULL,
    share NUMERIC(24,8),
    PRIMARY KEY (month)
);

CREATE TABLE q15_supplier (
    suppkey INTEGER NOT NULL,
    revenue NUMERIC(18,4),
    PRIMARY KEY (suppkey)
);

CREATE TABLE f_q15 (
    suppkey INTEGER NOT NULL,
    name VARCHAR(25),
    revenue NUMERIC(18,4),
    PRIMARY KEY (suppkey)
);

CREATE TABLE f_q16 (
    brand VARCHAR(10) NOT NULL,
    type VARCHAR(25) NOT NULL,
    size INTEGER NOT NULL,
    suppliers BIGINT,
    PRIMARY KEY (brand, type, size)
);

CREATE TABLE q17_part (
    partkey INTEGER NOT NULL,
    price NUMERIC(18,4),
    PRIMARY KEY (partkey)
);

CREATE TABLE f_q17 (
    id INTEGER NOT NULL,
    yearly NUMERIC(18,4),
    PRIMARY KEY (id)
);

CREATE TABLE f_q18 (
    orderkey INTEGER NOT NULL,
    customer VARCHAR(25),
    totalprice NUMERIC(15,2),
    quantity NUMERIC(15,2),
    PRIMARY KEY (orderkey)
);

CREATE TABLE f_q19 (
    id INTEGER NOT NULL,
    revenue NUMERIC(18,4),
    PRIMARY KEY (id)
);

CREATE TABLE f_q20 (
    suppkey INTEGER NOT NULL,
    name VARCHAR(25),
    PRIMARY KEY (suppkey)
);

CREATE TABLE f_q21 (
    suppkey INTEGER NOT NULL,
    name VARCHAR(25),
    waiting BIGINT,
    PRIMARY KEY (suppkey)
);

CREATE TABLE f_q22 (
    code VARCHAR(2) NOT NULL,
    customers BIGINT,
    balance NUMERIC(18,4),
    PRIMARY KEY (code)
);
