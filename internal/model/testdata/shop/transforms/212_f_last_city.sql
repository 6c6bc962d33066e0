-- f_last_city: the city that a customer's latest goods went to. Not every column is stored.
-- key:   customer_no
-- pick:  day DESC, city
-- from:  order_head
-- joins: address by address_no = ship_to
SELECT
    o.customer_no,
    address.city,
    o.day
FROM order_head AS o
INNER JOIN address
    ON address.address_no = o.ship_to
WHERE o.customer_no IS NOT NULL;
