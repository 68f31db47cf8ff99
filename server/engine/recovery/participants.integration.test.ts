/** Two instances on real servers, and a participant in a process of its own that is killed and started again at every step. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROJECT_DIR } from "../../config.ts";
import { createDatabase, createFolder, startRedisServer, type TestDatabase, type TestRedis } from "../../testing/stack.ts";
import { createEngine, type RunningEngine } from "../create-engine.ts";
import { ParticipantDirectory } from "../kernel/participant-directory.ts";
import { auditOf } from "../tiers/tcc/postgres-testing.ts";

const CALL = { timeoutMs: 800, traceId: "0af7651916cd43dd8448eb211c80319c" };

/** Longer than the longest pause between two calls of a branch. */
const HEALED_MS = 45_000;

const VERBS = ["try", "confirm", "cancel", "reverse"] as const;

/** When the participant is killed: before the calls are made, or while they are: at once, or when some have been answered. */
const KILLS = [{ when: "before" }, { when: "during", answered: 0 }, { when: "during", answered: 6 }] as const;

let database: TestDatabase;
let redis: TestRedis;
let sql: pg.Pool;
let points: Points;
const engines: RunningEngine[] = [];
let probes = 0;

beforeAll(async () => {
  [database, redis] = await Promise.all([createDatabase(), startRedisServer()]);
  points = new Points(createFolder());
  await points.start();
  const { url } = points;
  const directory = new ParticipantDirectory([{ name: "points", tryUrl: `${url}/try`, confirmUrl: `${url}/confirm`, cancelUrl: `${url}/cancel` }]);
  for (let i = 0; i < 2; i++) engines.push(await createEngine({ databaseUrl: database.url, redisUrl: redis.url, directory }));
  sql = new pg.Pool({ connectionString: database.url, max: 1 });
  const names = { en: "Rice", "zh-CN": "米饭" };
  await engine(0).createDish({ dishId: "rice", storeId: "s", names, priceCents: 1, supplied: 1_000, actor: "t", actionKey: "make" }, CALL);
});

afterAll(async () => {
  for (const { close } of engines) await close();
  await points?.kill();
  await sql?.end();
  await redis?.stop();
  await database?.drop();
});

/** `npm run participant`, always on one port and one folder. */
class Points {
  url = "";
  private child: ChildProcess | null = null;

  constructor(private readonly folder: string) {}

