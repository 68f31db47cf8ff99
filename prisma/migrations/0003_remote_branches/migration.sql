-- Transactions with remote branches: other services take part, so a transaction can be half way, and must end all the same.
--
-- A move that has remote branches to tell is decided first: RESERVED becomes CONFIRMING (or CANCELLING, REVERSING) in one
-- commit with everything local, stock, coupon and order; from then on it only moves forward. Whoever sent the batch holds
-- the branches for a lease, calls them outside any lock, and writes down what they said with settle_branches. When its
-- lease has passed, anybody may claim them.

ALTER TABLE "transactions" ADD COLUMN "remote_branches" SMALLINT NOT NULL DEFAULT 0;
CREATE INDEX "transactions_order_id_idx" ON "transactions" ("order_id");

-- What one remote participant does for one transaction. Rows of finished work stay as its history.
CREATE TABLE "branches" (
  "tx_id"           TEXT COLLATE "C" NOT NULL,
  "branch_no"       SMALLINT NOT NULL,
  "participant"     TEXT COLLATE "C" NOT NULL,
  "try_url"         TEXT NOT NULL,
  "confirm_url"     TEXT NOT NULL,
  "cancel_url"      TEXT NOT NULL,
  "body"            JSONB,
  "state"           "transaction_state" NOT NULL,
  -- The fence between instances: the number of the latest call of this state that somebody was given.
  "attempt"         INTEGER NOT NULL,
  -- Calls of this state that failed.
  "failures"        INTEGER NOT NULL DEFAULT 0,
  "error_class"     TEXT,
  "last_error"      TEXT,
  "http_status"     SMALLINT,
  -- When it may be called again, by anybody; null: done.
  "next_attempt_at" TIMESTAMPTZ(3),
  -- Stuck work with one cause is one row to a person.
  "fingerprint"     TEXT COLLATE "C" GENERATED ALWAYS AS ("participant" || '/' ||
                      CASE "state" WHEN 'TRYING' THEN 'try' WHEN 'CONFIRMING' THEN 'confirm' WHEN 'CANCELLING' THEN 'cancel' WHEN 'REVERSING' THEN 'reverse' END
                      || '/' || "error_class") STORED,
  CONSTRAINT "branches_pkey" PRIMARY KEY ("tx_id", "branch_no"),
  CONSTRAINT "branches_done_check" CHECK (("next_attempt_at" IS NULL) = ("state" NOT IN ('TRYING', 'CONFIRMING', 'CANCELLING', 'REVERSING')))
) WITH (fillfactor = 50);
-- Both hold unfinished work only.
CREATE INDEX "branches_due_idx" ON "branches" ("next_attempt_at") WHERE "next_attempt_at" IS NOT NULL;
CREATE INDEX "branches_fingerprint_idx" ON "branches" ("fingerprint", "tx_id") WHERE "next_attempt_at" IS NOT NULL AND "failures" > 0;

-- Every call of a branch, and what came of it. The newest ATTEMPTS_KEPT of each operation: see settle_branches.
CREATE TABLE "attempts" (
  "tx_id"       TEXT COLLATE "C" NOT NULL,
  "branch_no"   SMALLINT NOT NULL,
  "operation"   TEXT NOT NULL,
  "attempt"     INTEGER NOT NULL,
  "at"          TIMESTAMPTZ(3) NOT NULL,
  "duration_ms" INTEGER NOT NULL,
  "outcome"     TEXT NOT NULL,
  "http_status" SMALLINT,
  "error_class" TEXT,
  "message"     TEXT,
  CONSTRAINT "attempts_pkey" PRIMARY KEY ("tx_id", "branch_no", "operation", "attempt"),
  CONSTRAINT "attempts_outcome_check" CHECK ("outcome" IN ('DONE', 'REFUSED', 'ONGOING', 'FAILED', 'NOT_SENT', 'OUTSIDE'))
);

-- Every legal move, and what it shifts per reserved portion: the three factors of a row add up to zero.
-- server/engine/kernel/states.ts has the same table; a test compares them.
CREATE OR REPLACE VIEW transaction_moves (from_state, to_state, available, frozen, sold) AS VALUES
  ('TRYING'::transaction_state, 'RESERVED'::transaction_state, 0, 0, 0),
  ('TRYING',     'CANCELLING', 1, -1,  0),
  ('RESERVED',   'CONFIRMING', 0, -1,  1),
  ('RESERVED',   'CONFIRMED',  0, -1,  1),
  ('RESERVED',   'CANCELLING', 1, -1,  0),
  ('RESERVED',   'CANCELLED',  1, -1,  0),
  ('RESERVED',   'EXPIRED',    1, -1,  0),
  ('CONFIRMING', 'CONFIRMED',  0,  0,  0),
  ('CANCELLING', 'CANCELLED',  0,  0,  0),
  ('EXPIRED',    'CONFIRMED', -1,  0,  1),  -- a late payment: reserved again and sold in one move
  ('EXPIRED',    'CANCELLED',  0,  0,  0),
  ('CONFIRMED',  'REVERSING',  1,  0, -1),
  ('CONFIRMED',  'REVERSED',   1,  0, -1),
  ('REVERSING',  'REVERSED',   0,  0,  0);

