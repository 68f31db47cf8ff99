/**
 * A console to test against: its routes on a real engine, Postgres and Redis, people of every role with sessions, a participant
 * that fails as it is told, and transactions put into any state. For tests only.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { Participant } from "../../scripts/participant/participant.ts";
import { type ParticipantServer, serveParticipant } from "../../scripts/participant/server.ts";
import { ApiKeys } from "../api/keys.ts";
import { createAuth } from "../auth/auth.ts";
import type { Role } from "../contracts/console.ts";
import { createPrisma } from "../database.ts";
import { createEngine, type RunningEngine } from "../engine/create-engine.ts";
import { realClock } from "../engine/kernel/clock.ts";
import { ParticipantDirectory } from "../engine/kernel/participant-directory.ts";
import type { UnfinishedState } from "../engine/kernel/states.ts";
import { Bench } from "../engine/tiers/tcc/ledger-testing.ts";
import type { BranchReport, MoveTarget } from "../engine/tiers/tcc/ledger.ts";
import { PostgresLedger } from "../engine/tiers/tcc/postgres-ledger.ts";
import { LiveBoard } from "../gateway/board.ts";
import { createLiveReads } from "../gateway/live-reads.ts";
import { fakeEngine } from "../gateway/testing.ts";
import { createDatabase, startRedisServer } from "../testing/stack.ts";
import { createConsoleApi } from "./api.ts";
import { readQueue } from "./review/tickets.ts";

const HOST = "wall.example";

/** What main.ts tells of the installation. */
export const FACTS = { rateLimitPerSecond: 1_000, retentionDays: 30, participants: ["points"] };

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects
  body: any;
}

export interface Person {
  operatorId: string;
  cookie: string;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown, actionKey?: string): Promise<Answer>;
}

export type Stage = Awaited<ReturnType<typeof openStage>>;

/** States that a transaction can be put into; those with a bar have a remote branch, those with a ticket an open one. */
export const STAGED = ["TRYING", "RESERVED", "RESERVED|remote", "CONFIRMING", "CONFIRMING+ticket", "CONFIRMED", "CANCELLING", "CANCELLING+ticket", "CANCELLED", "EXPIRED", "REVERSING", "REVERSING+ticket", "REVERSED"] as const;
export type Staged = (typeof STAGED)[number];

