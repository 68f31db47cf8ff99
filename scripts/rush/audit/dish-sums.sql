-- dish-sums: every dish beside what its rows add up to.
-- $1 first and $2 last possible txId of the rush, $3 when it began.
-- Everything in one statement: one snapshot, so it holds in the middle of traffic too.
-- taken_by_others: an upper bound; whatever anybody else reserved, confirmed late or wrote off since.
SELECT dish.dish_id, dish.supplied, dish.available, dish.frozen, dish.sold,
       coalesce(reserved.frozen, 0)::int AS frozen_sum,
       coalesce(reserved.sold, 0)::int AS sold_sum,
       coalesce(moved.supplied, 0)::int AS supplied_sum,
       (coalesce(others.taken, 0) + coalesce(moved.written_off, 0))::int AS taken_by_others
FROM dishes AS dish
LEFT JOIN (SELECT dish_id,
                  sum(quantity) FILTER (WHERE state IN ('TRYING', 'RESERVED', 'CONFIRMING', 'CANCELLING')) AS frozen,
                  sum(quantity) FILTER (WHERE state IN ('CONFIRMED', 'REVERSING')) AS sold
           FROM reservations GROUP BY dish_id) AS reserved USING (dish_id)
LEFT JOIN (SELECT dish_id,
                  sum(quantity) AS supplied,
                  -sum(quantity) FILTER (WHERE quantity < 0 AND at >= $3) AS written_off
           FROM stock_movements GROUP BY dish_id) AS moved USING (dish_id)
LEFT JOIN (SELECT dish_id, sum(quantity) AS taken
           FROM transactions JOIN reservations USING (tx_id)
           WHERE updated_at >= $3 AND tx_id NOT BETWEEN $1 AND $2
           GROUP BY dish_id) AS others USING (dish_id)
ORDER BY dish_id