  async start(): Promise<void> {
    const port = this.url === "" ? "0" : new URL(this.url).port;
    const child = spawn(process.execPath, ["--import", "tsx", "scripts/participant/main.ts", "--port", port, "--data", join(this.folder, "points")], { cwd: PROJECT_DIR, stdio: ["ignore", "pipe", "inherit"] });
    this.child = child;
    this.url = await new Promise<string>((resolve, reject) => {
      let out = "";
      child.stdout.on("data", (chunk) => {
        out += chunk;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(out)?.[0];
        if (found) resolve(found);
      });
      child.once("close", (code) => reject(new Error(`the participant ended with ${code}`)));
    });
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  async says(txId: string): Promise<string> {
    const answer = await fetch(`${this.url}/transactions/${txId}`);
    if (answer.status === 404) return "NONE";
    return ((await answer.json()) as { branches: { state: string }[] }).branches[0]?.state ?? "NONE";
  }
}

const engine = (at: number) => (engines[at % engines.length] as RunningEngine).engine;

const reserve = (txId: string, at: number) => {
  const { url } = points;
  const participants = [{ participant: "points", tryUrl: `${url}/try`, confirmUrl: `${url}/confirm`, cancelUrl: `${url}/cancel`, body: { amount: 2 } }];
  return engine(at).try({ txId, storeId: "s", lines: [{ dishId: "rice", quantity: 1 }], orderId: txId, couponId: null, ttlSeconds: 900, participants }, CALL);
};

/** Each instance has a breaker of its own, and finds out by itself that the participant is back. */
async function reachable(): Promise<void> {
  for (const at of engines.keys()) {
    const tried = () => reserve(`probe.${at}.${++probes}`, at).then(() => true, () => false);
    await expect.poll(tried, { timeout: HEALED_MS, interval: 100 }).toBe(true);
  }
}

const settled = (work: Promise<unknown>): Promise<unknown> => work.catch(() => {});

const ENDS: Record<string, string[]> = { CONFIRMED: ["CONFIRMED"], CANCELLED: ["CANCELLED", "FENCED"], REVERSED: ["REVERSED"], RESERVED: ["TRIED"] };

test("killed and started again before and during every step, both sides agree about every transaction in the end", { timeout: 180_000 }, async () => {
  const ids: string[] = [];
  for (const kill of KILLS) {
    const answered = kill.when === "during" ? kill.answered : 0;
    const own = VERBS.flatMap((verb) => Array.from({ length: 6 }, (_, i) => ({ verb, txId: `${verb}.${kill.when}.${answered}.${i}` })));
    ids.push(...own.map(({ txId }) => txId));
    await Promise.all(own.map(({ verb, txId }, at) => verb !== "try" && reserve(txId, at)));
    await Promise.all(own.map(({ verb, txId }, at) => verb === "reverse" && engine(at).confirm(txId, CALL)));
    if (kill.when === "before") await points.kill();
    let ended = 0;
    let enough = (): void => {};
    const someEnded = new Promise<void>((resolve) => (enough = resolve));
    const calls = own.map(({ verb, txId }, at) =>
      settled(verb === "try" ? reserve(txId, at) : engine(at)[verb](txId, CALL)).then(() => {
        if (++ended >= answered) enough();
      }),
    );
    if (kill.when === "during") {
      if (answered > 0) await someEnded;
      await points.kill();
    }
    await Promise.all(calls);
    await points.start();
    await reachable();
  }
  const unfinished = "SELECT tx_id FROM transactions WHERE state IN ('TRYING', 'CONFIRMING', 'CANCELLING', 'REVERSING')";
  await engine(0).retryNow(ids, CALL); // their own time is tested on the twins, where waiting costs nothing
  await expect.poll(async () => (await sql.query(unfinished)).rows, { timeout: HEALED_MS, interval: 200 }).toEqual([]);

  const { rows } = await sql.query<{ tx_id: string; state: string }>("SELECT tx_id, state FROM transactions ORDER BY tx_id");
  for (const { tx_id, state } of rows) expect(ENDS[state], `${tx_id} is ${state}`).toContain(await points.says(tx_id));
  for (const txId of ids) {
    const state = rows.find(({ tx_id }) => tx_id === txId)?.state;
    const verb = txId.split(".")[0] as string;
    expect({ try: ["RESERVED", "CANCELLED"], confirm: ["CONFIRMED"], cancel: ["CANCELLED"], reverse: ["REVERSED"] }[verb], txId).toContain(state);
  }
  expect(await auditOf(sql)).toEqual([]);
});

test("two instances that recover the same transactions end each of them once", { timeout: 60_000 }, async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `both.${i}`);
  await Promise.all(ids.map(reserve));
  await points.kill();
  await Promise.all(ids.map((txId, at) => engine(at).confirm(txId, CALL)));
  await points.start();
  await reachable();
  await Promise.all(engines.map((running) => running.engine.retryNow(ids, CALL)));
  await Promise.all(engines.flatMap(({ engine: one }) => [one.recoverOnce(), one.recoverOnce()]));
  const open = "SELECT count(*)::int AS open FROM transactions WHERE state = 'CONFIRMING'";
  await expect.poll(async () => (await sql.query(open)).rows[0].open, { timeout: HEALED_MS, interval: 200 }).toBe(0);
  const { rows } = await sql.query("SELECT tx_id, count(*)::int AS done FROM attempts WHERE tx_id LIKE 'both.%' AND operation = 'confirm' AND outcome = 'DONE' GROUP BY 1 HAVING count(*) <> 1");
  expect(rows).toEqual([]);
  expect(await auditOf(sql)).toEqual([]);
});
