/**
 * What must be true when everything has healed: the rows agree with each other (prisma/sql/audit.sql), with what clients were told,
 * with the participant's book, and with what every server shows. Each check returns what is wrong, as sentences.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PROJECT_DIR } from "../../server/config.ts";
import type { ClientHistory, Verb } from "./history.ts";
import type { Stage } from "./stage.ts";
import type { TrafficDish } from "./traffic.ts";

const AUDIT = readFileSync(join(PROJECT_DIR, "prisma/sql/audit.sql"), "utf8");

/** After healing every transaction ends within this: the longest pause between two calls of a branch, a lease, a reservation's time. */
export const ENDS_WITHIN_MS = 60_000;

const OPEN = "SELECT count(*)::int AS open FROM transactions WHERE state NOT IN ('CONFIRMED', 'CANCELLED', 'EXPIRED', 'REVERSED')";

/** What an acknowledged verb allows in the end. */
const AFTER: Record<Verb, readonly string[]> = { confirm: ["CONFIRMED", "REVERSED"], cancel: ["CANCELLED"], reverse: ["REVERSED"] };

/** What a participant's book may say, by the state of the transaction. */
const BOOK: Record<string, readonly string[]> = { CONFIRMED: ["CONFIRMED"], REVERSED: ["REVERSED"], CANCELLED: ["CANCELLED", "FENCED"] };

interface Row {
  tx_id: string;
  state: string;
  lines: { dishId: string; quantity: number }[] | null;
}

export interface CheckReport {
  wrong: string[];
  /** Transactions in the ledger, by state. */
  states: Record<string, number>;
  waitedMs: number;
}

export async function checkAll(stage: Stage, history: ClientHistory, dishes: readonly TrafficDish[]): Promise<CheckReport> {
  const startedAtMs = performance.now();
  const open = await waitUntilEnded(stage);
  const waitedMs = performance.now() - startedAtMs;
  const { rows } = await stage.sql.query<Row>(
    `SELECT tx_id, state::text AS state, (SELECT json_agg(json_build_object('dishId', dish_id, 'quantity', quantity)) FROM reservations r WHERE r.tx_id = t.tx_id) AS lines
       FROM transactions t`,
  );
  const byId = new Map(rows.map((row) => [row.tx_id, row]));
  const states: Record<string, number> = {};
  for (const { state } of rows) states[state] = (states[state] ?? 0) + 1;
  const { rows: audit } = await stage.sql.query<{ rule: string; subject: string; expected: string; found: string }>(AUDIT);
  const wrong = [
    ...(open > 0 ? [`${open} transactions have not ended within ${ENDS_WITHIN_MS / 1_000} s`] : []),
    ...audit.map(({ rule, subject, expected, found }) => `${rule}: ${subject} should be ${expected}, is ${found}`),
    ...checkTold(history, byId),
    ...(await checkBook(stage, history, byId)),
    ...(await checkShown(stage, dishes)),
    ...history.odd,
  ];
  return { wrong, states, waitedMs };
}

async function waitUntilEnded(stage: Stage): Promise<number> {
  const untilMs = performance.now() + ENDS_WITHIN_MS;
  for (;;) {
    const open = await stage.sql.query<{ open: number }>(OPEN).then(({ rows }) => rows[0]?.open ?? 0, () => Number.POSITIVE_INFINITY);
    if (open === 0 || performance.now() > untilMs) return open;
    await sleep(250);
  }
}

export function checkTold({ transactions }: ClientHistory, byId: ReadonlyMap<string, Row>): string[] {
  const wrong: string[] = [];
  for (const { txId, dishId, quantity, reserved, acknowledged, contradictions } of transactions.values()) {
    wrong.push(...contradictions);
    const row = byId.get(txId);
    if (reserved && !row) wrong.push(`${txId} was acknowledged and is lost`);
    if (reserved && row && JSON.stringify(row.lines) !== JSON.stringify([{ dishId, quantity }])) wrong.push(`${txId} holds ${JSON.stringify(row.lines)}, acknowledged were ${quantity} of ${dishId}`);
    for (const verb of acknowledged) {
      if (!AFTER[verb].includes(row?.state ?? "")) wrong.push(`${verb} of ${txId} was acknowledged, and it is ${row?.state ?? "lost"}`);
    }
  }
  return wrong;
}

async function checkBook(stage: Stage, { transactions }: ClientHistory, byId: ReadonlyMap<string, Row>): Promise<string[]> {
  const wrong: string[] = [];
  for (const { txId, hasParticipant } of transactions.values()) {
    const row = byId.get(txId);
    if (!hasParticipant || !row?.lines) continue; // a fence never had a participant
    const book = await stage.participant.says(txId);
    if (!BOOK[row.state]?.includes(book)) wrong.push(`the participant says ${book} of ${txId}, which is ${row.state}`);
  }
  return wrong;
}

/** Every server shows what the row says, sells the last portion of it, and not one more. */
async function checkShown(stage: Stage, dishes: readonly TrafficDish[]): Promise<string[]> {
  const wrong: string[] = [];
  const ask = async (url: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await fetch(url + path, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${stage.key}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  let probes = 0;
  for (const { dishId, storeId } of dishes) {
    const { rows } = await stage.sql.query<{ available: number }>("SELECT available FROM dishes WHERE dish_id = $1", [dishId]);
    const available = rows[0]?.available ?? 0;
    for (const { name, url } of stage.servers) {
      const shown = await ask(url, `/api/v1/dishes/${dishId}`);
      if (shown.body.available !== available) wrong.push(`${name} shows ${shown.body.available} of ${dishId}, the row says ${available}`);
      const sell = (quantity: number) => ask(url, "/api/v1/transactions", { txId: `probe:${dishId}:${name.replace(" ", "")}:${++probes}`, storeId, lines: [{ dishId, quantity }], ttlSeconds: 60 });
      const more = await sell(available + 1);
      if (more.body.code !== "SOLD_OUT") wrong.push(`${name} answered ${more.status} ${more.body.code ?? ""} to one more of ${dishId} than there are`);
      if (available === 0) continue;
      const all = await sell(available);
      if (all.status !== 201) wrong.push(`${name} does not sell the last ${available} of ${dishId}: ${all.status} ${all.body.code ?? ""}`);
      else await ask(url, `/api/v1/transactions/${all.body.txId}/cancel`, {});
    }
  }
  return wrong;
}
