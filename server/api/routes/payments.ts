/**
 * Payment callbacks: taken in here, carried out by the engine's payments afterwards.
 */
import { PaymentCallbackAnswer, PaymentCallbackBody } from "../../contracts/payments.ts";
import { ApiError } from "../problem.ts";
import { route } from "../route.ts";
import { within } from "../serve.ts";
import { isSignedBy } from "../signatures.ts";

export const paymentCallback = route({
  method: "POST",
  path: "/api/v1/payments/callbacks",
  summary: "A payment gateway's word on an order: PAID confirms, FAILED cancels, in any order and any number of times.",
  scope: "orders",
  signed: true,
  body: PaymentCallbackBody,
  answers: { 202: { description: "Durable.", body: PaymentCallbackAnswer } },
  async handle(call) {
    const { amountCents = null, occurredAt, ...event } = call.body;
    const secret = call.payments.secrets.get(event.source);
    if (secret !== undefined && !isSignedBy(secret, call.bytes ?? new Uint8Array(), call.signature)) {
      throw new ApiError("UNAUTHENTICATED", `X-Signature is missing, or not the signature of this body by ${event.source}.`);
    }
    const answer: PaymentCallbackAnswer = await within(call, call.payments.accept({ ...event, amountCents, occurredAtMs: Date.parse(occurredAt) }));
    return { status: 202, body: answer };
  },
});

export const PAYMENT_ROUTES = [paymentCallback];
