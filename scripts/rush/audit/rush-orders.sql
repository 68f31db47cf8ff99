-- rush-orders: one page of the rush's orders, in the order of their ids.
-- $1 the last orderId of the page before, $2 the last possible orderId of the rush, $3 rows a page.
SELECT order_id, tx_id, state FROM orders WHERE order_id > $1 AND order_id <= $2 ORDER BY order_id LIMIT $3
