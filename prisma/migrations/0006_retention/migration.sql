-- Retention: what has ended long ago is dropped, in bounded passes, and nothing that an audit adds up goes missing.
--
-- A dish's `sold` stands for the rows of its confirmed reservations. When those rows are dropped, their sum is kept here, in the
-- same commit: sold = confirmed reservations + archived, exactly, at any moment. Nothing else is lost by dropping: `frozen`
-- stands for open reservations, which are never dropped, and `supplied` for movements, which stay.

CREATE TABLE "archived_sales" (
  "dish_id"      TEXT COLLATE "C" NOT NULL,
  "sold"         BIGINT NOT NULL,
  -- Reservations that were dropped, whatever had become of them.
  "reservations" BIGINT NOT NULL,
  CONSTRAINT "archived_sales_pkey" PRIMARY KEY ("dish_id")
);

-- A used coupon stays used after its transaction is dropped: it must not be made or spent again.
ALTER TABLE "coupons" ADD COLUMN "archived_at" TIMESTAMPTZ(3);

CREATE INDEX "actions_at_idx" ON "actions" ("at");

-- drop_transactions: one step of a walk through transactions from the oldest on: looks at p_limit of them after (p_at, p_id) and
-- drops those that ended before p_cutoff, with all that belongs to them alone.
-- KEEPS   whatever is unfinished: transactions on their way, tickets that are open or were closed since, payments that are under
--         way or ended since. An order row that names another transaction meanwhile is that one's.
-- LOCKS   coupons < transactions < orders, each in the order of its ids, as everywhere; a transaction that somebody holds is
--         left for the next walk.
-- ANSWER  where it stopped (null: at the end of what is old enough), what it looked at, and how many it dropped.
CREATE FUNCTION drop_transactions(p_cutoff timestamptz, p_at timestamptz, p_id text, p_limit int,
                                  OUT next_at timestamptz, OUT next_id text, OUT looked_at int, OUT dropped int)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
  page text[]; doomed text[];
BEGIN
  SELECT array_agg(tx_id ORDER BY created_at, tx_id), count(*), (array_agg(created_at ORDER BY created_at DESC, tx_id DESC))[1], (array_agg(tx_id ORDER BY created_at DESC, tx_id DESC))[1]
    INTO page, looked_at, next_at, next_id
    FROM (SELECT tx_id, created_at FROM transactions WHERE (created_at, tx_id) > (p_at, p_id) AND created_at < p_cutoff ORDER BY created_at, tx_id LIMIT p_limit) AS old;
  dropped := 0;
  IF looked_at < p_limit THEN next_at := NULL; next_id := NULL; END IF;
  IF page IS NULL THEN RETURN; END IF;

  PERFORM FROM (SELECT coupon_id FROM transactions WHERE tx_id = ANY (page) AND state = 'CONFIRMED' AND coupon_id IS NOT NULL ORDER BY 1) AS used
    CROSS JOIN LATERAL (SELECT FROM coupons WHERE coupons.coupon_id = used.coupon_id FOR NO KEY UPDATE) AS coupon;
  SELECT array_agg(tx_id) INTO doomed FROM (
    SELECT tx_id FROM transactions
     WHERE tx_id = ANY (page) AND state IN ('CONFIRMED', 'CANCELLED', 'EXPIRED', 'REVERSED') AND updated_at < p_cutoff AND expires_at < p_cutoff
       AND NOT EXISTS (SELECT FROM tickets WHERE tickets.tx_id = transactions.tx_id AND (closed_at IS NULL OR closed_at >= p_cutoff))
       AND NOT EXISTS (SELECT FROM payments WHERE payments.tx_id = transactions.tx_id AND (state NOT IN ('COMPLETED', 'FAILED') OR updated_at >= p_cutoff))
     ORDER BY tx_id FOR UPDATE SKIP LOCKED) AS ended;
  IF doomed IS NULL THEN RETURN; END IF;
  dropped := cardinality(doomed);

  WITH gone AS (
    DELETE FROM reservations WHERE tx_id = ANY (doomed) RETURNING dish_id, quantity, state)
  INSERT INTO archived_sales AS kept (dish_id, sold, reservations)
  SELECT dish_id, coalesce(sum(quantity) FILTER (WHERE state = 'CONFIRMED'), 0), count(*) FROM gone GROUP BY dish_id ORDER BY dish_id
  ON CONFLICT (dish_id) DO UPDATE SET sold = kept.sold + EXCLUDED.sold, reservations = kept.reservations + EXCLUDED.reservations;
  UPDATE coupons SET archived_at = clock_timestamp() FROM transactions AS tx
   WHERE tx.tx_id = ANY (doomed) AND tx.state = 'CONFIRMED' AND coupons.coupon_id = tx.coupon_id AND coupons.tx_id = tx.tx_id;
  DELETE FROM orders USING transactions AS tx WHERE tx.tx_id = ANY (doomed) AND orders.order_id = tx.order_id AND orders.tx_id = tx.tx_id;
  DELETE FROM attempts WHERE tx_id = ANY (doomed);
  DELETE FROM branches WHERE tx_id = ANY (doomed);
  DELETE FROM ticket_notes USING tickets WHERE tickets.tx_id = ANY (doomed) AND ticket_notes.ticket_id = tickets.ticket_id;
  DELETE FROM end_requests WHERE ticket_id IN (SELECT ticket_id FROM tickets WHERE tickets.tx_id = ANY (doomed));
  DELETE FROM tickets WHERE tx_id = ANY (doomed);
  WITH gone AS (DELETE FROM payments WHERE tx_id = ANY (doomed) RETURNING payment_key)
  DELETE FROM dedup_keys USING gone WHERE consumer = 'payments' AND key = gone.payment_key;
  DELETE FROM transactions WHERE tx_id = ANY (doomed);
