/**
 * How many Trys a second stock_batch decides, called in a closed loop with nothing around it: the limit of what an engine
 * above it can reach. One line a basket, dishes by Zipf or one for all, never sold out.
 */
import pg from "pg";
import { realClock } from "../../../kernel/clock.ts";
import { seededRandom } from "../../../kernel/random.ts";
import { isLedgerFailure, type LedgerBatch, type LedgerTry } from "../ledger.ts";
import { PostgresLedger } from "../postgres-ledger.ts";

const HASH = "0123456789abcdef0123456789abcdef";
const STAGES = { accessMs: 0.41, casMs: 0.02, lockMs: 1.72, redisMs: 0.55 };
/** Supplied to each dish: below what a column holds, above what any run takes. */
const PLENTY = 2_000_000_000;
/** Plans, caches and the first checkpoint's full pages. */
const WARM_UP_BATCHES = 30;

export interface Speed {
  batch: number;
  sessions: number;
  dishes: number;
  trysPerSecond: number;
  /** Moves to CONFIRMED of what was tried. */
  movesPerSecond: number;
  p50Ms: number;
  p99Ms: number;
}

export async function measure(databaseUrl: string, batch: number, sessions: number, dishes: number, seconds: number): Promise<Speed> {
  const admin = new pg.Client({ connectionString: databaseUrl });
  await admin.connect();
  const name = `speed-${process.pid}-${batch}-${sessions}-${dishes}-${Math.floor(realClock.nowMs())}`;
  const dishIds = Array.from({ length: dishes }, (_, index) => `${name}-${index}`);
  await admin.query("INSERT INTO dishes (dish_id, store_id, name_en, name_zh, price_cents, supplied, available) SELECT id, 'speed', 'x', 'x', 1, $2, $2 FROM unnest($1::text[]) AS id", [dishIds, PLENTY]);
  await admin.query("INSERT INTO stock_movements (dish_id, kind, quantity, actor, action_key) SELECT id, 'SUPPLY', $2, 'speed', id FROM unnest($1::text[]) AS id", [dishIds, PLENTY]);
  await admin.end();

  const times: number[] = [];
  let trys = 0;
  let trySeconds = 0;
  let moveSeconds = 0;
  const session = async (index: number): Promise<void> => {
    const ledger = new PostgresLedger({ databaseUrl, connectionsMax: 1 });
    const random = seededRandom(index + 1);
    let made = 0;
    const next = (): LedgerBatch => {
      const wanted = Array.from({ length: batch }, (): LedgerTry => {
        const txId = `${name}-${index}-${++made}`;
        const dishId = dishIds[Math.floor(dishes ** random.next()) - 1] as string; // log-uniform: close to Zipf
        return { txId, storeId: "speed", orderId: txId, couponId: null, payloadHash: HASH, ttlSeconds: 900, lines: [{ dishId, quantity: 1 }], traceId: HASH, stages: STAGES };
      });
      return { batchId: name, dishIds: [...new Set(wanted.map(({ lines }) => lines[0]?.dishId as string))], trys: wanted, moves: [], changes: [] };
    };
    const timed = async (work: LedgerBatch): Promise<number> => {
      for (;;) {
        const startedAtMs = realClock.monotonicMs();
        try {
          await ledger.runBatch(work);
          return realClock.monotonicMs() - startedAtMs;
        } catch (error) {
          if (!isLedgerFailure(error) || error.kind !== "conflict") throw error;
        }
      }
    };
    for (let warm = 0; warm < WARM_UP_BATCHES; warm++) await timed(next());
    const done: LedgerBatch[] = [];
    for (let endAtMs = realClock.monotonicMs() + (seconds * 1_000) / 2; realClock.monotonicMs() < endAtMs; ) {
      const work = next();
      const ms = await timed(work);
      times.push(ms);
      trySeconds += ms / 1_000;
      trys += batch;
      done.push(work);
    }
    for (const work of done) {
      const moves = work.trys.map(({ txId }) => ({ txId, to: "CONFIRMED" as const, cause: null }));
      moveSeconds += (await timed({ ...work, trys: [], moves })) / 1_000;
    }
    await ledger.close();
  };
  await Promise.all(Array.from({ length: sessions }, (_, index) => session(index)));
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    batch,
    sessions,
    dishes,
    trysPerSecond: (trys / trySeconds) * sessions,
    movesPerSecond: (trys / moveSeconds) * sessions,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}
