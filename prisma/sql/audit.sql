-- audit: everything the ledger promises that no CHECK can see, because a CHECK sees one row.
-- ANSWER one row per broken promise: rule, subject, expected, found. No rows: the ledger is whole.
-- One statement, so one snapshot: it may run while orders come in. It reads whole tables; give it no pinned plans.
WITH
lines AS (
  SELECT dish_id, sum(frozen) AS frozen, sum(sold) AS sold
    FROM (SELECT dish_id, coalesce(sum(quantity) FILTER (WHERE state = 'RESERVED'), 0) AS frozen,
                 coalesce(sum(quantity) FILTER (WHERE state = 'CONFIRMED'), 0) AS sold
            FROM reservations GROUP BY dish_id
          UNION ALL SELECT dish_id, 0, sold FROM archived_sales) AS kept -- rows that are there, and those that retention dropped
   GROUP BY dish_id
), moved AS (
  SELECT dish_id, sum(quantity) AS supplied FROM stock_movements GROUP BY dish_id
), held AS ( -- the coupon each live transaction has
  SELECT tx_id, coupon_id, CASE local_state(state) WHEN 'CONFIRMED' THEN 'USED'::coupon_state ELSE 'FROZEN' END AS state
    FROM transactions WHERE coupon_id IS NOT NULL AND local_state(state) IN ('RESERVED', 'CONFIRMED')
), remote AS (
  SELECT tx_id, count(*) AS branches, count(next_attempt_at) AS undone FROM branches GROUP BY tx_id
)
SELECT 'supplied = available + frozen + sold' AS rule, dish_id AS subject, supplied::text AS expected, (available + frozen + sold)::text AS found
  FROM dishes WHERE supplied <> available + frozen + sold OR least(available, frozen, sold) < 0
UNION ALL
SELECT 'frozen is the sum of open reservations', dish_id, coalesce(lines.frozen, 0)::text, coalesce(dishes.frozen, 0)::text
  FROM dishes FULL JOIN lines USING (dish_id) WHERE coalesce(dishes.frozen, 0) <> coalesce(lines.frozen, 0)
UNION ALL
SELECT 'sold is the sum of confirmed reservations', dish_id, coalesce(lines.sold, 0)::text, coalesce(dishes.sold, 0)::text
  FROM dishes FULL JOIN lines USING (dish_id) WHERE coalesce(dishes.sold, 0) <> coalesce(lines.sold, 0)
UNION ALL
SELECT 'supplied is the sum of movements', dish_id, coalesce(moved.supplied, 0)::text, coalesce(dishes.supplied, 0)::text
  FROM dishes FULL JOIN moved USING (dish_id) WHERE coalesce(dishes.supplied, 0) <> coalesce(moved.supplied, 0)
UNION ALL
SELECT 'a transaction has reservations, a fence has none', tx_id, CASE WHEN payload_hash IS NULL THEN 'none' ELSE 'some' END,
       CASE WHEN payload_hash IS NULL THEN 'some' ELSE 'none' END
  FROM transactions WHERE (payload_hash IS NULL) = EXISTS (SELECT FROM reservations WHERE reservations.tx_id = transactions.tx_id)
UNION ALL
SELECT 'a reservation follows its transaction', reservations.tx_id || '.' || line_no, coalesce(local_state(transactions.state)::text, 'no reservation'), reservations.state::text
  FROM reservations LEFT JOIN transactions USING (tx_id) WHERE reservations.state IS DISTINCT FROM local_state(transactions.state)
UNION ALL
SELECT 'a transaction has its order, unless cancelled', transactions.tx_id, transactions.order_id || ' ' || transactions.state,
       coalesce(orders.order_id || ' of ' || orders.tx_id || ' ' || orders.state, 'no order')
  FROM transactions LEFT JOIN orders USING (order_id)
 WHERE transactions.state <> 'CANCELLED' AND (orders.tx_id, orders.state) IS DISTINCT FROM (transactions.tx_id, transactions.state)
UNION ALL
SELECT 'an order follows its transaction', orders.order_id, coalesce(transactions.state::text, 'no order'), orders.state::text
  FROM orders LEFT JOIN transactions USING (tx_id) WHERE orders.state IS DISTINCT FROM transactions.state
