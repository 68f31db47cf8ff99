-- accept-payments: calls the function accept_payments (prisma/migrations), which says what parameters and columns mean.
SELECT * FROM accept_payments($1, $2, $3, $4, $5, $6, $7, $8)
