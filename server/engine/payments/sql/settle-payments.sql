-- settle-payments: calls the function settle_payments (prisma/migrations), which says what parameters and columns mean.
SELECT * FROM settle_payments($1, $2, $3, $4, $5, $6, $7, $8, $9)
