-- settle-branches: calls the function settle_branches (prisma/migrations), which says what parameters and columns mean.
SELECT * FROM settle_branches($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
