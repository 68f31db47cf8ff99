-- hasten-branches: $1 txIds. Their undone branches become due now; an interrupted Try keeps its time, for it may go on.
-- The column holds milliseconds, and rounds: untruncated, every other "now" would be a little later than now.
UPDATE branches SET next_attempt_at = date_trunc('milliseconds', clock_timestamp())
 WHERE (tx_id, branch_no) IN (SELECT tx_id, branch_no FROM branches
                               WHERE tx_id = ANY ($1::text[]) AND next_attempt_at > clock_timestamp() AND state <> 'TRYING'
                               ORDER BY tx_id, branch_no FOR NO KEY UPDATE)
