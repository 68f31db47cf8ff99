/**
 * What a few letters of a name, or an id that was pasted, may mean. It reads only, and only what an index finds at once (the
 * menu is small): it is asked at each pause in somebody's typing. Everybody who is signed in may ask.
 */
import type { Hono } from "hono";
import { findQuery, type Found } from "../contracts/find.ts";
import { ID_PATTERN } from "../contracts/limits.ts";
import { Prisma, type PrismaClient } from "../generated/prisma/client.ts";
import type { ConsoleEnv } from "./api.ts";
import { problem } from "./problem.ts";
import { containing } from "./reads/pages.ts";

const EACH_MAX = 6;
const WORDS_MAX = 6;
/** Greater than every character of an id. */
const AFTER_IDS = "~";

export function addFindRoutes(app: Hono<ConsoleEnv>, { prisma }: { prisma: PrismaClient }): void {
  app.get("/console/find", async (c) => {
    const query = findQuery.safeParse(c.req.query());
    if (!query.success) return problem(c, "VALIDATION", "A few letters, or an id, are needed.");
    return c.json((await find(prisma, query.data.q)) satisfies Found);
  });
}

async function find(prisma: PrismaClient, q: string): Promise<Found> {
  const isId = ID_PATTERN.test(q);
  const [dishes, transactions, tickets] = await Promise.all([dishesOf(prisma, q), isId ? transactionsOf(prisma, q) : [], isId ? ticketsOf(prisma, q) : []]);
  return { dishes, transactions, tickets };
}

/** Every word must be found, in any order: in a name of either language, in the store's, or in an id. */
async function dishesOf(prisma: PrismaClient, q: string): Promise<Found["dishes"]> {
  const words = q.split(/\s+/).slice(0, WORDS_MAX).map((word) => Prisma.sql`concat_ws(' ', d.dish_id, d.name_en, d.name_zh, s.name_en, s.name_zh) ILIKE ${containing(word)}`);
  const rows = await prisma.$queryRaw<{ dish_id: string; en: string; zh: string; store_en: string | null; store_zh: string | null; store_id: string }[]>`
    SELECT d.dish_id, d.store_id, d.name_en AS en, d.name_zh AS zh, s.name_en AS store_en, s.name_zh AS store_zh
      FROM dishes d LEFT JOIN stores s ON s.store_id = d.store_id
     WHERE ${Prisma.join(words, " AND ")}
     -- Its own name before its store's.
     ORDER BY d.dish_id = ${q} DESC, concat_ws(' ', d.name_en, d.name_zh) ILIKE ${containing(q)} DESC, d.dish_id LIMIT ${EACH_MAX}`;
  return rows.map(({ dish_id, store_id, en, zh, store_en, store_zh }) => ({
    dishId: dish_id,
    names: { en, "zh-CN": zh },
    storeNames: { en: store_en ?? store_id, "zh-CN": store_zh ?? store_id },
  }));
}

/** Those whose id begins so, and those of the order. */
async function transactionsOf(prisma: PrismaClient, q: string): Promise<Found["transactions"]> {
  return prisma.$queryRaw<Found["transactions"]>`
    SELECT tx_id AS "txId", nullif(order_id, '') AS "orderId", state::text AS state
      FROM ((SELECT tx_id, order_id, state FROM transactions WHERE tx_id >= ${q} AND tx_id < ${q + AFTER_IDS} ORDER BY tx_id LIMIT ${EACH_MAX})
            UNION
            (SELECT tx_id, order_id, state FROM transactions WHERE order_id = ${q} LIMIT ${EACH_MAX})) found
     ORDER BY tx_id = ${q} DESC, order_id = ${q} DESC, tx_id LIMIT ${EACH_MAX}`;
}

async function ticketsOf(prisma: PrismaClient, q: string): Promise<Found["tickets"]> {
  const ticket = await prisma.ticket.findUnique({ where: { ticketId: q }, select: { ticketId: true, kind: true, txId: true, closedAt: true } });
  return ticket === null ? [] : [{ ticketId: ticket.ticketId, kind: ticket.kind, txId: ticket.txId, open: ticket.closedAt === null }];
}
