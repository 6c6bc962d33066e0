-- f_shipping: where an order's bill and goods go, by the first spelling of a city.
-- key:   order_no
-- pick:  bill_city, ship_city DESC
-- from:  order_head
-- joins: address by address_no = bill_to
-- joins: address by address_no = ship_to
-- joins: country
SELECT
    o.order_no,
    o.bill_to,
    o.ship_to,
    bill.city AS bill_city,
    ship.city AS ship_city,
    country.region
FROM order_head AS o
LEFT JOIN address AS bill
    ON bill.address_no = o.bill_to
LEFT JOIN address AS ship
    ON ship.address_no = o.ship_to
LEFT JOIN country
    ON country.country = ship.country;
