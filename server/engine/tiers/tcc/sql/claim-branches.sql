-- claim-branches: $1 branches at most, for $2 milliseconds. The function claim_branches (prisma/migrations) says the rest.
SELECT * FROM claim_branches($1, $2)
