-- The shop's warehouse.

-- +goose Up
CREATE TABLE country (
    country VARCHAR(2) NOT NULL PRIMARY KEY,
    region VARCHAR(20) NOT NULL
);

INSERT INTO country (country, region) VALUES ('DE', 'Europe'), ('FR', 'Europe'), ('US', 'America');

CREATE TABLE d_customer (
    customer_no INTEGER NOT NULL PRIMARY KEY,
    name VARCHAR(20),
    segment VARCHAR(8),
    title VARCHAR(20),
    updated INTEGER,
    written TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE d_price (
    product_no INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER,
    price INTEGER,
    PRIMARY KEY (product_no, valid_from)
);

CREATE TABLE d_product (
    product_no INTEGER NOT NULL PRIMARY KEY,
    name VARCHAR(20),
    price INTEGER
);

CREATE TABLE f_line (
    order_no INTEGER NOT NULL,
    line INTEGER NOT NULL,
    customer_no INTEGER,
    product_no INTEGER,
    day INTEGER,
    quantity INTEGER,
    amount INTEGER,
    customer_name VARCHAR(20),
    product_name VARCHAR(20),
    PRIMARY KEY (order_no, line)
);

CREATE TABLE f_shipping (
    order_no INTEGER NOT NULL PRIMARY KEY,
    bill_to INTEGER,
    ship_to INTEGER,
    bill_city VARCHAR(20),
    ship_city VARCHAR(20),
    region VARCHAR(20)
);

CREATE TABLE f_customer (
    customer_no INTEGER NOT NULL PRIMARY KEY,
    orders INTEGER NOT NULL,
    amount INTEGER,
    first_order INTEGER NOT NULL,
    last_order INTEGER NOT NULL
);

CREATE TABLE f_idle_customer (
    customer_no INTEGER NOT NULL PRIMARY KEY,
    name VARCHAR(20)
);

CREATE TABLE f_movement (
    kind VARCHAR(6) NOT NULL,
    order_no INTEGER NOT NULL,
    line INTEGER NOT NULL,
    quantity INTEGER,
    about VARCHAR(20),
    PRIMARY KEY (kind, order_no, line)
);

CREATE TABLE f_balance (
    order_no INTEGER NOT NULL PRIMARY KEY,
    sold INTEGER,
    returned INTEGER
);

CREATE TABLE product_total (
    product_no INTEGER NOT NULL PRIMARY KEY,
    quantity INTEGER
);

CREATE TABLE f_best_product (
    product_no INTEGER NOT NULL PRIMARY KEY,
    name VARCHAR(20),
    quantity INTEGER
);

CREATE TABLE f_total (
    id INTEGER NOT NULL PRIMARY KEY,
    line_count INTEGER NOT NULL,
    amount INTEGER
);

CREATE TABLE f_address (
    address_no INTEGER NOT NULL PRIMARY KEY,
    bills INTEGER NOT NULL,
    spellings INTEGER NOT NULL
);

CREATE TABLE f_nth_order (
    order_no INTEGER NOT NULL PRIMARY KEY,
    customer_no INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    name VARCHAR(20)
);

CREATE TABLE f_last_city (
    customer_no INTEGER NOT NULL PRIMARY KEY,
    city VARCHAR(20)
);
