-- Payment callbacks, refund tickets that people settle, and what is told to people outside.
--
-- A callback is durable, with its key, before it is acknowledged; what it asks for is done afterwards by any instance, under a
-- lease. Each event is a payment of its own with a life of its own, so that they may come in any order and any number of times.

-- Keys of messages whose effect is committed. A key is written by the commit that has the effect, or not at all.
CREATE TABLE "dedup_keys" (
  "consumer" TEXT COLLATE "C" NOT NULL,
  "key"      TEXT COLLATE "C" NOT NULL,
  "seen_at"  TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT "dedup_keys_pkey" PRIMARY KEY ("consumer", "key")
);
CREATE INDEX "dedup_keys_seen_at_idx" ON "dedup_keys" ("seen_at");

CREATE TYPE "payment_status" AS ENUM ('PAID', 'FAILED');
CREATE TYPE "payment_state" AS ENUM ('PENDING', 'PROCESSING', 'FAILED', 'COMPLETED', 'COMPENSATING', 'MANUAL_REVIEW');

CREATE TABLE "payments" (
  -- source:orderId:eventId, colons within a part written as %3A.
  "payment_key"     TEXT COLLATE "C" NOT NULL,
  "source"          TEXT COLLATE "C" NOT NULL,
  "order_id"        TEXT COLLATE "C" NOT NULL,
  "event_id"        TEXT COLLATE "C" NOT NULL,
  "status"          "payment_status" NOT NULL,
  "amount_cents"    INTEGER,
  -- By the sender's clock, which nothing here believes.
  "occurred_at"     TIMESTAMPTZ(3) NOT NULL,
  "received_at"     TIMESTAMPTZ(3) NOT NULL,
  "updated_at"      TIMESTAMPTZ(3) NOT NULL,
  "state"           "payment_state" NOT NULL,
  -- The transaction it was carried out on; null: its order is not known yet.
  "tx_id"           TEXT COLLATE "C",
  "outcome"         TEXT,
  "ticket_id"       TEXT COLLATE "C",
  -- The fence between instances: the number of the latest attempt that somebody was given.
  "attempt"         INTEGER NOT NULL DEFAULT 1,
  "failures"        INTEGER NOT NULL DEFAULT 0,
  "error_class"     TEXT,
  "last_error"      TEXT,
  -- When anybody may go on with it; null: nothing is left for a machine to do.
  "next_attempt_at" TIMESTAMPTZ(3),
  CONSTRAINT "payments_pkey" PRIMARY KEY ("payment_key"),
  CONSTRAINT "payments_outcome_check" CHECK ("outcome" IN ('SOLD', 'REPEATED', 'REFUND_DUE', 'REFUNDED', 'CANCELLED', 'OVERRULED', 'TOO_LATE', 'NO_ORDER')),
  CONSTRAINT "payments_done_check" CHECK (("next_attempt_at" IS NULL) = ("state" IN ('COMPLETED', 'FAILED') OR "outcome" IS NOT DISTINCT FROM 'REFUND_DUE'))
) WITH (fillfactor = 70);
CREATE INDEX "payments_received_at_payment_key_idx" ON "payments" ("received_at", "payment_key");
CREATE INDEX "payments_order_id_idx" ON "payments" ("order_id");
CREATE INDEX "payments_tx_id_idx" ON "payments" ("tx_id");
-- Both hold unfinished work only.
CREATE INDEX "payments_due_idx" ON "payments" ("next_attempt_at") WHERE "next_attempt_at" IS NOT NULL;
CREATE INDEX "payments_open_idx" ON "payments" ("received_at", "payment_key") WHERE "state" NOT IN ('COMPLETED', 'FAILED');

-- Every legal move of a payment: the article's six states. server/engine/payments/payment-states.ts has the same table, and
-- docs/operations/payments.md draws it; tests compare them.
CREATE VIEW payment_moves (from_state, to_state) AS VALUES
  ('PENDING'::payment_state, 'PROCESSING'::payment_state),
  ('PENDING',       'FAILED'),
  ('PROCESSING',    'COMPLETED'),
  ('PROCESSING',    'COMPENSATING'),
  ('COMPENSATING',  'COMPLETED'),
  ('COMPENSATING',  'MANUAL_REVIEW'),
  ('MANUAL_REVIEW', 'COMPLETED');