UNION ALL
SELECT 'a live transaction has its coupon', held.tx_id, held.coupon_id || ' ' || held.state, coalesce(coupons.state || ' by ' || coalesce(coupons.tx_id, 'nobody'), 'no coupon')
  FROM held LEFT JOIN coupons USING (coupon_id) WHERE (coupons.tx_id, coupons.state) IS DISTINCT FROM (held.tx_id, held.state)
UNION ALL
SELECT 'a coupon that is taken has a live transaction', coupons.coupon_id, 'AVAILABLE', coupons.state || ' by ' || coalesce(coupons.tx_id, 'nobody')
  FROM coupons LEFT JOIN held ON held.tx_id = coupons.tx_id AND held.coupon_id = coupons.coupon_id
 WHERE coupons.state <> 'AVAILABLE' AND held.tx_id IS NULL
   AND NOT (coupons.state = 'USED' AND coupons.archived_at IS NOT NULL AND NOT EXISTS (SELECT FROM transactions WHERE transactions.tx_id = coupons.tx_id))
UNION ALL
SELECT 'a transaction has its remote branches', tx_id, remote_branches || ' branches', coalesce(remote.branches, 0) || ' branches'
  FROM transactions LEFT JOIN remote USING (tx_id) WHERE remote_branches <> coalesce(remote.branches, 0)
UNION ALL
SELECT 'a remote branch follows its transaction', tx_id || '.' || branch_no, coalesce(transactions.state::text, 'no branch'), branches.state::text
  FROM branches LEFT JOIN transactions USING (tx_id)
 WHERE transactions.state IS NULL OR branches.state NOT IN (transactions.state, coalesce(ended_state(transactions.state), transactions.state))
UNION ALL
SELECT 'an unfinished transaction has an undone branch, an ended one has none', tx_id, CASE WHEN ended_state(state) IS NULL THEN 'none' ELSE 'some' END, coalesce(remote.undone, 0)::text
  FROM transactions LEFT JOIN remote USING (tx_id) WHERE (ended_state(state) IS NULL) <> (coalesce(remote.undone, 0) = 0)
UNION ALL
SELECT 'a refund is owed for what was not sold', tickets.tx_id, 'EXPIRED, CANCELLING, CANCELLED, REVERSING or REVERSED', coalesce(transactions.state::text, 'no transaction')
  FROM tickets LEFT JOIN transactions USING (tx_id)
 WHERE tickets.kind = 'REFUND' AND (transactions.state IS NULL OR transactions.state NOT IN ('EXPIRED', 'CANCELLING', 'CANCELLED', 'REVERSING', 'REVERSED'))
UNION ALL
SELECT 'a payment that is owed back has an open ticket', payment_key, 'an open ticket', coalesce(payments.ticket_id || ' closed', 'no ticket')
  FROM payments LEFT JOIN tickets ON tickets.ticket_id = payments.ticket_id AND tickets.tx_id = payments.tx_id AND tickets.kind = 'REFUND'
 WHERE payments.outcome = 'REFUND_DUE' AND (tickets.ticket_id IS NULL OR tickets.closed_at IS NOT NULL)
UNION ALL
SELECT 'a payment that sold has a transaction that was confirmed', payment_key, 'CONFIRMING, CONFIRMED, REVERSING or REVERSED', coalesce(transactions.state::text, 'no transaction')
  FROM payments LEFT JOIN transactions USING (tx_id)
 WHERE payments.outcome = 'SOLD' AND (transactions.state IS NULL OR transactions.state NOT IN ('CONFIRMING', 'CONFIRMED', 'REVERSING', 'REVERSED'))
UNION ALL
SELECT 'a payment has its key', payment_key, 'a key', 'no key'
  FROM payments WHERE NOT EXISTS (SELECT FROM dedup_keys WHERE consumer = 'payments' AND key = payment_key)
UNION ALL
SELECT 'an applied change moved stock once', action_key, '1 movement', count(movement_id) || ' movements'
  FROM actions LEFT JOIN stock_movements USING (action_key)
 WHERE verb IN ('RESTOCK', 'WRITE_OFF', 'CREATE_DISH') AND actions.answer ->> 'verdict' = 'APPLIED'
 GROUP BY action_key HAVING count(movement_id) <> 1
ORDER BY 1, 2
