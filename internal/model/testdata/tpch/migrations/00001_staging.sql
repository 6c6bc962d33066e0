-- TPC-H's tables, as staging: each with a flag, and with the file that a row came in.

-- +goose Up
CREATE TABLE region (
    r_regionkey INTEGER,
    r_name VARCHAR(25),
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE nation (
    n_nationkey INTEGER,
    n_name VARCHAR(25),
    n_regionkey INTEGER,
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE supplier (
    s_suppkey INTEGER,
    s_name VARCHAR(25),
    s_nationkey INTEGER,
    s_acctbal NUMERIC(15,2),
    s_comment VARCHAR(40),
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE customer (
    c_custkey INTEGER,
    c_name VARCHAR(25),
    c_nationkey INTEGER,
    c_phone VARCHAR(15),
    c_acctbal NUMERIC(15,2),
    c_mktsegment VARCHAR(10),
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE part (
    p_partkey INTEGER,
    p_name VARCHAR(25),
    p_brand VARCHAR(10),
    p_type VARCHAR(25),
    p_size INTEGER,
    p_container VARCHAR(10),
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE partsupp (
    ps_partkey INTEGER,
    ps_suppkey INTEGER,
    ps_availqty INTEGER,
    ps_supplycost NUMERIC(15,2),
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE orders (
    o_orderkey INTEGER,
    o_custkey INTEGER,
    o_orderstatus VARCHAR(1),
    o_totalprice NUMERIC(15,2),
    o_orderdate DATE,
    o_orderpriority VARCHAR(15),
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE lineitem (
    l_orderkey INTEGER,
    l_linenumber INTEGER,
    l_partkey INTEGER,
    l_suppkey INTEGER,
    l_quantity NUMERIC(15,2),
    l_extendedprice NUMERIC(15,2),
    l_discount NUMERIC(15,2),
    l_tax NUMERIC(15,2),
    l_returnflag VARCHAR(1),
    l_linestatus VARCHAR(1),
    l_shipdate DATE,
    l_commitdate DATE,
    l_receiptdate DATE,
    l_shipmode VARCHAR(10),
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);
