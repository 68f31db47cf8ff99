/**
 * What must be true when everything has healed. The simulator's checks read what the clients recorded and what the ledger committed;
 * the rest looks at what only real parts have: the rows (prisma/sql/audit.sql), the participant's book, and what every server shows
 * and sells. Each check returns what is wrong, as sentences.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { checkAnswers } from "../../server/engine/simulation/checks/answers.ts";
import type { Books } from "../../server/engine/simulation/checks/books.ts";
import { checkDishes } from "../../server/engine/simulation/checks/dish-operations.ts";
import { checkRefusals } from "../../server/engine/simulation/checks/refusals.ts";
import type { History, Supply } from "../../server/engine/simulation/history.ts";
import { auditOf } from "../../server/engine/tiers/tcc/postgres-testing.ts";
import type { Clients } from "./clients.ts";
import { readCommits } from "./commits.ts";
import type { Stage } from "./stage.ts";

/** After healing every transaction ends within this: a reservation's time, its sweep, a lease, the longest pause between two calls, a call. */
export const ENDS_WITHIN_MS = 45_000;

/** What an expired reservation takes to be swept at most, as promised. */
const SWEPT_MS_MAX = 5_000;

/** From the moment a batch reads its clock, its locks taken, to the moment others see it: the rest of the statement, and a flush. */
const COMMIT_MS_MAX = 1_000;

const OPEN = "SELECT count(*)::int AS open FROM transactions WHERE state NOT IN ('CONFIRMED', 'CANCELLED', 'EXPIRED', 'REVERSED')";

/** What a participant's book may say, by the state of the transaction. */
const BOOK: Record<string, readonly string[]> = { CONFIRMED: ["CONFIRMED"], REVERSED: ["REVERSED"], CANCELLED: ["CANCELLED", "FENCED"] };

export interface CheckReport {
  wrong: string[];
  /** Transactions in the ledger, by state. */
  states: Record<string, number>;
  commits: number;
  /** Operations on dishes that were put in a row; of how many dishes the search was given up. */
  dishOperations: number;
  dishesUndecided: number;
  /** Until everything had ended. */
  waitedMs: number;
}

/** Nobody asks for anything while it runs. @param healedAtMs by the machine's clock: when the last fault was mended. */
export async function checkAll(stage: Stage, clients: Clients, supply: Supply, healedAtMs: number): Promise<CheckReport> {
  const startedAtMs = performance.now();
  const open = await untilEnded(stage);
  const waitedMs = performance.now() - startedAtMs;
  const shown = await checkShown(stage, clients, supply);
  await untilEnded(stage); // what the last check reserved
  const { commits, books, wrong: wrongCommits } = await readCommits(stage.sql, supply, clients.calls);
  const history: History = { supply, calls: clients.calls, commits, commitMsMax: COMMIT_MS_MAX };
  const dishes = checkDishes(history, books);
  const wrong = [
    ...(open > 0 ? [`${open} transactions have not ended within ${ENDS_WITHIN_MS / 1_000} s`] : []),
    ...wrongCommits,
    ...checkAnswers(history, books),
    ...checkRefusals(history, books).wrong,
    ...dishes.wrong,
    ...(await auditOf(stage.sql)),
    ...checkSwept(books, healedAtMs),
    ...(await checkBook(stage, books)),
    ...shown,
    ...clients.odd,
  ];
  return { wrong, states: statesOf(books), commits: commits.length, dishOperations: dishes.operations, dishesUndecided: dishes.undecided, waitedMs };
}

async function untilEnded(stage: Stage): Promise<number> {
  const untilMs = performance.now() + ENDS_WITHIN_MS;
  for (;;) {
    const { rows } = await stage.sql.query<{ open: number }>(OPEN);
    const open = rows[0]?.open ?? 0;
    if (open === 0 || performance.now() > untilMs) return open;
    await sleep(250);
  }
}

/** Since the faults stopped nothing has stayed reserved for longer than promised. */
function checkSwept(books: Books, healedAtMs: number): string[] {
  const wrong: string[] = [];
  for (const [txId, { states, expiresAtMs }] of books.accounts) {
    const reserved = states.findIndex(({ state }) => state === "RESERVED");
    const next = states[reserved + 1];
    if (reserved < 0 || !next) continue; // never so, or never again: said elsewhere
    const dueAtMs = Math.max(expiresAtMs, healedAtMs);
    if (next.atMs > dueAtMs + SWEPT_MS_MAX) wrong.push(`${txId} was reserved until ${next.atMs - dueAtMs} ms after it was due`);
    if (next.state === "EXPIRED" && next.atMs < expiresAtMs) wrong.push(`${txId} expired ${expiresAtMs - next.atMs} ms before its time`);
  }
  return wrong;
}

async function checkBook(stage: Stage, books: Books): Promise<string[]> {
  const wrong: string[] = [];
  for (const [txId, { request, state }] of books.accounts) {
    if (!request?.branches?.length) continue; // a fence never had a participant
    const book = await stage.participant.says(txId);
    if (!BOOK[state]?.includes(book)) wrong.push(`the participant says ${book} of ${txId}, which is ${state}`);
  }
  return wrong;
}

/** Every server shows what the row says, sells the last portion of it, and not one more. */
async function checkShown(stage: Stage, clients: Clients, { dishes }: Supply): Promise<string[]> {
  const wrong: string[] = [];
  for (const { dishId, storeId } of dishes) {
    for (const server of stage.servers) {
      const { name, url } = server;
      const probe = `p:${clients.calls.length}`;
      await clients.ask({ verb: "change", request: { dishId, kind: "RESUME", quantity: 0, reason: "check", actor: "check", actionKey: probe } }, server);
      const { rows } = await stage.sql.query<{ available: number }>("SELECT available FROM dishes WHERE dish_id = $1", [dishId]);
      const available = rows[0]?.available ?? 0;
      const answer = await fetch(`${url}/api/v1/dishes/${dishId}`, { headers: { authorization: `Bearer ${stage.key}` } });
      const shown = (await answer.json()) as { available?: number };
      if (shown.available !== available) wrong.push(`${name} shows ${shown.available} of ${dishId}, the row says ${available}`);
      const sell = (quantity: number, txId: string) =>
        clients.ask({ verb: "try", request: { txId, storeId, lines: [{ dishId, quantity }], orderId: txId, couponId: null, ttlSeconds: 5 } }, server);
      const more = await sell(available + 1, `${probe}:more`);
      if (more?.code !== "SOLD_OUT") wrong.push(`${name} answered ${more?.code ?? more?.status ?? "nothing"} to one more of ${dishId} than there are`);
      if (available === 0) continue;
      const rest = await sell(available, `${probe}:rest`);
      if (rest?.status !== 201) wrong.push(`${name} does not sell the last ${available} of ${dishId}: ${rest?.code ?? rest?.status ?? "no answer"}`);
      else await clients.ask({ verb: "cancel", request: { txId: `${probe}:rest` } }, server);
    }
  }
  return wrong;
}

function statesOf(books: Books): Record<string, number> {
  const states: Record<string, number> = {};
  for (const { state } of books.accounts.values()) states[state] = (states[state] ?? 0) + 1;
  return states;
}
