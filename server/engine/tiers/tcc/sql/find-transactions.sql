-- find-transactions: $1 txIds. ANSWER one row per known txId, in no order.
SELECT * FROM transaction_records WHERE tx_id = ANY ($1::text[])
