/**
 * The audit of one rush: waits until everything has ended, reads the ledger, and lets the checkers judge.
 * With a database it sees every row; without one, what the API shows. It changes nothing.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { factsOf, type History } from "../history.ts";
import { readMenu } from "../menu.ts";
import { asRecord, type Recorder, textOf } from "../recorder.ts";
import type { Wire } from "../wire.ts";
import { readByHttp } from "./http.ts";
import { checkRows, overtaken } from "./rows.ts";
import type { LedgerDatabase } from "./sql.ts";
import { checkStock, differences, type StockEvidence } from "./stock.ts";
import { checkTold, splitAnswers } from "./told.ts";
import { INVARIANTS, type Invariant, notChecked, type Verdict } from "./verdict.ts";
import { ENDED_STATES, type LedgerView } from "./view.ts";

/** An expired reservation is swept within 5 s; a busy machine and a server just restarted get twice that on top. */
const SWEEP_MS_MAX = 5_000;
const SLACK_MS = 10_000;
/** How long a server that is away may take to come back. */
const RETURN_MS_MAX = 60_000;
const LOOK_EVERY_MS = 500;
/** After the last request: what a lost answer left under way has ended by then (a server's own budget is 800 ms). */
const REST_MS = 1_500;
const AGREE_ATTEMPTS = 8;

export interface AuditCase {
  run: string;
  seed: number;
  recorder: Recorder;
  wire: Wire;
  database: { ledger: LedgerDatabase; since: Date } | null;
  /** Told what the audit is doing. */
  say(what: string): void;
}

export interface AuditReport {
  source: LedgerView["source"];
  verdicts: Verdict[];
  waitedMs: number;
  /** The rush's transactions by their final state. */
  states: Record<string, number>;
  /** The longest from a reservation's end to its sweep; null when nothing expired. */
  sweptLateMsMax: number | null;
  /** Transactions on which a person acted; exempt from what the rush can assert. */
  byHand: number;
  /** Reserved by a lost copy after another copy was refused. */
  overtaken: string[];
  /** Double clicks of which one was reserved, one refused. */
  split: string[];
}

/** @returns null when the server stays away: nothing can be said. */
export async function runAudit(auditCase: AuditCase): Promise<AuditReport | null> {
  const { recorder, wire, run, seed, say } = auditCase;
  const startedAtMs = performance.now();
  const histories = [...recorder.histories.values()];
  if (!(await serverReturns(wire, say))) return null;
  await sleep(REST_MS);

  let database = auditCase.database;
  if (database) {
    try {
      await waitUntilEnded(recorder, say, () => database!.ledger.open(run));
    } catch (error) {
      say(`the database does not answer (${(error as Error).message}); going on over HTTP`);
      database = null;
    }
  }
  if (!database) await waitUntilEnded(recorder, say, openByHttp(wire, histories));
  const waitedMs = performance.now() - startedAtMs;

  say("reading the ledger");
  const view = database ? await database.ledger.read(run, database.since) : await readByHttp(wire, recorder, seed);
  if (!view) return null;
  const byHand = new Set(view.byHand ?? []);
  const evidence: StockEvidence = {
    view,
    shown: database ? await compareShown(wire, recorder, database.ledger) : null,
    restocks: [...recorder.restocks.values()],
    coupons: recorder.coupons,
    doubtful: recorder.doubtful,
    odd: recorder.odd,
    soldOutAnswers: recorder.answers.get("try")?.get("SOLD_OUT") ?? 0,
  };
  const verdicts = [
    ...checkTold(histories, byHand),
    ...checkRows(recorder.histories, view),
    ...checkStock(evidence),
  ];
  return {
    source: view.source,
    verdicts: inOrder(verdicts),
    waitedMs,
    byHand: byHand.size,
    overtaken: overtaken(recorder.histories, view),
    split: splitAnswers(histories),
    ...summaryOf(view),
  };
}

