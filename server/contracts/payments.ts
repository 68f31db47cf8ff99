/**
 * Payment callbacks on the wire. A callback asks for nothing in its answer: it is acknowledged when it is durable.
 */
import { z } from "zod";
import { Cents, Id } from "./scalars.ts";

/** `X-Signature`: what it looks like, of the bytes of the body as they were sent. */
export const SIGNATURE_PATTERN = /^sha256=([0-9a-f]{64})$/i;

export const PaymentCallbackBody = z.strictObject({
  source: Id.describe("Who says so. With a secret for it in PAYMENT_SECRETS, the body has to be signed."),
  orderId: Id,
  eventId: Id.describe("With source and orderId the key of deduplication."),
  status: z.enum(["PAID", "FAILED"]),
  occurredAt: z.iso.datetime({ offset: true }).describe("By the sender's clock. Recorded, never believed."),
  amountCents: Cents.nullish(),
});
export type PaymentCallbackBody = z.output<typeof PaymentCallbackBody>;

export const PaymentCallbackAnswer = z.object({ duplicate: z.boolean().describe("True: this key came before; whatever it asked for then, counts.") });
export type PaymentCallbackAnswer = z.infer<typeof PaymentCallbackAnswer>;
