-- People and programs: what each person prefers, a key's own rate, and the ways the audit is read.

-- Null: as the browser, or the installation, has it.
ALTER TABLE "users" ADD COLUMN "locale" TEXT, ADD COLUMN "theme" TEXT, ADD COLUMN "time_zone" TEXT;

-- Transactions a second that this key may start, in each instance. Null: RATE_LIMIT_PER_SECOND.
ALTER TABLE "api_keys" ADD COLUMN "rate_per_second" INTEGER;
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_rate_check" CHECK ("rate_per_second" > 0);

-- The audit is read newest first: all of it, one person's, one verb's. What happened to one target has its index already.
CREATE INDEX "audit_entries_actor_id_idx" ON "audit_entries" ("actor", "id");
CREATE INDEX "audit_entries_verb_id_idx" ON "audit_entries" ("verb", "id");