/** Every invariant has a verdict, in the order of the table. */
function inOrder(verdicts: readonly Verdict[]): Verdict[] {
  const found = new Map(verdicts.map((verdict) => [verdict.invariant, verdict]));
  return (Object.keys(INVARIANTS) as Invariant[]).map((name) => found.get(name) ?? notChecked(name, "no checker answered"));
}

function summaryOf(view: LedgerView): Pick<AuditReport, "states" | "sweptLateMsMax"> {
  const states: Record<string, number> = {};
  let sweptLateMsMax: number | null = null;
  for (const { state, sweptLateMs } of view.transactions) {
    states[state] = (states[state] ?? 0) + 1;
    if (sweptLateMs !== null) sweptLateMsMax = Math.max(sweptLateMsMax ?? 0, sweptLateMs);
  }
  return { states, sweptLateMsMax };
}

function undecided(histories: readonly History[]): History[] {
  return histories.filter((history) => {
    const facts = factsOf(history);
    return (facts.accepted || facts.tryUnknown) && !facts.confirmed && !facts.cancelled;
  });
}

/** Without a database: asks for each transaction that was not decided, until it has ended. */
function openByHttp(wire: Wire, histories: readonly History[]): () => Promise<string[]> {
  let open = undecided(histories).map((history) => history.txId);
  return async () => {
    const still: string[] = [];
    for (const txId of open) {
      const answer = await wire.send({ method: "GET", path: `/api/v1/transactions/${txId}` });
      const isGone = answer.kind === "answered" && answer.status === 404;
      const state = answer.kind === "answered" ? textOf(asRecord(answer.body).state) : null;
      if (!isGone && !ENDED_STATES.has(state ?? "")) still.push(txId);
    }
    open = still;
    return open;
  };
}

/** Waits as long as what is still open may be, and no longer. */
async function waitUntilEnded(recorder: Recorder, say: AuditCase["say"], findOpen: () => Promise<string[]>): Promise<void> {
  const startedAtMs = performance.now();
  for (;;) {
    const open = (await findOpen()).filter((txId) => !isLeftStuck(recorder.histories.get(txId)));
    const ends = open.map((txId) => endOf(recorder.histories.get(txId)) ?? startedAtMs);
    const leftMs = Math.max(startedAtMs, ...ends) + SWEEP_MS_MAX + SLACK_MS - performance.now();
    if (open.length === 0 || leftMs <= 0) return;
    say(`waiting for ${open.length} reservations to end, at most ${Math.ceil(leftMs / 1000)} s more`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** On the client's clock, when a reservation runs out at the latest; null: nobody tried. */
function endOf(history: History | undefined): number | null {
  const answered = history?.attempts.filter(({ verb }) => verb === "try").map(({ doneAtMs }) => doneAtMs) ?? [];
  return answered.length === 0 ? null : Math.max(...answered) + history!.ttlSeconds * 1000;
}

/** Decided, and made to stay so. */
function isLeftStuck(history: History | undefined): boolean {
  return history?.stuck === true && history.attempts.some(({ verb, status }) => verb === "confirm" && status === 202);
}

async function serverReturns(wire: Wire, say: AuditCase["say"]): Promise<boolean> {
  const untilMs = performance.now() + RETURN_MS_MAX;
  while (performance.now() < untilMs) {
    const answer = await wire.send({ method: "GET", path: "/api/ready" });
    if (answer.kind === "answered" && answer.status === 200) return true;
    say(`waiting for the server to come back, at most ${Math.ceil((untilMs - performance.now()) / 1000)} s more`);
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}

/** At rest both say the same; the API may lag by a second. */
async function compareShown(wire: Wire, recorder: Recorder, ledger: LedgerDatabase): Promise<StockEvidence["shown"]> {
  let shown: StockEvidence["shown"] = null;
  for (let attempt = 1; attempt <= AGREE_ATTEMPTS; attempt++) {
    const menu = await readMenu(wire, recorder);
    if (menu.kind === "menu") {
      shown = { api: menu.dishes, ledger: await ledger.dishes() };
      if (differences(shown.api, shown.ledger).length === 0) break;
    }
    await sleep(LOOK_EVERY_MS / 2);
  }
  return shown;
}
