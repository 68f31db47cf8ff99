-- find-expired: $1 rows at most. ANSWER reservations whose time is up by the database's clock, oldest first.
-- statement_timestamp, because an index cannot be searched for clock_timestamp(): it changes while the search runs.
SELECT * FROM transaction_records WHERE state = 'RESERVED' AND expires_at <= statement_timestamp() ORDER BY expires_at LIMIT $1
