-- f_address: how many orders are billed to an address, and how often the address was delivered.
-- key:   address_no
-- from:  order_head by bill_to as address_no
-- joins: address by address_no = bill_to
SELECT
    o.bill_to AS address_no,
    COUNT(DISTINCT o.order_no) AS bills,
    COUNT(address.city) AS spellings
FROM order_head AS o
LEFT JOIN address
    ON address.address_no = o.bill_to
WHERE o.bill_to IS NOT NULL
GROUP BY o.bill_to;
