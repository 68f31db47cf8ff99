/**
 * What one payment asks for, done with the engine's verbs, and what came of it, as a report. It writes nothing: the ledger does,
 * and the ledger has the last word on refunds. Asked again after it was done, it finds it done.
 */
import { isEngineError } from "../kernel/errors.ts";
import type { Random } from "../kernel/random.ts";
import type { CallContext, MoveAnswer } from "../kernel/types.ts";
import { retryInMs } from "../recovery/backoff.ts";
import type { LeasedPayment, PaymentReport } from "./payment-ledger.ts";
import type { PaymentOutcome, PaymentState } from "./payment-states.ts";

/** A payment that could not be carried out more often goes to a person; slow retries go on. */
export const PAYMENT_FAILURES_MAX = 3;

/** Time one of them may take inside the engine; with its report well within the lease. */
export const CARRY_OUT_TIMEOUT_MS = 2_000;

/**
 * A payment whose transaction has not come waits a fifth of its age before the next look: soon at first, then each minute.
 * That is 25 looks in the first five minutes; with a tenth of its age it were 45, and few orders come after the first second.
 */
const WAIT_MS_MIN = 300;
const WAIT_MS_MAX = 60_000;

/** A transaction that comes later than this after a FAILED is another attempt to pay, and expires by itself if it is not. */
export const UNPAID_WAIT_MS_MAX = 24 * 60 * 60 * 1_000;

/** A Try that is under way is over within a second. */
const BUSY_MS = 300;

export interface PaymentVerbs {
  confirm(txId: string, call: CallContext): Promise<MoveAnswer>;
  cancel(txId: string, call: CallContext): Promise<MoveAnswer>;
}

type Ending = Pick<PaymentReport, "to" | "outcome"> & Partial<PaymentReport>;

export async function carryOut(payment: LeasedPayment, verbs: PaymentVerbs, call: CallContext, random: Random): Promise<PaymentReport> {
  const { paymentKey, attempt, state } = payment;
  const ending = await (payment.status === "PAID" ? carryOutPaid(payment, verbs, call, random) : carryOutFailed(payment, verbs, call, random));
  return { paymentKey, attempt, from: state, errorClass: null, message: null, failed: false, retryInMs: 0, ...ending };
}

async function carryOutPaid(payment: LeasedPayment, verbs: PaymentVerbs, call: CallContext, random: Random): Promise<Ending> {
  if (payment.txId === null) return wait(payment);
  try {
    await verbs.confirm(payment.txId, call);
    return { to: "COMPLETED", outcome: "SOLD" };
  } catch (error) {
    const code = codeOf(error);
    if (code === "REFUND_DUE" || code === "ILLEGAL_STATE") {
      const to = payment.state === "PROCESSING" ? "COMPENSATING" : payment.state;
      return { to, outcome: "REFUND_DUE", errorClass: code, message: messageOf(error) };
    }
    if (code === "UNKNOWN_TRANSACTION") return wait(payment);
    if (code === "IN_PROGRESS") return stay(payment, BUSY_MS);
    return failed(payment, error, random);
  }
}

async function carryOutFailed(payment: LeasedPayment, verbs: PaymentVerbs, call: CallContext, random: Random): Promise<Ending> {
  const end = (outcome: PaymentOutcome): Ending => ({ to: "FAILED", outcome });
  if (payment.overruled) return end("OVERRULED");
  if (payment.txId === null) return payment.ageMs > UNPAID_WAIT_MS_MAX ? end("NO_ORDER") : wait(payment);
  try {
    await verbs.cancel(payment.txId, call);
    return end("CANCELLED");
  } catch (error) {
    const code = codeOf(error);
    if (code === "ILLEGAL_STATE") return end("TOO_LATE");
    if (code === "IN_PROGRESS") return stay(payment, BUSY_MS);
    return failed(payment, error, random);
  }
}

function wait(payment: LeasedPayment): Ending {
  return stay(payment, Math.min(WAIT_MS_MAX, Math.max(WAIT_MS_MIN, payment.ageMs / 5)));
}

function stay({ state }: LeasedPayment, inMs: number): Ending {
  return { to: state, outcome: null, retryInMs: inMs };
}

/** PAID goes one step towards a person; FAILED stays: a reservation that is not cancelled expires. */
function failed({ state, failures }: LeasedPayment, error: unknown, random: Random): Ending {
  const to: PaymentState = state === "PROCESSING" ? "COMPENSATING" : state === "COMPENSATING" && failures + 1 > PAYMENT_FAILURES_MAX ? "MANUAL_REVIEW" : state;
  return { to, outcome: null, errorClass: codeOf(error), message: messageOf(error), failed: true, retryInMs: retryInMs(failures + 1, random) };
}

function codeOf(error: unknown): string {
  return isEngineError(error) ? error.code : "INTERNAL";
}

/** One line for people; ids in it are the order's own. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