-- The state in which a transaction with remote branches stands between the decision for $1 and its end. It never expires:
-- its participants hold something, so it is cancelled instead.
CREATE FUNCTION decided_state(transaction_state) RETURNS transaction_state LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE $1 WHEN 'CONFIRMED' THEN 'CONFIRMING' WHEN 'CANCELLED' THEN 'CANCELLING' WHEN 'EXPIRED' THEN 'CANCELLING'
                 WHEN 'REVERSED' THEN 'REVERSING' ELSE $1 END
$$;

-- The state of the local branches of a transaction in $1: they are done in the commit that decides.
CREATE FUNCTION local_state(transaction_state) RETURNS transaction_state LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE $1 WHEN 'TRYING' THEN 'RESERVED' WHEN 'CONFIRMING' THEN 'CONFIRMED' WHEN 'CANCELLING' THEN 'CANCELLED'
                 WHEN 'REVERSING' THEN 'REVERSED' ELSE $1 END
$$;

-- The end that a transaction, or a branch, in $1 is on its way to. Null: it is on no way.
CREATE FUNCTION ended_state(transaction_state) RETURNS transaction_state LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE $1 WHEN 'TRYING' THEN 'RESERVED'::transaction_state WHEN 'CONFIRMING' THEN 'CONFIRMED' WHEN 'CANCELLING' THEN 'CANCELLED'
                 WHEN 'REVERSING' THEN 'REVERSED' END
$$;

-- The call that a branch in state $1 waits for.
CREATE FUNCTION branch_operation(transaction_state) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE $1 WHEN 'TRYING' THEN 'try' WHEN 'CONFIRMING' THEN 'confirm' WHEN 'CANCELLING' THEN 'cancel' WHEN 'REVERSING' THEN 'reverse' END
$$;

-- A transaction with its lines and its ticket, as the ledger answers. Times in milliseconds since the epoch.
CREATE OR REPLACE VIEW transaction_records AS
SELECT tx_id, store_id, order_id, coupon_id, state, cause, replace(payload_hash::text, '-', '') AS payload_hash,
       (SELECT json_agg(json_build_object('lineNo', line_no, 'dishId', dish_id, 'quantity', quantity, 'state', lines.state) ORDER BY line_no)
          FROM reservations AS lines WHERE lines.tx_id = tx.tx_id) AS lines,
       (SELECT ticket_id FROM tickets WHERE tickets.tx_id = tx.tx_id ORDER BY closed_at IS NOT NULL, kind LIMIT 1) AS ticket_id,
       expires_at,
       (extract(epoch FROM created_at) * 1000)::float8 AS created_at_ms,
       (extract(epoch FROM updated_at) * 1000)::float8 AS updated_at_ms,
       (extract(epoch FROM expires_at) * 1000)::float8 AS expires_at_ms,
       remote_branches
  FROM transactions AS tx;

DROP FUNCTION stock_batch;

-- stock_batch: decides one batch of stock work and writes it. One call, one commit: the only code that says yes.
--
-- EFFECT   Moves first (releases before late payments), then stock changes, then Trys; each in order of arrival.
-- LOCKS    dishes < coupons < transactions < orders, each class in the order of its ids. Everything is decided after the
--          locks and before what it decides is written: a guard inside an UPDATE can skip a dish while the INSERT beside
--          it still reserves. A txId, orderId or actionKey that does not exist yet cannot be locked; when another batch
--          takes it first, this one raises 23505 or EX001, is rolled back whole, and the caller sends it again.
-- READS    READ COMMITTED: each statement has a snapshot of its own. Dishes and coupons are read by the very statement
--          that locks them; from then on the variables dish_… and c_… are the truth, written once each, at the end.
-- PLANS    Pinned by the settings: a plan made while a table was empty would scan it for ever.
-- TIME     clock_timestamp() after the locks; now() may be as old as the longest wait for them.
-- CANNOT   tell the replay of a txId from its misuse: it answers KNOWN, and the caller compares payloads.

