/**
 * Reads what the API shows of a rush, for an audit without a database. It cannot see reservations and movements of
 * others, nor rows that nobody asks for.
 */
import { integerBetween, seededRandom } from "../../../server/engine/kernel/random.ts";
import { readMenu } from "../menu.ts";
import { asRecord, type Recorder, textOf } from "../recorder.ts";
import type { Wire } from "../wire.ts";
import type { LedgerTransaction, LedgerView } from "./view.ts";

/** One GET each, a few thousand a second: more would make the audit longer than the rush. */
const TRANSACTIONS_MAX = 20_000;
const AT_A_TIME = 16;

/** @returns null when the server does not answer. */
export async function readByHttp(wire: Wire, recorder: Recorder, seed: number): Promise<LedgerView | null> {
  const menu = await readMenu(wire, recorder);
  if (menu.kind === "failed") return null;
  const all = [...recorder.histories.keys()];
  const chosen = all.length <= TRANSACTIONS_MAX ? all : sampleOf(all, seed);
  const transactions: LedgerTransaction[] = [];
  const lookedFor = new Set(chosen);
  await inParallel(chosen, async (txId) => {
    const answer = await wire.send({ method: "GET", path: `/api/v1/transactions/${txId}` });
    if (answer.kind === "answered" && answer.status === 200) transactions.push(transactionOf(asRecord(answer.body)));
    else if (answer.kind === "lost" || answer.status !== 404) lookedFor.delete(txId);
  });
  const coupons: LedgerView["coupons"] = [];
  await inParallel([...recorder.coupons], async (couponId) => {
    const answer = await wire.send({ method: "GET", path: `/api/v1/coupons/${couponId}` });
    const body = answer.kind === "answered" && answer.status === 200 ? asRecord(answer.body) : null;
    if (body) coupons.push({ couponId, state: String(body.state), txId: textOf(body.txId) });
  });
  const isWhole = lookedFor.size === all.length;
  return {
    source: "api",
    transactions,
    sample: isWhole ? null : `${lookedFor.size} of ${all.length} transactions`,
    lookedFor: isWhole ? null : lookedFor,
    dishes: menu.dishes,
    coupons,
    orders: null,
    breaches: null,
    takenByOthers: null,
    restocks: null,
    byHand: null,
  };
}

async function inParallel(ids: readonly string[], work: (id: string) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      while (next < ids.length) await work(ids[next++]!);
    }),
  );
}

function sampleOf(all: string[], seed: number): string[] {
  const random = seededRandom(seed);
  const rest = [...all];
  for (let index = 0; index < TRANSACTIONS_MAX; index++) {
    const other = integerBetween(random, index, rest.length - 1);
    [rest[index], rest[other]] = [rest[other]!, rest[index]!];
  }
  return rest.slice(0, TRANSACTIONS_MAX);
}

function transactionOf(body: Record<string, unknown>): LedgerTransaction {
  const lines = Array.isArray(body.lines) ? body.lines.map(asRecord) : [];
  const ticketId = textOf(body.ticketId);
  return {
    txId: String(body.txId),
    storeId: String(body.storeId),
    orderId: String(body.orderId),
    couponId: textOf(body.couponId),
    state: String(body.state),
    tombstone: textOf(body.storeId) === null || body.storeId === "",
    lines: lines.map((line) => ({
      dishId: String(line.dishId),
      quantity: Number(line.quantity),
      freezeId: String(line.freezeId),
      state: String(line.state),
    })),
    refundTickets: ticketId === null ? [] : [ticketId],
    sweptLateMs: body.state === "EXPIRED" ? Date.parse(String(body.updatedAt)) - Date.parse(String(body.expiresAt)) : null,
  };
}
