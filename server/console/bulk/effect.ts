/** What a verb would do to a whole frozen list: added up in the database, from the rows as they are now. Read only. */
import type { BulkEffect, BulkSheet } from "../../contracts/bulk.ts";
import type { ManualVerb } from "../../contracts/console.ts";
import { STOCK_EFFECTS, type TransactionState } from "../../engine/kernel/states.ts";
import { isLegalByHand } from "../../engine/kernel/hand-verbs.ts";
import { targetOf, VERB_TARGETS } from "../../engine/kernel/states.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { databaseNowMs } from "../transactions/rows.ts";
import { bulkOf, viewsOf } from "./lists.ts";

const DISHES_MAX = 12;
const SAMPLE_MAX = 8;
const PROBLEMS_MAX = 50;

interface PortionRow {
  dish_id: string;
  state: TransactionState;
  remote: boolean;
  portions: number;
  name_en: string;
  name_zh: string;
  price_cents: number;
  available: number;
  frozen: number;
  sold: number;
}

export async function readBulkSheet(prisma: PrismaClient, bulkId: string): Promise<BulkSheet> {
  const bulk = await bulkOf(prisma, bulkId);
  const verb = bulk.verb as ManualVerb;
  const [atMs, [view], effect, sample, problems] = await Promise.all([
    databaseNowMs(prisma),
    viewsOf(prisma, [bulk]),
    effectOf(prisma, bulkId, verb),
    prisma.bulkItem.findMany({ where: { bulkId }, orderBy: { itemNo: "asc" }, take: SAMPLE_MAX }),
    prisma.bulkItem.findMany({ where: { bulkId, state: { in: ["REFUSED", "FAILED"] } }, orderBy: { itemNo: "asc" }, take: PROBLEMS_MAX }),
  ]);
  if (view === undefined) throw new Error("a list has no view");
  return {
    ...view,
    atMs,
    effect,
    sample: sample.map(({ txId }) => txId),
    problems: problems.map(({ txId, state, result }) => ({ txId, state: state as "REFUSED" | "FAILED", result })),
  };
}

/** Of those that have still to be done. */
async function effectOf(prisma: PrismaClient, bulkId: string, verb: ManualVerb): Promise<BulkEffect> {
  const [states, portions, [coupons], participants] = await Promise.all([
    prisma.$queryRaw<{ state: TransactionState; count: number }[]>`
      SELECT t.state::text AS state, count(*)::int AS count FROM bulk_items i JOIN transactions t ON t.tx_id = i.tx_id
       WHERE i.bulk_id = ${bulkId} AND i.state IN ('WAITING', 'ASKED') GROUP BY 1`,
    prisma.$queryRaw<PortionRow[]>`
      SELECT r.dish_id, t.state::text AS state, t.remote_branches > 0 AS remote, sum(r.quantity)::int AS portions,
             d.name_en, d.name_zh, d.price_cents, d.available, d.frozen, d.sold
        FROM bulk_items i JOIN transactions t ON t.tx_id = i.tx_id JOIN reservations r ON r.tx_id = t.tx_id JOIN dishes d ON d.dish_id = r.dish_id
       WHERE i.bulk_id = ${bulkId} AND i.state IN ('WAITING', 'ASKED') GROUP BY 1, 2, 3, d.dish_id`,
    prisma.$queryRaw<{ count: number }[]>`
      SELECT count(t.coupon_id)::int AS count FROM bulk_items i JOIN transactions t ON t.tx_id = i.tx_id WHERE i.bulk_id = ${bulkId} AND i.state IN ('WAITING', 'ASKED')`,
    prisma.$queryRaw<{ participant: string; calls: number }[]>`
      SELECT b.participant, count(*)::int AS calls FROM bulk_items i JOIN branches b ON b.tx_id = i.tx_id
       WHERE i.bulk_id = ${bulkId} AND i.state IN ('WAITING', 'ASKED') AND (${verb !== "retry"} OR b.next_attempt_at IS NOT NULL) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20`,
  ]);
  const dishes = new Map<string, BulkEffect["dishes"][number]>();
  let amountCents = 0;
  for (const row of portions) {
    if (!isLegalByHand(verb, row.state)) continue;
    amountCents += row.portions * row.price_cents;
    const before = { available: row.available, frozen: row.frozen, sold: row.sold };
    const known = dishes.get(row.dish_id) ?? { dishId: row.dish_id, names: { en: row.name_en, "zh-CN": row.name_zh }, portions: 0, before, after: verb === "retry" ? null : { ...before } };
    known.portions += row.portions;
    const factors = factorsOf(row.state, verb, row.remote);
    if (known.after !== null && factors !== null) {
      known.after.available += factors.available * row.portions;
      known.after.frozen += factors.frozen * row.portions;
      known.after.sold += factors.sold * row.portions;
    }
    dishes.set(row.dish_id, known);
  }
  const most = [...dishes.values()].sort((a, b) => b.portions - a.portions || (a.dishId < b.dishId ? -1 : 1));
  return {
    states: Object.fromEntries(states.map(({ state, count }) => [state, count])),
    amountCents,
    coupons: verb === "retry" ? 0 : (coupons?.count ?? 0),
    dishes: most.slice(0, DISHES_MAX),
    otherDishes: Math.max(0, most.length - DISHES_MAX),
    participants,
  };
}

function factorsOf(state: TransactionState, verb: ManualVerb, remote: boolean) {
  if (verb === "retry") return null;
  const move = `${state}>${targetOf(VERB_TARGETS[verb], remote ? 1 : 0)}`;
  return move in STOCK_EFFECTS ? STOCK_EFFECTS[move as keyof typeof STOCK_EFFECTS] : null;
}
