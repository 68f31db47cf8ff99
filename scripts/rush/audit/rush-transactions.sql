-- rush-transactions: one page of the rush's transactions with their lines and refund tickets, in the order of their ids.
-- $1 the last txId of the page before, $2 the last possible txId of the rush, $3 rows a page.
SELECT tx.tx_id, tx.store_id, tx.order_id, tx.coupon_id, tx.state, tx.payload_hash IS NULL AS tombstone,
       CASE WHEN tx.state = 'EXPIRED' THEN extract(epoch FROM tx.updated_at - tx.expires_at)::float8 * 1000 END AS swept_late_ms,
       lines.line_nos, lines.dish_ids, lines.quantities, lines.states, tickets.ticket_ids
FROM (SELECT * FROM transactions WHERE tx_id > $1 AND tx_id <= $2 ORDER BY tx_id LIMIT $3) AS tx
CROSS JOIN LATERAL (
  SELECT array_agg(line_no::int ORDER BY line_no) AS line_nos, array_agg(dish_id ORDER BY line_no) AS dish_ids,
         array_agg(quantity ORDER BY line_no) AS quantities, array_agg(state::text ORDER BY line_no) AS states
  FROM reservations WHERE reservations.tx_id = tx.tx_id) AS lines
CROSS JOIN LATERAL (
  SELECT array_agg(ticket_id) AS ticket_ids FROM tickets WHERE tickets.tx_id = tx.tx_id AND kind = 'REFUND') AS tickets
ORDER BY tx.tx_id
