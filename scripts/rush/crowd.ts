/**
 * Who orders when. Closed loop: every customer orders again after the last order. Open loop: orders come at a fixed
 * rate whatever the answers, and those that find every customer busy are dropped and counted.
 */
import { type OrderContext, placeOrder } from "./customer.ts";
import type { Workload } from "./workload.ts";

/** Arrivals are started in bunches this far apart; a timer cannot be much finer. */
const ARRIVAL_TICK_MS = 4;

export interface Crowd {
  context: OrderContext;
  workload: Workload;
  customers: number;
  /** Names one transaction of this rush. */
  txIdOf(customer: number, index: number): string;
}

export async function closedLoop({ context, workload, customers, txIdOf }: Crowd): Promise<void> {
  await Promise.all(
    Array.from({ length: customers }, async (_, customer) => {
      // The first pause spreads the customers: a rush does not begin with everybody in step.
      for (let index = 0; ; index++) {
        const plan = workload.plan(customer, index);
        await context.day.think(plan.pauseMs);
        if (context.day.closing) return;
        await placeOrder(context, plan, txIdOf(customer, index));
      }
    }),
  );
}

export async function openLoop({ context, workload, customers, txIdOf }: Crowd, ratePerSecond: number): Promise<void> {
  const { day, recorder } = context;
  const startedAtMs = performance.now();
  const underWay = new Set<Promise<void>>();
  let arrived = 0;
  while (!day.closing) {
    const due = Math.floor(((performance.now() - startedAtMs) / 1000) * ratePerSecond);
    for (; arrived < due; arrived++) {
      if (underWay.size >= customers) {
        recorder.dropped += 1;
        continue;
      }
      const intendedAtMs = startedAtMs + (arrived / ratePerSecond) * 1000;
      const order = placeOrder(context, workload.plan(0, arrived), txIdOf(0, arrived), intendedAtMs).finally(() => underWay.delete(order));
      underWay.add(order);
    }
    await day.think(ARRIVAL_TICK_MS);
  }
  await Promise.all(underWay);
}
