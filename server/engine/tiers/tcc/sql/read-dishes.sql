-- read-dishes: $1 dishIds. ANSWER one row per known dish, in no order.
SELECT dish_id, store_id, supplied, available, frozen, sold, on_sale, (version + (SELECT ledger_timeline()))::float8 AS version
  FROM dishes WHERE dish_id = ANY ($1::text[])
