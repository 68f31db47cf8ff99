-- Somebody paid for an order that does not come: people are told of it, once.

-- When somebody outside was told that this payment waits for its order.
ALTER TABLE "payments" ADD COLUMN "told_at" TIMESTAMPTZ(3);
-- Holds only what waits and was not told of: a payment whose order is known never enters it.
CREATE INDEX "payments_untold_idx" ON "payments" ("received_at")
  WHERE "status" = 'PAID' AND "state" = 'PENDING' AND "tx_id" IS NULL AND "told_at" IS NULL;

ALTER TABLE "notifications" DROP CONSTRAINT "notifications_kind_check";
ALTER TABLE "notifications" ADD CONSTRAINT "notifications_kind_check" CHECK ("kind" IN ('REVIEW', 'REFUND', 'PARTICIPANT', 'PAYMENT'));