CREATE FUNCTION stock_batch(
  -- Every dish the batch touches: distinct, in the order of their bytes. Below, a dish is its position here, from 1.
  p_dish text[],
  -- Moves: distinct transactions.
  p_move_tx text[], p_move_to transaction_state[], p_move_cause cancel_cause[],
  -- Stock changes: distinct action keys.
  p_change_key text[], p_change_hash uuid[], p_change_kind text[], p_change_dish int[], p_change_quantity int[],
  p_change_reason text[], p_change_actor text[],
  -- Trys: distinct transactions and orders, no transaction also among the moves. p_try_coupon is empty when none has one.
  p_try_tx text[], p_try_store text[], p_try_order text[], p_try_coupon text[], p_try_hash uuid[], p_try_ttl_s int[],
  p_try_trace text[], p_try_access_ms real[], p_try_cas_ms real[], p_try_lock_ms real[], p_try_redis_ms real[],
  -- Lines of the Trys, in their order; distinct dishes within a Try, which is its position above.
  p_line_try int[], p_line_no smallint[], p_line_dish int[], p_line_quantity int[],
  -- Remote branches of the Trys, numbered from 1 within each. A Try that has some is accepted as TRYING.
  p_branch_try int[], p_branch_no smallint[], p_branch_participant text[], p_branch_try_url text[], p_branch_confirm_url text[],
  p_branch_cancel_url text[], p_branch_body jsonb[],
  -- How long whoever sends this batch has to call the branches before anybody else may.
  p_branch_lease_ms int,

  OUT at_ms bigint,                                  -- when the batch was decided
  OUT move_verdicts text[], OUT change_answers jsonb[], OUT try_verdicts text[],
  -- The rows of p_dish after the batch, unchanged ones too: that heals stale cells. Null: no such dish.
  OUT dish_store text[], OUT dish_supplied int[], OUT dish_available int[], OUT dish_frozen int[], OUT dish_sold int[],
  OUT dish_on_sale boolean[], OUT dish_version bigint[]
)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
  -- What can be wrong with a line, worst first. The worst of its lines is a basket's verdict.
  LINE_VERDICTS CONSTANT text[] := '{UNKNOWN_DISH,WRONG_STORE,DISH_PAUSED,SOLD_OUT,ACCEPTED}';
  batch_at timestamptz; spent_ms real;
  -- dishes: positions of p_dish (their rows are the OUT arrays)
  dish_changed boolean[] := array_fill(false, ARRAY[cardinality(p_dish)]);
  -- coupons: positions of c_id
  c_id text[] := '{}'; c_store text[]; c_state coupon_state[]; c_tx text[]; c_changed boolean[];
  -- moves: positions of p_move_tx; ml_…: their reservations, in the order of moves
  m_from transaction_state[]; m_to transaction_state[]; m_due boolean[]; m_coupon int[]; m_available int[]; m_frozen int[]; m_sold int[];
  m_first_line int[]; ml_move int[]; ml_dish int[]; ml_quantity int[];
  m_ready int[] := '{}'; m_late int[] := '{}';
  -- changes: positions of p_change_key
  change_done boolean[] := '{}'; earlier record;
  -- Trys: positions of p_try_tx
  t_known boolean[]; t_order_free boolean[]; t_coupon int[]; t_branches int[];
  fits boolean; verdict text; worst int; line int; first_line int; m int; d int; c int; q int; b int; written int;
