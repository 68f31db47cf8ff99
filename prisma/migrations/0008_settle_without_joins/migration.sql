-- The reports of 256 branches in half the time: 110 of 190 ms went into two joins that compared each with each.

-- settle_branches: writes down what the calls of branches came to, and ends the transactions that have nothing left to do.
-- EFFECT  A report counts only for the state and attempt that it was made for; an older one is kept in attempts and changes
--         nothing else. A report that is sent twice counts once. p_attempt 0: by hand, and it always counts.
--         p_delay_ms: when a branch that is not done may be called again.
--         After more than p_failures_max failed calls a REVIEW ticket is opened; the end of the transaction closes it.
-- LOCKS   transactions, then branches, then orders, each in the order of their ids.
-- PLANS   No join of one CTE with another: nobody knows how many rows those have, so 256 reports were compared with 256. Transactions
--         and branches are locked first, so what was read of them decides: who is done will move, and an attempt that is not
--         there will not come.
-- ANSWER  one row per transaction: its state now, whether this call changed it, and its ticket if this call opened one.
CREATE OR REPLACE FUNCTION settle_branches(
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
           num.number, NOT EXISTS (SELECT FROM attempts WHERE attempts.tx_id = u.id AND attempts.branch_no = u.no
                                      AND attempts.operation = branch_operation(u.from_state) AND attempts.attempt = num.number) AS fresh
      FROM unnest(p_tx, p_branch, p_state, p_attempt, p_outcome, p_error_class, p_message, p_http_status, p_duration_ms, p_delay_ms)
           AS u(id, no, from_state, attempt, outcome, class, message, http, duration_ms, delay_ms)
      JOIN branches ON branches.tx_id = u.id AND branches.branch_no = u.no
     CROSS JOIN LATERAL (SELECT CASE u.attempt WHEN 0 THEN branches.attempt + 1 ELSE u.attempt END AS number) AS num
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
    FROM report
   WHERE report.counts AND report.fresh AND branches.tx_id = report.id AND branches.branch_no = report.no;

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
  SELECT tx.id, transactions.store_id, CASE WHEN tx.done THEN ended_state(tx.state) ELSE tx.state END, tx.done, ticket.of_tx ->> tx.id
    FROM tx JOIN transactions ON transactions.tx_id = tx.id
   CROSS JOIN (SELECT jsonb_object_agg(tx_id, ticket_id) AS of_tx FROM opened) AS ticket;
END $$;