-- The transaction that an order's payment is about: the one its order row names; else the fence of a cancel that came first,
-- whose order was its txId if it was anything. No row: nobody knows the order.
CREATE FUNCTION payment_target(p_order text)
RETURNS TABLE (tx_id text, tx_state transaction_state) LANGUAGE sql STABLE ROWS 1 AS $$
  (SELECT tx.tx_id, tx.state FROM orders JOIN transactions AS tx ON tx.tx_id = orders.tx_id WHERE orders.order_id = p_order)
  UNION ALL
  (SELECT tx.tx_id, tx.state FROM transactions AS tx WHERE tx.tx_id = p_order AND tx.payload_hash IS NULL)
  LIMIT 1
$$;

-- A payment as whoever has its lease needs it. `overruled`: it says FAILED, and somebody has paid: "paid" sticks.
CREATE FUNCTION leased_payments(p_key text[])
RETURNS TABLE (payment_key text, order_id text, status payment_status, state payment_state, tx_id text, attempt int, failures int, age_ms float8, overruled boolean)
LANGUAGE sql STABLE AS $$
  SELECT own.payment_key, own.order_id, own.status, own.state, own.tx_id, own.attempt, own.failures,
         (extract(epoch FROM clock_timestamp() - own.received_at) * 1000)::float8,
         own.status = 'FAILED' AND EXISTS (SELECT FROM payments AS paid WHERE paid.order_id = own.order_id AND paid.status = 'PAID'
                                              AND (paid.tx_id IS NULL OR own.tx_id IS NULL OR paid.tx_id = own.tx_id))
    FROM unnest(p_key) WITH ORDINALITY AS wanted(id, o) JOIN payments AS own ON own.payment_key = wanted.id
   ORDER BY own.status <> 'PAID', o
$$;

-- accept_payments: writes new callbacks down, each once, and leases them to the caller for p_lease_ms.
-- EFFECT  One whose transaction is known enters Pending and leaves it at once: PAID is Processing when this commits.
-- LOCKS   keys, in their order.
-- ANSWER  those that are new, as claim_payments gives them. A key that is not there was seen before.
CREATE FUNCTION accept_payments(p_key text[], p_source text[], p_order text[], p_event text[], p_status payment_status[], p_amount int[],
                                p_occurred_ms float8[], p_lease_ms int)
RETURNS TABLE (payment_key text, order_id text, status payment_status, state payment_state, tx_id text, attempt int, failures int, age_ms float8, overruled boolean)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  fresh text[]; received timestamptz;
BEGIN
  WITH claimed AS (
    INSERT INTO dedup_keys (consumer, key) SELECT 'payments', id FROM (SELECT DISTINCT u.id COLLATE "C" AS id FROM unnest(p_key) AS u(id) ORDER BY 1) AS wanted
    ON CONFLICT DO NOTHING RETURNING key)
  SELECT array_agg(key) INTO fresh FROM claimed;
  received := date_trunc('milliseconds', clock_timestamp());
  INSERT INTO payments (payment_key, source, order_id, event_id, status, amount_cents, occurred_at, received_at, updated_at, state, tx_id, next_attempt_at)
  SELECT DISTINCT ON (id) id, source, ord, event, status, amount, to_timestamp(occurred_ms / 1000), received, received,
         CASE WHEN status = 'PAID' AND target.tx_id IS NOT NULL THEN 'PROCESSING' ELSE 'PENDING' END::payment_state, target.tx_id,
         received + p_lease_ms * interval '1 millisecond'
    FROM unnest(p_key, p_source, p_order, p_event, p_status, p_amount, p_occurred_ms) WITH ORDINALITY AS u(id, source, ord, event, status, amount, occurred_ms, o)
    LEFT JOIN LATERAL payment_target(ord) AS target ON true
   WHERE id = ANY (fresh) ORDER BY id, o;
  RETURN QUERY SELECT * FROM leased_payments(fresh);
END $$;

-- claim_payments: gives up to p_limit due payments to the caller for p_lease_ms. Two callers never get one: rows that somebody
-- else is taking are skipped. The lease, and with it Pending → Processing, is committed before anything is done.
CREATE FUNCTION claim_payments(p_limit int, p_lease_ms int)
RETURNS TABLE (payment_key text, order_id text, status payment_status, state payment_state, tx_id text, attempt int, failures int, age_ms float8, overruled boolean)
LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  due text[];
BEGIN
  SELECT array_agg(id) INTO due FROM (
    SELECT payments.payment_key AS id FROM payments WHERE next_attempt_at <= statement_timestamp()
     ORDER BY next_attempt_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED) AS own;
  IF due IS NULL THEN RETURN; END IF;
  UPDATE payments
     SET attempt = payments.attempt + 1, updated_at = clock_timestamp(),
         next_attempt_at = clock_timestamp() + p_lease_ms * interval '1 millisecond',
         tx_id = coalesce(target.tx_id, payments.tx_id),
         state = CASE WHEN payments.state = 'PENDING' AND payments.status = 'PAID' AND target.tx_id IS NOT NULL THEN 'PROCESSING' ELSE payments.state END
    FROM unnest(due) AS own(id)
    JOIN payments AS was ON was.payment_key = own.id
    LEFT JOIN LATERAL payment_target(was.order_id) AS target ON true
   WHERE payments.payment_key = own.id;
  RETURN QUERY SELECT * FROM leased_payments(due);