BEGIN
  move_verdicts := '{}'; change_answers := '{}'; try_verdicts := '{}';

  -- 1. Dishes: locked one after the other in the order of p_dish, each read as it is under its lock.
  SELECT array_agg(dish.store_id ORDER BY o), array_agg(dish.supplied ORDER BY o), array_agg(dish.available ORDER BY o),
         array_agg(dish.frozen ORDER BY o), array_agg(dish.sold ORDER BY o), array_agg(dish.on_sale ORDER BY o),
         array_agg(dish.version + (SELECT ledger_timeline()) ORDER BY o)
    INTO dish_store, dish_supplied, dish_available, dish_frozen, dish_sold, dish_on_sale, dish_version
    FROM unnest(p_dish) WITH ORDINALITY AS wanted(dish_id, o)
    LEFT JOIN LATERAL (SELECT * FROM dishes WHERE dishes.dish_id = wanted.dish_id FOR NO KEY UPDATE) AS dish ON true;

  -- 2. Coupons: those of the Trys, and those of the moved transactions (a transaction never changes its coupon).
  IF cardinality(p_try_coupon) > 0 OR cardinality(p_move_tx) > 0 THEN
    c_id := ARRAY(SELECT id COLLATE "C" FROM unnest(p_try_coupon) AS id WHERE id IS NOT NULL
                  UNION SELECT coupon_id FROM transactions WHERE tx_id = ANY (p_move_tx) AND coupon_id IS NOT NULL
                  ORDER BY 1);
  END IF;
  IF cardinality(c_id) > 0 THEN
    SELECT array_agg(coupon.store_id ORDER BY o), array_agg(coupon.state ORDER BY o), array_agg(coupon.tx_id ORDER BY o)
      INTO c_store, c_state, c_tx
      FROM unnest(c_id) WITH ORDINALITY AS wanted(coupon_id, o)
      LEFT JOIN LATERAL (SELECT * FROM coupons WHERE coupons.coupon_id = wanted.coupon_id FOR NO KEY UPDATE) AS coupon ON true;
    c_changed := array_fill(false, ARRAY[cardinality(c_id)]);
    -- width_bucket is a binary search: the position of the last id that is not greater.
    t_coupon := ARRAY(SELECT width_bucket(id COLLATE "C", c_id) FROM unnest(p_try_coupon) WITH ORDINALITY AS u(id, o) ORDER BY o);
  END IF;

  -- 3. Moves. Lock the transactions, then read their lines, which never change.
  IF cardinality(p_move_tx) > 0 THEN
    SELECT array_agg(tx.state ORDER BY o), array_agg(target.state ORDER BY o), array_agg(tx.expires_at <= clock_timestamp() ORDER BY o),
           array_agg(CASE WHEN tx.coupon_id = c_id[width_bucket(tx.coupon_id, c_id)] THEN width_bucket(tx.coupon_id, c_id)
                          WHEN tx.coupon_id IS NOT NULL THEN 0 END ORDER BY o),
           array_agg(legal.available ORDER BY o), array_agg(legal.frozen ORDER BY o), array_agg(legal.sold ORDER BY o)
      INTO m_from, m_to, m_due, m_coupon, m_available, m_frozen, m_sold
      FROM (SELECT * FROM unnest(p_move_tx, p_move_to) WITH ORDINALITY AS u(tx_id, to_state, o) ORDER BY tx_id COLLATE "C") AS move
      LEFT JOIN LATERAL (SELECT * FROM transactions WHERE transactions.tx_id = move.tx_id FOR NO KEY UPDATE) AS tx ON true
      CROSS JOIN LATERAL (SELECT CASE WHEN tx.remote_branches > 0 THEN decided_state(move.to_state) ELSE move.to_state END AS state) AS target
      LEFT JOIN transaction_moves AS legal ON legal.from_state = tx.state AND legal.to_state = target.state;
    SELECT array_agg(o ORDER BY o), array_agg(quantity ORDER BY o),
           array_agg(CASE WHEN dish_id = p_dish[width_bucket(dish_id, p_dish)] THEN width_bucket(dish_id, p_dish) END ORDER BY o)
      INTO ml_move, ml_quantity, ml_dish
      FROM unnest(p_move_tx) WITH ORDINALITY AS move(tx_id, o) JOIN reservations USING (tx_id);
  END IF;
  batch_at := date_trunc('milliseconds', clock_timestamp());

  -- 3a. What each move may do by itself.
  line := 1;
  FOR m IN 1 .. cardinality(p_move_tx) LOOP
    m_first_line[m] := line;
    fits := true;
    WHILE ml_move[line] = m LOOP
      fits := fits AND ml_dish[line] IS NOT NULL;
      line := line + 1;
    END LOOP;
    verdict := CASE
      WHEN m_from[m] IS NULL THEN CASE p_move_to[m] WHEN 'CANCELLED' THEN 'FENCED' ELSE 'UNKNOWN' END
      WHEN m_available[m] IS NULL THEN 'NOT_MOVED'
      WHEN p_move_to[m] = 'EXPIRED' AND NOT m_due[m] THEN 'NOT_MOVED'
      WHEN NOT fits OR m_coupon[m] = 0 THEN 'NOT_LOCKED'
      WHEN m_to[m] <> p_move_to[m] THEN 'DECIDED'
      ELSE 'MOVED' END;
    move_verdicts[m] := verdict;
    IF verdict IN ('MOVED', 'DECIDED') THEN
      IF m_available[m] < 0 THEN m_late := m_late || m; ELSE m_ready := m_ready || m; END IF;
    END IF;
  END LOOP;

  -- 3b. What they do together. A late payment takes portions: it comes after every release and has to fit, all its lines
  --     and its coupon; otherwise a refund is due, and stays due, whatever comes back later.
  FOREACH m IN ARRAY m_ready || m_late LOOP
    c := m_coupon[m];
    IF m_available[m] < 0 THEN
      fits := coalesce(c_state[c] = 'AVAILABLE', c IS NULL)
        AND NOT EXISTS (SELECT FROM tickets WHERE tx_id = p_move_tx[m] AND kind = 'REFUND');
      line := m_first_line[m];
      WHILE fits AND ml_move[line] = m LOOP
        fits := dish_available[ml_dish[line]] >= ml_quantity[line];
        line := line + 1;
      END LOOP;
      IF NOT fits THEN
        move_verdicts[m] := 'REFUND_DUE';
        INSERT INTO tickets (tx_id, kind, opened_at) VALUES (p_move_tx[m], 'REFUND', batch_at) ON CONFLICT DO NOTHING;
        CONTINUE;
      END IF;
      IF c IS NOT NULL THEN c_tx[c] := p_move_tx[m]; END IF;
    END IF;
    IF c_tx[c] = p_move_tx[m] THEN
      c_changed[c] := true;
      IF p_move_to[m] = 'CONFIRMED' THEN c_state[c] := 'USED'; ELSE c_state[c] := 'AVAILABLE'; c_tx[c] := NULL; END IF;
    END IF;
    line := m_first_line[m];
    WHILE ml_move[line] = m LOOP
      d := ml_dish[line]; q := ml_quantity[line];
      dish_available[d] := dish_available[d] + q * m_available[m];
      dish_frozen[d] := dish_frozen[d] + q * m_frozen[m];
      dish_sold[d] := dish_sold[d] + q * m_sold[m];
      dish_changed[d] := dish_changed[d] OR m_available[m] <> 0 OR m_sold[m] <> 0;
      line := line + 1;
    END LOOP;
  END LOOP;

  -- 3c. Write them: the decided state from the state decided upon, and nothing else.
  IF cardinality(p_move_tx) > 0 THEN
    WITH moved AS (
      UPDATE transactions AS tx
         SET state = move.to_state, updated_at = batch_at, cause = CASE WHEN move.to_state IN ('CANCELLING', 'CANCELLED') THEN move.cause END
        FROM unnest(p_move_tx, m_from, m_to, p_move_cause, move_verdicts) AS move(tx_id, from_state, to_state, cause, verdict)
       WHERE move.verdict IN ('MOVED', 'DECIDED') AND tx.tx_id = move.tx_id AND tx.state = move.from_state
      RETURNING tx.tx_id, tx.order_id, tx.state, tx.remote_branches),
    stock AS (UPDATE reservations SET state = local_state(moved.state) FROM moved WHERE reservations.tx_id = moved.tx_id),
    remote AS (UPDATE branches SET state = moved.state, attempt = 1, failures = 0, error_class = NULL, last_error = NULL, http_status = NULL,
                                   next_attempt_at = batch_at + p_branch_lease_ms * interval '1 millisecond'
                 FROM moved WHERE moved.remote_branches > 0 AND branches.tx_id = moved.tx_id),
    orders AS (UPDATE orders SET state = moved.state FROM moved WHERE orders.order_id = moved.order_id AND orders.tx_id = moved.tx_id)
    SELECT count(*) INTO written FROM moved;
    IF written <> cardinality(array_positions(move_verdicts, 'MOVED')) + cardinality(array_positions(move_verdicts, 'DECIDED')) THEN
      RAISE EXCEPTION 'a transaction moved between the lock and the write' USING ERRCODE = 'EX001';
    END IF;
  END IF;

  -- 4. Stock changes. What an action key answered once, it answers for ever; its answer is written in step 7.
  FOR n IN 1 .. cardinality(p_change_key) LOOP
    d := p_change_dish[n]; q := p_change_quantity[n];
    SELECT request_hash, answer INTO earlier FROM actions WHERE action_key = p_change_key[n];
    change_done[n] := FOUND;
    IF FOUND THEN
      change_answers[n] := CASE
        WHEN earlier.request_hash <> p_change_hash[n] THEN '{"verdict": "MISMATCH"}'
        WHEN earlier.answer ->> 'verdict' = 'APPLIED' THEN earlier.answer || '{"verdict": "REPLAYED"}'
        ELSE earlier.answer END;
    ELSIF dish_available[d] IS NULL THEN
      change_done[n] := true;  -- nothing to remember: the dish may come
      change_answers[n] := '{"verdict": "UNKNOWN_DISH"}';
    ELSIF p_change_kind[n] = 'WRITE_OFF' AND dish_available[d] < q THEN
      change_answers[n] := jsonb_build_object('verdict', 'INSUFFICIENT_STOCK', 'available', dish_available[d]);
    ELSE
      change_answers[n] := '{"verdict": "APPLIED"}';
      CASE p_change_kind[n]
        WHEN 'PAUSE' THEN
          dish_changed[d] := dish_changed[d] OR dish_on_sale[d]; dish_on_sale[d] := false;
        WHEN 'RESUME' THEN
          dish_changed[d] := dish_changed[d] OR NOT dish_on_sale[d]; dish_on_sale[d] := true;
        ELSE
          IF p_change_kind[n] = 'WRITE_OFF' THEN q := -q; END IF;
          dish_supplied[d] := dish_supplied[d] + q; dish_available[d] := dish_available[d] + q; dish_changed[d] := true;
          INSERT INTO stock_movements (dish_id, kind, quantity, reason, actor, action_key, at)
          VALUES (p_dish[d], p_change_kind[n]::movement_kind, q, p_change_reason[n], p_change_actor[n], p_change_key[n], batch_at);
      END CASE;
    END IF;
  END LOOP;

  -- 5. Trys. The moves above are written, so an order whose transaction they cancelled is free here.
  IF EXISTS (SELECT FROM transactions WHERE tx_id = ANY (p_try_tx)) OR EXISTS (SELECT FROM orders WHERE order_id = ANY (p_try_order)) THEN
    SELECT array_agg(tx.tx_id IS NOT NULL ORDER BY o), array_agg(orders.state = 'CANCELLED' ORDER BY o)
      INTO t_known, t_order_free -- null: a new order
      FROM unnest(p_try_tx, p_try_order) WITH ORDINALITY AS try(tx_id, order_id, o)
      LEFT JOIN transactions AS tx USING (tx_id) LEFT JOIN orders ON orders.order_id = try.order_id;
  END IF;
  line := 1;
  FOR t IN 1 .. cardinality(p_try_tx) LOOP
    first_line := line;
    worst := 5;
    WHILE p_line_try[line] = t LOOP
      d := p_line_dish[line];
      worst := least(worst, CASE
        WHEN dish_available[d] IS NULL THEN 1
        WHEN dish_store[d] <> p_try_store[t] THEN 2
        WHEN NOT dish_on_sale[d] THEN 3
        WHEN dish_available[d] < p_line_quantity[line] THEN 4
        ELSE 5 END);
      line := line + 1;
    END LOOP;
    c := t_coupon[t];
    verdict := CASE
      WHEN t_known[t] THEN 'KNOWN'
      WHEN NOT t_order_free[t] THEN 'ORDER_CONFLICT'
      WHEN worst < 5 OR c IS NULL THEN LINE_VERDICTS[worst]
      WHEN c_state[c] IS NULL THEN 'UNKNOWN_COUPON'
      WHEN c_state[c] <> 'AVAILABLE' OR c_store[c] <> p_try_store[t] THEN 'COUPON_UNAVAILABLE'
      ELSE 'ACCEPTED' END;
    try_verdicts[t] := verdict;
    IF verdict = 'ACCEPTED' THEN
      FOR k IN first_line .. line - 1 LOOP
        d := p_line_dish[k]; q := p_line_quantity[k];
        dish_available[d] := dish_available[d] - q;
        dish_frozen[d] := dish_frozen[d] + q;
        dish_changed[d] := true;
      END LOOP;
      IF c IS NOT NULL THEN c_state[c] := 'FROZEN'; c_tx[c] := p_try_tx[t]; c_changed[c] := true; END IF;
    END IF;
  END LOOP;

  -- 6. Write them: transactions (fences of unknown ones among them), orders, reservations, remote branches.
  IF cardinality(p_branch_try) > 0 THEN
    t_branches := array_fill(0, ARRAY[cardinality(p_try_tx)]);
    FOREACH b IN ARRAY p_branch_try LOOP t_branches[b] := t_branches[b] + 1; END LOOP;
  END IF;
  spent_ms := extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000;
  INSERT INTO transactions (tx_id, store_id, order_id, coupon_id, state, remote_branches, cause, payload_hash, trace_id,
                            access_ms, cas_ms, lock_ms, redis_ms, ledger_ms, created_at, updated_at, expires_at)
  SELECT tx_id, store_id, order_id, coupon_id, CASE WHEN branches > 0 THEN 'TRYING' ELSE 'RESERVED' END::transaction_state,
         coalesce(branches, 0), NULL::cancel_cause, hash, trace, access_ms, cas_ms, lock_ms, redis_ms,
         spent_ms, batch_at, batch_at, batch_at + ttl_s * interval '1 second'
    FROM unnest(p_try_tx, p_try_store, p_try_order, p_try_coupon, p_try_hash, p_try_ttl_s, p_try_trace,
                p_try_access_ms, p_try_cas_ms, p_try_lock_ms, p_try_redis_ms, try_verdicts, t_branches)
         AS try(tx_id, store_id, order_id, coupon_id, hash, ttl_s, trace, access_ms, cas_ms, lock_ms, redis_ms, verdict, branches)
   WHERE try.verdict = 'ACCEPTED'
  UNION ALL
  SELECT tx_id, '', '', NULL, 'CANCELLED', 0, cause, NULL, NULL, NULL, NULL, NULL, NULL, NULL, batch_at, batch_at, batch_at
    FROM unnest(p_move_tx, p_move_cause, move_verdicts) AS fence(tx_id, cause, verdict)
   WHERE fence.verdict = 'FENCED'
   ORDER BY 1;
  IF cardinality(p_try_tx) > 0 THEN
    IF t_order_free IS NOT NULL THEN
      UPDATE orders SET tx_id = try.tx_id, state = CASE WHEN try.branches > 0 THEN 'TRYING' ELSE 'RESERVED' END::transaction_state
        FROM unnest(p_try_order, p_try_tx, try_verdicts, t_order_free, t_branches) AS try(order_id, tx_id, verdict, free, branches)
       WHERE try.verdict = 'ACCEPTED' AND try.free AND orders.order_id = try.order_id AND orders.state = 'CANCELLED';
      GET DIAGNOSTICS written = ROW_COUNT;
      IF written <> (SELECT count(*) FROM unnest(try_verdicts, t_order_free) AS try(verdict, free) WHERE try.verdict = 'ACCEPTED' AND try.free) THEN
        RAISE EXCEPTION 'an order was taken between the look and the write' USING ERRCODE = 'EX001';
      END IF;
    END IF;
    INSERT INTO orders (order_id, tx_id, state)
    SELECT order_id, tx_id, CASE WHEN branches > 0 THEN 'TRYING' ELSE 'RESERVED' END::transaction_state
      FROM unnest(p_try_order, p_try_tx, try_verdicts, t_order_free, t_branches) AS try(order_id, tx_id, verdict, free, branches)
     WHERE try.verdict = 'ACCEPTED' AND try.free IS NOT TRUE ORDER BY order_id COLLATE "C";
    INSERT INTO reservations (tx_id, line_no, dish_id, quantity, state)
    SELECT p_try_tx[t], line_no, p_dish[dish], quantity, 'RESERVED'::transaction_state
      FROM unnest(p_line_try, p_line_no, p_line_dish, p_line_quantity) AS lines(t, line_no, dish, quantity)
     WHERE try_verdicts[t] = 'ACCEPTED';
  END IF;
  IF cardinality(p_branch_try) > 0 THEN
    INSERT INTO branches (tx_id, branch_no, participant, try_url, confirm_url, cancel_url, body, state, attempt, next_attempt_at)
    SELECT p_try_tx[t], branch_no, participant, try_url, confirm_url, cancel_url, body, 'TRYING'::transaction_state, 1,
           batch_at + p_branch_lease_ms * interval '1 millisecond'
      FROM unnest(p_branch_try, p_branch_no, p_branch_participant, p_branch_try_url, p_branch_confirm_url, p_branch_cancel_url, p_branch_body)
           AS remote(t, branch_no, participant, try_url, confirm_url, cancel_url, body)
     WHERE try_verdicts[t] = 'ACCEPTED';
  END IF;

  -- 7. Write what the variables hold: each coupon and each dish once, whatever befell it above.
  IF true = ANY (c_changed) THEN
    UPDATE coupons SET state = now.state, tx_id = now.tx_id
      FROM unnest(c_id, c_state, c_tx, c_changed) AS now(coupon_id, state, tx_id, changed)
     WHERE now.changed AND coupons.coupon_id = now.coupon_id;
  END IF;
  IF true = ANY (dish_changed) THEN
    UPDATE dishes SET supplied = now.supplied, available = now.available, frozen = now.frozen, sold = now.sold,
                      on_sale = now.on_sale, version = version + 1
      FROM unnest(p_dish, dish_supplied, dish_available, dish_frozen, dish_sold, dish_on_sale, dish_changed)
           AS now(dish_id, supplied, available, frozen, sold, on_sale, changed)
     WHERE now.changed AND dishes.dish_id = now.dish_id;
    FOR d IN 1 .. cardinality(p_dish) LOOP
      IF dish_changed[d] THEN dish_version[d] := dish_version[d] + 1; END IF;
    END LOOP;
  END IF;
  FOR n IN 1 .. cardinality(p_change_key) LOOP
    CONTINUE WHEN change_done[n];
    d := p_change_dish[n];
    IF change_answers[n] ->> 'verdict' = 'APPLIED' THEN
      change_answers[n] := jsonb_build_object('verdict', 'APPLIED', 'dish', jsonb_build_object(
        'dishId', p_dish[d], 'storeId', dish_store[d], 'supplied', dish_supplied[d], 'available', dish_available[d],
        'frozen', dish_frozen[d], 'sold', dish_sold[d], 'onSale', dish_on_sale[d], 'version', dish_version[d]));
    END IF;
    INSERT INTO actions (action_key, request_hash, verb, target, actor, reason, answer, at)
    VALUES (p_change_key[n], p_change_hash[n], p_change_kind[n], p_dish[d], p_change_actor[n], p_change_reason[n], change_answers[n], batch_at);
  END LOOP;

  -- 8. One outbox row, if anything changed.
  INSERT INTO outbox (at, dish_ids, available, frozen, sold, versions, tx_ids, tx_states)
  SELECT batch_at, dish.*, tx.*
    FROM (SELECT array_agg(id), array_agg(available), array_agg(frozen), array_agg(sold), array_agg(version)
            FROM unnest(p_dish, dish_available, dish_frozen, dish_sold, dish_version, dish_changed) AS u(id, available, frozen, sold, version, changed)
           WHERE changed) AS dish(ids, available, frozen, sold, versions),
         (SELECT array_agg(id), array_agg(state)
            FROM (SELECT tx_id, CASE move.verdict WHEN 'FENCED' THEN 'CANCELLED' ELSE to_state END
                    FROM unnest(p_move_tx, m_to, move_verdicts) AS move(tx_id, to_state, verdict) WHERE move.verdict IN ('MOVED', 'DECIDED', 'FENCED')
                  UNION ALL
                  SELECT tx_id, CASE WHEN branches > 0 THEN 'TRYING' ELSE 'RESERVED' END::transaction_state
                    FROM unnest(p_try_tx, try_verdicts, t_branches) AS try(tx_id, verdict, branches) WHERE try.verdict = 'ACCEPTED') AS u(id, state)) AS tx(ids, states)
   WHERE dish.ids IS NOT NULL OR tx.ids IS NOT NULL;

  at_ms := extract(epoch FROM batch_at) * 1000;
