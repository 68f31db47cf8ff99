/**
 * An open loop: orders are due at a fixed rate whether or not earlier ones have been answered, and their time runs from the
 * moment they were due. A contender that stalls is charged for everybody who would have come meanwhile, which closed clients
 * hide ("coordinated omission", Gil Tene).
 */
import type { Subject } from "../contenders/contender.ts";
import { Watch, type Timing } from "./closed-loop.ts";
import type { Load, Orders } from "./load.ts";
import type { TallyData } from "./tally.ts";

/** Orders that may be open at once: a contender that cannot keep the rate fills it, and the rest counts as dropped. */
const OPEN_MAX = 20_000;

/** Timers fire a millisecond apart at best: what is due by then is sent together. */
const TICK_MS = 1;

export async function openLoop(subject: Subject, load: Load, orders: Orders, perSecond: number, timing: Timing): Promise<TallyData> {
  const watch = new Watch(load.dishes, timing);
  const startedAtMs = performance.now();
  const open = new Set<Promise<void>>();
  let sent = 0;
  for (;;) {
    const nowMs = performance.now();
    if (nowMs >= startedAtMs + timing.rampMs + timing.windowMs) break;
    const due = Math.floor(((nowMs - startedAtMs) / 1000) * perSecond);
    for (; sent < due; sent++) {
      const dueAtMs = startedAtMs + ((sent + 1) / perSecond) * 1000;
      if (open.size >= OPEN_MAX) {
        watch.turnAway(dueAtMs);
        continue;
      }
      const order = orders.next();
      if (!order) break;
      const seen: Promise<void> = watch.see(dueAtMs, order, subject, load.confirms).finally(() => open.delete(seen));
      open.add(seen);
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(open);
  return watch.end();
}