END $$;

-- settle_payments: writes down what came of payments.
-- EFFECT  A report counts only for the state and attempt it was made for, and only along payment_moves (or to stay).
--         A refund is opened only when it is certain that nothing was and will be sold: the order still means that transaction,
--         and the transaction cannot confirm. Otherwise the payment is due again at once, and nothing has failed.
--         p_delay_ms: when one that is not done is due again.
-- LOCKS   payments, in the order of their keys; then tickets.
-- ANSWER  one row for each report that counted: its state now, and the ticket that this call opened, if any.
CREATE FUNCTION settle_payments(p_key text[], p_attempt int[], p_from payment_state[], p_to payment_state[], p_outcome text[],
                                p_error_class text[], p_message text[], p_failed boolean[], p_delay_ms int[])
RETURNS TABLE (payment_key text, state payment_state, tx_id text, outcome text, opened_ticket text)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  settled timestamptz; own record; tx record; ticket text; opened text;
  new_state payment_state; result text; delay_ms int;
BEGIN
  FOR own IN
    SELECT u.*, payments.tx_id, payments.order_id, payments.ticket_id
      FROM (SELECT * FROM unnest(p_key, p_attempt, p_from, p_to, p_outcome, p_error_class, p_message, p_failed, p_delay_ms)
              AS u(id, attempt, from_state, to_state, outcome, class, message, failed, delay_ms) ORDER BY id COLLATE "C") AS u
      JOIN payments ON payments.payment_key = u.id AND payments.state = u.from_state AND payments.attempt = u.attempt AND payments.next_attempt_at IS NOT NULL
       FOR NO KEY UPDATE OF payments
  LOOP
    settled := date_trunc('milliseconds', clock_timestamp());
    new_state := own.to_state; result := own.outcome; delay_ms := own.delay_ms; ticket := own.ticket_id; opened := NULL;
    IF result = 'REFUND_DUE' THEN
      SELECT target.tx_id, target.tx_state,
             EXISTS (SELECT FROM tickets WHERE tickets.tx_id = own.tx_id AND kind = 'REFUND') AS refused,
             EXISTS (SELECT FROM payments AS other WHERE other.tx_id = own.tx_id AND other.outcome = 'SOLD') AS sold
        INTO tx FROM payment_target(own.order_id) AS target;
      IF tx.tx_id IS DISTINCT FROM own.tx_id OR NOT (tx.tx_state IN ('CANCELLING', 'CANCELLED', 'REVERSING', 'REVERSED') OR tx.tx_state = 'EXPIRED' AND tx.refused) THEN
        new_state := own.from_state; result := NULL; delay_ms := 200;
      ELSIF tx.sold THEN
        new_state := 'COMPLETED'; result := 'REPEATED'; -- the same money told of twice: it was sold, and the reversal returned it
      END IF;
    END IF;
    CONTINUE WHEN new_state <> own.from_state AND NOT EXISTS (SELECT FROM payment_moves AS move WHERE move.from_state = own.from_state AND move.to_state = new_state);
    IF own.from_state = 'MANUAL_REVIEW' AND (new_state <> 'MANUAL_REVIEW' OR result = 'REFUND_DUE') THEN
      UPDATE tickets SET closed_at = settled WHERE ticket_id = own.ticket_id AND kind = 'REVIEW' AND closed_at IS NULL;
    END IF;
    IF result = 'REFUND_DUE' OR new_state = 'MANUAL_REVIEW' AND own.from_state <> 'MANUAL_REVIEW' THEN
      INSERT INTO tickets (tx_id, kind, opened_at) VALUES (own.tx_id, CASE result WHEN 'REFUND_DUE' THEN 'REFUND' ELSE 'REVIEW' END::ticket_kind, settled)
      ON CONFLICT (tx_id, kind) DO UPDATE SET opened_at = EXCLUDED.opened_at, closed_at = NULL, settled_by = NULL, settlement = NULL WHERE tickets.closed_at IS NOT NULL
      RETURNING ticket_id INTO opened;
      SELECT ticket_id INTO ticket FROM tickets
       WHERE tickets.tx_id = own.tx_id AND kind = CASE result WHEN 'REFUND_DUE' THEN 'REFUND' ELSE 'REVIEW' END::ticket_kind;
    END IF;
    UPDATE payments
       SET state = new_state, outcome = result, ticket_id = ticket, updated_at = settled,
           failures = payments.failures + CASE WHEN own.failed THEN 1 ELSE 0 END, error_class = own.class, last_error = own.message,
           next_attempt_at = CASE WHEN new_state NOT IN ('COMPLETED', 'FAILED') AND result IS DISTINCT FROM 'REFUND_DUE' THEN settled + delay_ms * interval '1 millisecond' END
     WHERE payments.payment_key = own.id AND payments.state = own.from_state;
    RETURN QUERY SELECT own.id, new_state, own.tx_id, result, opened;
  END LOOP;