END $$;


-- claim_branches: gives up to p_limit due branches to the caller for p_lease_ms, each with the number of its new attempt.
-- Two callers never get one branch: rows that somebody else is taking are skipped. The lease is committed with this call,
-- before anything is sent. Interrupted Trys are among them, in state TRYING: those are to be cancelled.
CREATE FUNCTION claim_branches(p_limit int, p_lease_ms int)
RETURNS TABLE (tx_id text, branch_no smallint, participant text, try_url text, confirm_url text, cancel_url text, body jsonb,
               state transaction_state, attempt int, failures int, store_id text, trace_id text)
LANGUAGE sql VOLATILE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
  WITH due AS (
    SELECT tx_id, branch_no FROM branches WHERE next_attempt_at <= statement_timestamp()
     ORDER BY next_attempt_at LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE branches SET attempt = branches.attempt + 1, next_attempt_at = clock_timestamp() + p_lease_ms * interval '1 millisecond'
      FROM due WHERE branches.tx_id = due.tx_id AND branches.branch_no = due.branch_no
    RETURNING branches.*
  )
  SELECT claimed.tx_id, branch_no, participant, try_url, confirm_url, cancel_url, body, claimed.state, attempt, failures,
         transactions.store_id, transactions.trace_id
    FROM claimed JOIN transactions ON transactions.tx_id = claimed.tx_id
