-- What the shop's systems deliver. object names the file that a row came in; no model reads it.

-- +goose Up
CREATE TABLE s_customer (
    customer_no INTEGER,
    name VARCHAR(20),
    segment VARCHAR(8),
    updated INTEGER,
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_segment (
    segment VARCHAR(8),
    title VARCHAR(20),
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_product (
    product_no INTEGER,
    name VARCHAR(20),
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_price (
    product_no INTEGER,
    valid_from INTEGER,
    price INTEGER,
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_address (
    address_no INTEGER,
    city VARCHAR(20),
    country VARCHAR(2),
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_order_line (
    order_no INTEGER,
    line INTEGER,
    customer_no INTEGER,
    product_no INTEGER,
    day INTEGER,
    quantity INTEGER,
    bill_to INTEGER,
    ship_to INTEGER,
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_return (
    order_no INTEGER,
    line INTEGER,
    reason VARCHAR(8),
    quantity INTEGER,
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE TABLE s_reason (
    reason VARCHAR(8),
    fault INTEGER,
    object VARCHAR(20),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);
