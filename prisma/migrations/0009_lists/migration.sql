-- Lists of what is rare: a transaction that is neither reserved nor confirmed, and a dish's pauses.

-- Newest first, by state. Reserved ones have an index already, confirmed ones are nearly all: a Try and a confirm never write here.
CREATE INDEX "transactions_apart_idx" ON "transactions" ("state", "created_at", "tx_id")
  WHERE "state" IN ('TRYING', 'CONFIRMING', 'CANCELLING', 'CANCELLED', 'EXPIRED', 'REVERSING', 'REVERSED');

CREATE INDEX "actions_pauses_idx" ON "actions" ("target", "at") WHERE "verb" IN ('PAUSE', 'RESUME');