$$;

-- settle_branches: writes down what the calls of branches came to, and ends the transactions that have nothing left to do.
-- EFFECT  A report counts only for the state and attempt that it was made for; an older one is kept in attempts and changes
--         nothing else. A report that is sent twice counts once. p_attempt 0: by hand, and it always counts.
--         p_delay_ms: when a branch that is not done may be called again.
--         After more than p_failures_max failed calls a REVIEW ticket is opened; the end of the transaction closes it.
-- LOCKS   transactions, then branches, then orders, each in the order of their ids.
-- ANSWER  one row per transaction: its state now, whether this call changed it, and its ticket if this call opened one.
CREATE FUNCTION settle_branches(
  p_tx text[], p_branch smallint[], p_state transaction_state[], p_attempt int[], p_outcome text[], p_error_class text[],
  p_message text[], p_http_status smallint[], p_duration_ms int[], p_delay_ms int[], p_failures_max int)
RETURNS TABLE (tx_id text, store_id text, state transaction_state, ended boolean, opened_ticket text)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET jit = off
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  ATTEMPTS_KEPT CONSTANT int := 100; -- an hour of slow retries
  settled_at timestamptz; touched text[]; was transaction_state[];
BEGIN
  SELECT array_agg(tx.tx_id ORDER BY tx.tx_id), array_agg(tx.state ORDER BY tx.tx_id) INTO touched, was
    FROM (SELECT DISTINCT id COLLATE "C" AS id FROM unnest(p_tx) AS id ORDER BY 1) AS wanted
    CROSS JOIN LATERAL (SELECT * FROM transactions WHERE transactions.tx_id = wanted.id FOR NO KEY UPDATE) AS tx;
  PERFORM FROM (SELECT DISTINCT id COLLATE "C" AS id, no FROM unnest(p_tx, p_branch) AS u(id, no) ORDER BY 1, 2) AS wanted
    CROSS JOIN LATERAL (SELECT FROM branches WHERE branches.tx_id = wanted.id AND branches.branch_no = wanted.no FOR NO KEY UPDATE) AS branch;
  settled_at := date_trunc('milliseconds', clock_timestamp());

  WITH report AS (
    SELECT u.*, branches.state = u.from_state AND (u.attempt = 0 OR branches.attempt = u.attempt) AS counts,
           CASE u.attempt WHEN 0 THEN branches.attempt + 1 ELSE u.attempt END AS number
      FROM unnest(p_tx, p_branch, p_state, p_attempt, p_outcome, p_error_class, p_message, p_http_status, p_duration_ms, p_delay_ms)
           AS u(id, no, from_state, attempt, outcome, class, message, http, duration_ms, delay_ms)
      JOIN branches ON branches.tx_id = u.id AND branches.branch_no = u.no
     WHERE u.attempt > 0 OR branches.state = u.from_state
  ), noted AS (
    INSERT INTO attempts (tx_id, branch_no, operation, attempt, at, duration_ms, outcome, http_status, error_class, message)
    SELECT id, no, branch_operation(from_state), number, settled_at - duration_ms * interval '1 millisecond', duration_ms, outcome, http, class, message
      FROM report
    ON CONFLICT DO NOTHING
    RETURNING tx_id, branch_no, operation, attempt
  ), pruned AS (
    DELETE FROM attempts USING noted
     WHERE attempts.tx_id = noted.tx_id AND attempts.branch_no = noted.branch_no AND attempts.operation = noted.operation
       AND attempts.attempt = noted.attempt - ATTEMPTS_KEPT
  )
  UPDATE branches
     SET state = CASE WHEN outcome IN ('DONE', 'OUTSIDE') THEN ended_state(from_state) ELSE branches.state END,
         attempt = number,
         failures = branches.failures + CASE WHEN outcome IN ('DONE', 'OUTSIDE', 'ONGOING') THEN 0 ELSE 1 END,
         error_class = class, last_error = message, http_status = http,
         next_attempt_at = CASE WHEN outcome NOT IN ('DONE', 'OUTSIDE') THEN settled_at + delay_ms * interval '1 millisecond' END
    FROM report JOIN noted ON noted.tx_id = report.id AND noted.branch_no = report.no AND noted.attempt = report.number
                          AND noted.operation = branch_operation(report.from_state)
   WHERE report.counts AND branches.tx_id = report.id AND branches.branch_no = report.no;

  RETURN QUERY
  WITH tx AS (
    SELECT u.id, u.state, ended_state(u.state) IS NOT NULL
           AND NOT EXISTS (SELECT FROM branches WHERE branches.tx_id = u.id AND next_attempt_at IS NOT NULL) AS done
      FROM unnest(touched, was) AS u(id, state)
  ), moved AS (
    UPDATE transactions SET state = ended_state(tx.state), updated_at = settled_at
      FROM tx WHERE tx.done AND transactions.tx_id = tx.id AND transactions.state = tx.state
    RETURNING transactions.tx_id, transactions.order_id, transactions.state
  ), ordered AS (
    UPDATE orders SET state = moved.state FROM moved WHERE orders.order_id = moved.order_id AND orders.tx_id = moved.tx_id
  ), closed AS (
    UPDATE tickets SET closed_at = settled_at FROM moved WHERE tickets.tx_id = moved.tx_id AND tickets.kind = 'REVIEW' AND tickets.closed_at IS NULL
  ), opened AS (
    INSERT INTO tickets (tx_id, kind, opened_at)
    SELECT tx.id, 'REVIEW', settled_at FROM tx
     WHERE NOT tx.done AND tx.state IN ('CONFIRMING', 'CANCELLING', 'REVERSING')
       AND EXISTS (SELECT FROM branches WHERE branches.tx_id = tx.id AND next_attempt_at IS NOT NULL AND failures > p_failures_max)
     ORDER BY tx.id
    ON CONFLICT (tx_id, kind) DO UPDATE SET opened_at = EXCLUDED.opened_at, closed_at = NULL WHERE tickets.closed_at IS NOT NULL
    RETURNING tickets.tx_id, tickets.ticket_id
  ), told AS (
    INSERT INTO outbox (at, tx_ids, tx_states)
    SELECT settled_at, array_agg(moved.tx_id), array_agg(moved.state) FROM moved HAVING count(*) > 0
  )
  SELECT tx.id, transactions.store_id, coalesce(moved.state, tx.state), moved.tx_id IS NOT NULL, opened.ticket_id
    FROM tx JOIN transactions ON transactions.tx_id = tx.id
    LEFT JOIN moved ON moved.tx_id = tx.id LEFT JOIN opened ON opened.tx_id = tx.id;
END $$;