END $$;

-- drop_messages: one bounded step through everything else that ends by age alone, p_limit rows of each kind.
-- KEEPS   payments whose transaction is still there (they go with it), and the key of every payment that is there.
-- ANSWER  how many rows of each kind went.
CREATE FUNCTION drop_messages(p_cutoff timestamptz, p_limit int, OUT payments int, OUT keys int, OUT actions int, OUT outbox int, OUT notifications int)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
BEGIN
  WITH old AS (
    SELECT payment_key FROM payments WHERE received_at < p_cutoff AND state IN ('COMPLETED', 'FAILED') AND updated_at < p_cutoff AND outcome IN ('NO_ORDER', 'OVERRULED')
       AND NOT EXISTS (SELECT FROM transactions WHERE transactions.tx_id = payments.tx_id)
     ORDER BY received_at, payment_key LIMIT p_limit FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM payments USING old WHERE payments.payment_key = old.payment_key RETURNING payments.payment_key
  ), forgotten AS (
    DELETE FROM dedup_keys USING gone WHERE consumer = 'payments' AND key = gone.payment_key
  )
  SELECT count(*) INTO payments FROM gone;
  -- Of consumers without rows of their own: the key is all there is.
  DELETE FROM dedup_keys USING (SELECT consumer, key FROM dedup_keys WHERE seen_at < p_cutoff AND consumer <> 'payments' ORDER BY seen_at LIMIT p_limit) AS old
   WHERE dedup_keys.consumer = old.consumer AND dedup_keys.key = old.key;
  GET DIAGNOSTICS keys = ROW_COUNT;
  DELETE FROM actions USING (SELECT action_key FROM actions WHERE at < p_cutoff ORDER BY at LIMIT p_limit) AS old WHERE actions.action_key = old.action_key;
  GET DIAGNOSTICS actions = ROW_COUNT;
  -- Ids are nearly in the order of time: the oldest rows, as far as they are old enough.
  DELETE FROM outbox USING (SELECT outbox_id, at FROM outbox ORDER BY outbox_id LIMIT p_limit) AS old WHERE outbox.outbox_id = old.outbox_id AND old.at < p_cutoff;
  GET DIAGNOSTICS outbox = ROW_COUNT;
  DELETE FROM notifications USING (SELECT cause FROM notifications WHERE seen_at < p_cutoff AND next_attempt_at IS NULL LIMIT p_limit) AS old
   WHERE notifications.cause = old.cause AND notifications.next_attempt_at IS NULL;
  GET DIAGNOSTICS notifications = ROW_COUNT;
END $$;
