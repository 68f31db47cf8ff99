-- find-branches: $1 txIds. ANSWER their remote branches, in the order of their numbers within each.
SELECT tx_id, branch_no, participant, try_url, confirm_url, cancel_url, body, state, attempt, failures, error_class, last_error, http_status,
       (extract(epoch FROM next_attempt_at) * 1000)::float8 AS next_attempt_at_ms
  FROM branches WHERE tx_id = ANY ($1::text[]) ORDER BY tx_id, branch_no
