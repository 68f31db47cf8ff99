-- find-due: what waits in this database and is due within $1 milliseconds, by its clock.
-- ANSWER one row: milliseconds until the first of each kind is due, overdue ones negative; null: none within that time.
-- Each looks at the head of a partial index that holds unfinished work only. The limit keeps it from walking what is finished
-- and not yet vacuumed; statement_timestamp, because an index cannot be searched for clock_timestamp().
SELECT (SELECT (extract(epoch FROM expires_at - statement_timestamp()) * 1000)::float8 FROM transactions
         WHERE state = 'RESERVED' AND expires_at <= statement_timestamp() + $1 * interval '1 millisecond' ORDER BY expires_at LIMIT 1) AS reservations,
       (SELECT (extract(epoch FROM next_attempt_at - statement_timestamp()) * 1000)::float8 FROM branches
         WHERE next_attempt_at <= statement_timestamp() + $1 * interval '1 millisecond' ORDER BY next_attempt_at LIMIT 1) AS branches,
       (SELECT (extract(epoch FROM next_attempt_at - statement_timestamp()) * 1000)::float8 FROM payments
         WHERE next_attempt_at <= statement_timestamp() + $1 * interval '1 millisecond' ORDER BY next_attempt_at LIMIT 1) AS payments,
       (SELECT (extract(epoch FROM due_at - statement_timestamp()) * 1000)::float8 FROM bulk_actions
         WHERE due_at <= statement_timestamp() + $1 * interval '1 millisecond' ORDER BY due_at LIMIT 1) AS bulk,
       least((SELECT (extract(epoch FROM next_attempt_at - statement_timestamp()) * 1000)::float8 FROM notifications
               WHERE next_attempt_at <= statement_timestamp() + $1 * interval '1 millisecond' ORDER BY next_attempt_at LIMIT 1),
             (SELECT 0 FROM tickets WHERE closed_at IS NULL AND (told_at IS NULL OR told_at < opened_at) ORDER BY opened_at LIMIT 1)) AS tellings