export async function openStage() {
  const database = await createDatabase();
  const redis = await startRedisServer();
  const prisma = createPrisma(database.url);
  const ledger = new PostgresLedger({ databaseUrl: database.url, connectionsMax: 2 });
  const folder = mkdtempSync(join(tmpdir(), "participant-"));
  const participant = await Participant.open(folder);
  const service: ParticipantServer = await serveParticipant({ participant, port: 0, onBroken: () => undefined });
  const urls = { tryUrl: `${service.url}/try`, confirmUrl: `${service.url}/confirm`, cancelUrl: `${service.url}/cancel` };
  const directory = new ParticipantDirectory([{ name: "points", ...urls }]);
  const running: RunningEngine = await createEngine({ databaseUrl: database.url, redisUrl: redis.url, directory });
  const { engine } = running;
  const auth = createAuth({ prisma, secret: "a secret for tests, long enough to sign with" });
  const board = new LiveBoard({ engine: fakeEngine(), reads: createLiveReads(prisma), readReview: () => readQueue(prisma), onError: () => undefined });
  const lockFiles = { trace: async () => "", profile: () => new Uint8Array() };
  const keys = new ApiKeys(prisma, realClock);
  const failures: unknown[] = [];
  const app = new Hono().route("/api", createConsoleApi({ auth, board, engine, prisma, keys, lockFiles, facts: FACTS, onError: (error) => failures.push(error) }));
  const first = await auth.createFirstOperator();
  const password = first?.password ?? "";
  const { password: hash } = await prisma.account.findFirstOrThrow({ where: { providerId: "credential" } });
  let actions = 0;

  const person = async (name: string, role: Role): Promise<Person> => {
    const id = name;
    const email = `${name}@wall.example`;
    await prisma.user.create({ data: { id, name, email, role } });
    await prisma.account.create({ data: { id, providerId: "credential", accountId: id, userId: id, password: hash } });
    const signedIn = await auth.signIn({ email, password }, new Headers());
    if (!signedIn.ok) throw new Error(`${name} cannot sign in`);
    return as(signedIn.setCookies[0]?.split(";")[0] ?? "", id);
  };

  /** Whoever has this cookie. */
  const as = (cookie: string, operatorId: string): Person => {
    const ask = async (method: string, path: string, body?: unknown, actionKey?: string): Promise<Answer> => {
      const headers: Record<string, string> = { host: HOST, cookie };
      if (method !== "GET") Object.assign(headers, { origin: `http://${HOST}`, "content-type": "application/json", "idempotency-key": actionKey ?? `key-${++actions}` });
      const response = await app.request(`http://${HOST}/api/console${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      const text = await response.text();
      return { status: response.status, body: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text };
    };
    return { operatorId, cookie, get: (path) => ask("GET", path), post: (path, body = {}, actionKey) => ask("POST", path, body, actionKey) };
  };

  /** Puts one transaction of two portions, and a coupon, into a state. The participant knows nothing of it. */
  const stage = async (name: string, staged: Staged): Promise<{ txId: string; dishId: string }> => {
    const bench = new Bench(name);
    const [state, extra] = staged.split(/[+|]/) as [string, string | undefined];
    const remote = extra === "remote" || /ING$/.test(state);
    await ledger.createDish(bench.newDish("rice", 10));
    await ledger.createCoupon(bench.newCoupon("coupon"));
    const branches = remote ? [{ participant: "points", ...urls, body: { amount: 1 } }] : [];
    const place = { txId: bench.id("t"), dishId: bench.id("rice") };
    await ledger.runBatch(bench.batch([], { trys: [bench.try("t", { rice: 2 }, { branches, couponId: bench.id("coupon"), ttlSeconds: state === "EXPIRED" ? 0 : 900 })] }));
    const settle = (from: UnfinishedState, more: Partial<BranchReport> = {}) =>
      ledger.settleBranches([{ txId: place.txId, branchNo: 1, state: from, attempt: 0, outcome: "DONE", errorClass: null, message: null, httpStatus: 200, durationMs: 1, retryInMs: 0, ...more }]);
    const move = (to: MoveTarget) => ledger.runBatch(bench.batch(["rice"], { moves: [bench.move("t", to)] }));
    if (state === "TRYING") return place;
    if (remote) await settle("TRYING");
    if (state === "RESERVED") return place;
    const targets: Record<string, MoveTarget[]> = {
      CONFIRMING: ["CONFIRMED"], CONFIRMED: ["CONFIRMED"], CANCELLING: ["CANCELLED"], CANCELLED: ["CANCELLED"],
      EXPIRED: ["EXPIRED"], REVERSING: ["CONFIRMED", "REVERSED"], REVERSED: ["CONFIRMED", "REVERSED"],
    };
    for (const to of targets[state] ?? []) {
      await move(to);
      if (state === "REVERSING" && to === "CONFIRMED") await settle("CONFIRMING");
    }
    if (/ING$/.test(state)) {
      // Nobody calls it for a while: its last call has just failed.
      const times = extra === "ticket" ? 4 : 1;
      for (let n = 0; n < times; n++) await settle(state as UnfinishedState, { outcome: "FAILED", errorClass: "HTTP_SERVER", message: "503 from the other side", httpStatus: 503, retryInMs: 600_000 });
    }
    return place;
  };

  /** Everything that a refused verb must leave as it was. */
  const picture = async ({ txId, dishId }: { txId: string; dishId: string }) => ({
    transaction: await prisma.transaction.findUnique({ where: { txId } }),
    branches: await prisma.branch.findMany({ where: { txId } }),
    lines: await prisma.reservation.findMany({ where: { txId } }),
    tickets: await prisma.ticket.findMany({ where: { txId } }),
    dish: await prisma.dish.findUnique({ where: { dishId } }),
    requests: await prisma.endRequest.findMany({ where: { txId } }),
    notes: await prisma.ticketNote.count(),
  });

  const close = async () => {
    await service.close();
    await participant.close();
    await running.close();
    await ledger.close();
    await prisma.$disconnect();
    await redis.stop();
    await database.drop();
    rmSync(folder, { recursive: true });
  };
  return { app, auth, board, keys, password, listener: getRequestListener(app.fetch), database, redis, prisma, engine, directory, service, participant, person, as, stage, picture, failures, close };
}
