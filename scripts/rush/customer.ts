/**
 * One order from its first Try to its end, as a customer goes about it. The plan decides what happens; the answers only
 * whether it can go on. Sends through the till, judges nothing.
 */
import type { Day } from "./day.ts";
import { type Attempt, certaintyOf, type History } from "./history.ts";
import type { Recorder } from "./recorder.ts";
import type { Till, TryPayload } from "./till.ts";
import { mergedLines, type OrderPlan } from "./workload.ts";

/** An expired reservation is swept within 5 s; late payers come up to 6 s late, on both sides of that. */
const LATE_FACTOR = 10;

export interface OrderContext {
  till: Till;
  recorder: Recorder;
  day: Day;
  /** A coupon on offer now, by the plan's draw; null when there is none. */
  couponAt(draw: number): string | null;
}

export async function placeOrder(context: OrderContext, plan: OrderPlan, txId: string, intendedAtMs?: number): Promise<void> {
  const { till, recorder, day } = context;
  recorder.orders += 1;
  const payload = payloadOf(plan, txId, plan.coupon === null ? null : context.couponAt(plan.coupon));
  const history = begin(recorder, payload);
  const move = (verb: "confirm" | "cancel" | "reverse") => till.move(history, verb, plan.moveSending, plan.hangUpAfterMs);
  const tries = () => till.try(history, payload, plan.trySending, plan.hangUpAfterMs, intendedAtMs);

  switch (plan.script) {
    case "stranger":
      await till.move(history, "confirm");
      return;
    case "cancelFirst":
      if (said(await move("cancel"))) await tries();
      return;
    case "overtake":
      await Promise.all([tries(), move("cancel")]);
      return;
  }

  if (!said(await tries())) return;
  if (plan.asksAgain) await till.try(history, payload);

  switch (plan.script) {
    case "abandon":
      return;
    case "payLate":
      await day.think(plan.ttlSeconds * 1000 + plan.thinkMs * LATE_FACTOR);
      await move("confirm");
      return;
    case "otherPayload":
      await till.alteredTry(history, alteredPayload(payload));
      break;
    case "sameOrder":
      await competeForOrder(context, plan, payload, history);
      return;
  }

  await day.think(plan.thinkMs);
  switch (plan.script) {
    case "cancel":
      await move("cancel");
      return;
    case "cancelTwice":
      await move("cancel");
      await till.move(history, "cancel");
      return;
    case "race":
      await Promise.all([till.move(history, "confirm"), till.move(history, "cancel")]);
      return;
    case "tryAfterCancel":
      if (said(await move("cancel"))) await till.try(history, payload);
      return;
    default:
      if (!said(await move("confirm"))) return;
      if (plan.asksAgain) await till.move(history, "confirm");
      if (plan.script === "reverse") {
        await day.think(plan.thinkMs);
        await move("reverse");
      }
  }
}

/** A second transaction for the order of `first`: refused until the first is cancelled, welcome afterwards. */
async function competeForOrder({ till, recorder }: OrderContext, plan: OrderPlan, payload: TryPayload, first: History): Promise<void> {
  const secondPayload: TryPayload = { ...payload, txId: `${payload.txId}:2` };
  delete secondPayload.couponId;
  const second = begin(recorder, secondPayload);
  await till.try(second, secondPayload);
  if (!said(await till.move(first, "cancel", plan.moveSending, plan.hangUpAfterMs))) return;
  if (said(await till.try(second, secondPayload))) await till.move(second, "confirm");
}

function begin(recorder: Recorder, payload: TryPayload): History {
  return recorder.begin({
    txId: payload.txId,
    storeId: payload.storeId,
    orderId: payload.orderId ?? payload.txId,
    couponId: payload.couponId ?? null,
    lines: mergedLines(payload.lines),
    ttlSeconds: payload.ttlSeconds,
  });
}

function payloadOf(plan: OrderPlan, txId: string, couponId: string | null): TryPayload {
  const payload: TryPayload = { txId, storeId: plan.storeId, lines: plan.lines, ttlSeconds: plan.ttlSeconds };
  if (plan.ownOrderId) payload.orderId = `${txId}:order`;
  if (couponId !== null) payload.couponId = couponId;
  return payload;
}

function alteredPayload(payload: TryPayload): TryPayload {
  const [first, ...rest] = payload.lines;
  return { ...payload, lines: [{ dishId: first!.dishId, quantity: first!.quantity + 1 }, ...rest] };
}

function said(attempt: Attempt): boolean {
  return certaintyOf(attempt) === "done";
}
