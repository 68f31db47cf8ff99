/**
 * Rows of the page of transactions: the API's read model with the names people read, what is newer than what one has, and
 * what became of the rows one looks at. Read only, every read bounded.
 */
import { cursorOf, type PageKey } from "../../contracts/cursor.ts";
import type { Names } from "../../contracts/console.ts";
import { NEW_COUNT_MAX, ROWS_PAGE, type TransactionRow, type TransactionRows, type Watched } from "../../contracts/transaction-page.ts";
import type { Transaction, TransactionsQuery } from "../../contracts/transactions.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { countNewer, readTransactions, readTransactionsOf } from "../reads/transactions.ts";

export type Filters = Omit<TransactionsQuery, "limit">;

export async function readRows(prisma: PrismaClient, filters: Filters): Promise<TransactionRows> {
  const atMs = await databaseNowMs(prisma);
  const { transactions, nextCursor } = await readTransactions(prisma, { ...filters, limit: ROWS_PAGE });
  const [first] = transactions;
  return { atMs, rows: await rowsOf(prisma, transactions), nextCursor, newest: first === undefined ? cursorOf({ createdAtMs: atMs, id: "-" }) : newestOf(first) };
}

/** @param newest null: nothing is counted. */
export async function watchRows(prisma: PrismaClient, filters: Filters, txIds: readonly string[], newest: PageKey | null): Promise<Watched> {
  const [atMs, transactions, newer] = await Promise.all([
    databaseNowMs(prisma),
    txIds.length === 0 ? [] : readTransactionsOf(prisma, txIds),
    newest === null ? 0 : countNewer(prisma, filters, newest, NEW_COUNT_MAX),
  ]);
  return { atMs, rows: await rowsOf(prisma, transactions), newer };
}

export async function rowsOf(prisma: PrismaClient, transactions: readonly Transaction[]): Promise<TransactionRow[]> {
  const { dishes, stores } = await namesOf(prisma, transactions);
  return transactions.map((transaction): TransactionRow => {
    const { txId, orderId, storeId, state, cause, couponId, lines, branches, ticketId } = transaction;
    const undone = branches.filter(({ kind, nextAttemptAt }) => kind === "remote" && nextAttemptAt !== null);
    const worst = undone.sort((a, b) => Number(b.lastError !== null) - Number(a.lastError !== null) || b.attempts - a.attempts)[0];
    return {
      txId,
      orderId,
      storeId,
      storeNames: storeId === null ? null : (stores.get(storeId) ?? { en: storeId, "zh-CN": storeId }),
      state,
      cause,
      couponId,
      lines: lines.map(({ dishId, quantity }) => ({ dishId, quantity, names: dishes.get(dishId) ?? { en: dishId, "zh-CN": dishId } })),
      createdAtMs: Date.parse(transaction.createdAt),
      updatedAtMs: Date.parse(transaction.updatedAt),
      expiresAtMs: Date.parse(transaction.expiresAt),
      stuck: worst === undefined ? null : { participant: worst.participant, attempts: worst.attempts, lastError: worst.lastError, nextAttemptAtMs: worst.nextAttemptAt === null ? null : Date.parse(worst.nextAttemptAt) },
      ticketId,
    };
  });
}

export async function namesOf(prisma: PrismaClient, transactions: readonly Transaction[]): Promise<{ dishes: Map<string, Names>; stores: Map<string, Names> }> {
  const dishIds = [...new Set(transactions.flatMap(({ lines }) => lines.map(({ dishId }) => dishId)))];
  const storeIds = [...new Set(transactions.flatMap(({ storeId }) => (storeId === null ? [] : [storeId])))];
  const [dishes, stores] = await Promise.all([
    dishIds.length === 0 ? [] : prisma.dish.findMany({ where: { dishId: { in: dishIds } }, select: { dishId: true, nameEn: true, nameZh: true } }),
    storeIds.length === 0 ? [] : prisma.store.findMany({ where: { storeId: { in: storeIds } } }),
  ]);
  return {
    dishes: new Map(dishes.map(({ dishId, nameEn, nameZh }) => [dishId, { en: nameEn, "zh-CN": nameZh }])),
    stores: new Map(stores.map(({ storeId, nameEn, nameZh }) => [storeId, { en: nameEn, "zh-CN": nameZh }])),
  };
}

export async function databaseNowMs(prisma: PrismaClient): Promise<number> {
  const [row] = await prisma.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`;
  return (row?.now ?? new Date()).getTime();
}

function newestOf({ createdAt, txId }: Transaction): string {
  return cursorOf({ createdAtMs: Date.parse(createdAt), id: txId });
}