END $$;

-- ---- refund tickets, settled by people; everything that is told to people outside -------------------------------------

ALTER TABLE "tickets" ADD COLUMN "told_at" TIMESTAMPTZ(3), ADD COLUMN "settled_by" TEXT, ADD COLUMN "settlement" TEXT;
CREATE INDEX "tickets_kind_opened_at_ticket_id_idx" ON "tickets" ("kind", "opened_at", "ticket_id");
-- Tickets that nobody outside was told of, a reopened one again.
CREATE INDEX "tickets_untold_idx" ON "tickets" ("opened_at") WHERE "closed_at" IS NULL AND ("told_at" IS NULL OR "told_at" < "opened_at");

-- settle_refund: the money of a refund ticket was returned, somebody says.
-- LOCKS   payments, in the order of their keys; then the ticket.
-- ANSWER  the ticket; settled: whether this call settled it. No row: there is no such refund ticket.
CREATE FUNCTION settle_refund(p_ticket text, p_actor text, p_settlement text)
RETURNS TABLE (ticket_id text, tx_id text, settled boolean) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  owed text; now_at timestamptz := date_trunc('milliseconds', clock_timestamp());
BEGIN
  SELECT tickets.tx_id INTO owed FROM tickets WHERE tickets.ticket_id = p_ticket AND kind = 'REFUND';
  IF owed IS NULL THEN RETURN; END IF;
  PERFORM FROM payments WHERE payments.tx_id = owed ORDER BY payment_key FOR NO KEY UPDATE;
  UPDATE tickets SET closed_at = now_at, settled_by = p_actor, settlement = p_settlement WHERE tickets.ticket_id = p_ticket AND closed_at IS NULL;
  IF NOT FOUND THEN RETURN QUERY SELECT p_ticket, owed, false; RETURN; END IF;
  UPDATE payments SET state = 'COMPLETED', outcome = 'REFUNDED', updated_at = now_at
   WHERE payments.tx_id = owed AND outcome = 'REFUND_DUE' AND state IN ('COMPENSATING', 'MANUAL_REVIEW');
  RETURN QUERY SELECT p_ticket, owed, true;
END $$;

-- What was told, or is to be told, outside: one row a cause, so that 400 stuck transactions are one message, and so that of
-- several instances one sends it.
CREATE TABLE "notifications" (
  "cause"           TEXT COLLATE "C" NOT NULL,
  "kind"            TEXT NOT NULL,
  -- Occurrences that no message has told of yet, and a few of their ids.
  "pending"         INTEGER NOT NULL,
  "told"            INTEGER NOT NULL DEFAULT 0,
  "sample"          TEXT[],
  "first_at"        TIMESTAMPTZ(3) NOT NULL,
  "seen_at"         TIMESTAMPTZ(3) NOT NULL,
  "sent_at"         TIMESTAMPTZ(3),
  "messages"        INTEGER NOT NULL DEFAULT 0,
  "attempt"         INTEGER NOT NULL DEFAULT 0,
  "failures"        INTEGER NOT NULL DEFAULT 0,
  "last_error"      TEXT,
  -- When anybody may send it; null: nothing is to be told.
  "next_attempt_at" TIMESTAMPTZ(3),
  CONSTRAINT "notifications_pkey" PRIMARY KEY ("cause"),
  CONSTRAINT "notifications_kind_check" CHECK ("kind" IN ('REVIEW', 'REFUND', 'PARTICIPANT')),
  CONSTRAINT "notifications_due_check" CHECK ("next_attempt_at" IS NULL OR "pending" > 0)
);
CREATE INDEX "notifications_due_idx" ON "notifications" ("next_attempt_at") WHERE "next_attempt_at" IS NOT NULL;
