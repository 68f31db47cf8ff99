-- claim-payments: $1 payments at most, for $2 milliseconds. The function claim_payments (prisma/migrations) says the rest.
SELECT * FROM claim_payments($1, $2)
