-- look: $1 txIds, $2 dishIds. ANSWER one row: the known transactions and the known dishes, as of one snapshot, in no order; null: none.
SELECT (SELECT json_agg(tx) FROM transaction_records AS tx WHERE tx_id = ANY ($1::text[])) AS transactions,
       (SELECT json_agg(dish) FROM (
          SELECT dish_id, store_id, supplied, available, frozen, sold, on_sale, (version + (SELECT ledger_timeline()))::float8 AS version
            FROM dishes WHERE dish_id = ANY ($2::text[])) AS dish) AS dishes
