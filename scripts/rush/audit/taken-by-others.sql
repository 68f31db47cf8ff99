-- taken-by-others: per dish, at most how many portions transactions of others, and write-offs, took since the rush began.
-- $1 first and $2 last possible txId of the rush, $3 when it began. Dishes that nobody else touched are not named.
SELECT dish_id, sum(portions)::int AS portions
FROM (SELECT dish_id, quantity AS portions
      FROM transactions JOIN reservations USING (tx_id)
      WHERE updated_at >= $3 AND tx_id NOT BETWEEN $1 AND $2
      UNION ALL
      SELECT dish_id, -quantity FROM stock_movements WHERE quantity < 0 AND at >= $3) AS taken
GROUP BY dish_id
