-- +goose Up
CREATE TABLE s_order (
    order_id INTEGER,
    customer_id INTEGER,
    product_id INTEGER,
    bill_to INTEGER,
    ship_to INTEGER,
    quantity INTEGER,
    ordered_at TIMESTAMP,
    processed BOOLEAN DEFAULT FALSE NOT NULL
);
CREATE TABLE s_return (
    order_id INTEGER,
    quantity INTEGER,
    reason VARCHAR(32),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);
CREATE TABLE s_product (
    product_id INTEGER,
    version INTEGER,
    category VARCHAR(32),
    price INTEGER,
    processed BOOLEAN DEFAULT FALSE NOT NULL
);
CREATE TABLE s_customer (
    customer_id INTEGER,
    changed_at TIMESTAMP,
    name VARCHAR(32),
    grade VARCHAR(8),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);
CREATE TABLE s_place (
    place_id INTEGER,
    city VARCHAR(32),
    processed BOOLEAN DEFAULT FALSE NOT NULL
);
-- A seed: only migrations fill it.
CREATE TABLE grade_discount (
    grade VARCHAR(8) PRIMARY KEY NOT NULL,
    percent INTEGER NOT NULL
);
INSERT INTO grade_discount (grade, percent) VALUES ('gold', 20), ('silver', 10);
CREATE TABLE d_product (
    product_id INTEGER PRIMARY KEY NOT NULL,
    category VARCHAR(32),
    price INTEGER
);
CREATE TABLE d_customer (
    customer_id INTEGER NOT NULL,
    valid_from TIMESTAMP NOT NULL,
    valid_to TIMESTAMP,
    name VARCHAR(32),
    percent INTEGER,
    PRIMARY KEY (customer_id, valid_from)
);
CREATE TABLE d_idle_customer (
    customer_id INTEGER PRIMARY KEY NOT NULL
);
CREATE TABLE d_last_order (
    customer_id INTEGER PRIMARY KEY NOT NULL,
    ordered_at TIMESTAMP,
    order_id INTEGER,
    ship_to INTEGER,
    city VARCHAR(32)
);
CREATE TABLE category_total (
    category VARCHAR(32) PRIMARY KEY NOT NULL,
    orders BIGINT,
    quantity BIGINT
);
CREATE TABLE f_order (
    order_id INTEGER PRIMARY KEY NOT NULL,
    customer_id INTEGER,
    product_id INTEGER,
    quantity INTEGER,
    amount INTEGER,
    bill_city VARCHAR(32),
    ship_city VARCHAR(32)
);
CREATE TABLE f_movement (
    kind VARCHAR(8) NOT NULL,
    order_id INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    note VARCHAR(32),
    PRIMARY KEY (kind, order_id, quantity)
);
CREATE TABLE f_top_category (
    category VARCHAR(32) PRIMARY KEY NOT NULL,
    quantity BIGINT
);
CREATE TABLE f_payer (
    payer INTEGER PRIMARY KEY NOT NULL,
    quantity BIGINT
);
CREATE TABLE f_summary (
    summary VARCHAR(8) PRIMARY KEY NOT NULL,
    orders BIGINT,
    customers BIGINT
);
CREATE TABLE f_balance (
    product_id INTEGER PRIMARY KEY NOT NULL,
    quantity BIGINT,
    movements BIGINT,
    category VARCHAR(32),
    better BIGINT
);
CREATE TABLE f_loyal (
    customer_id INTEGER NOT NULL,
    category VARCHAR(32) NOT NULL,
    first_order INTEGER,
    last_order INTEGER,
    PRIMARY KEY (customer_id, category)
);

-- +goose Down
SELECT 1;
