/**
 * The HTTP level: what a Try costs as a request of its own and as one of a hundred, beside an empty handler of the same server, an
 * empty Next route handler, and the engine played inside the same process. The clients are here, the server in its own process.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Pool } from "undici";
import { PROJECT_DIR } from "../../server/config.ts";
import type { Place } from "../contenders/contender.ts";
import type { Played } from "../compare/team.ts";
import { medianOf, times } from "../compare/tables.ts";
import { Instance } from "../instances/process-field.ts";
import { Latencies } from "../measure/latencies.ts";
import type { Progress } from "../measure/progress.ts";
import type { Cell, Findings } from "../measure/report.ts";
import { type Contender, type Figures, type Measured, spreadOf, takeTurns } from "../measure/rounds.ts";
import type { Load, Order } from "../load/load.ts";
import { Orders } from "../load/load.ts";
import { emptyTally, type TallyData } from "../load/tally.ts";
import { audit } from "../stand/audit.ts";
import { type Menu, openMenu } from "../stand/menu.ts";
import { openStand } from "../stand/stand.ts";
import { emptyNext } from "./empty-next.ts";
import { bodyOf, endingOf, headersWith } from "./order-request.ts";

export interface ServedPlace extends Place {
  /** A built Next application with one empty handler; null: without. */
  nextDir: string | null;
}

export interface HttpScale {
  rounds: number;
  windowMs: number;
  rampMs: number;
  connections: number;
  /** Calls with a hundred orders each that are open at once. */
  batchConnections: number;
}

export const HTTP_SCALE: HttpScale = { rounds: 5, windowMs: 1_500, rampMs: 500, connections: 64, batchConnections: 4 };

const LOAD: Load = { picking: "hot", dishes: 1, lines: 1, coupons: false, confirms: false };
const BATCH = 100;
/** A Try costs the API ten times as much in the first thousands as when their code is compiled: the server is to be a running one. */
const WARM_UP_WINDOWS = 2;
const NAMES = { empty: "empty handler", next: "empty Next route handler", single: "single Try", batch: "batch of 100", inside: "the engine inside, a caller a connection", insideBatch: "the engine inside, a caller an order of the batches" } as const;

/** @param withNext whether the empty Next application is built and measured too; half a minute the first time. */
export async function runHttp(scale: HttpScale, progress: Progress, withNext = true): Promise<Findings> {
  const stand = await openStand(join(PROJECT_DIR, ".cache"), (sentence) => progress.say(sentence));
  const served = new Instance(fileURLToPath(new URL("./served.ts", import.meta.url)));
  let menu: Menu | null = null;
  let pool: Pool | null = null;
  try {
    const nextDir = withNext ? await emptyNext((sentence) => progress.say(sentence)) : null;
    const place: ServedPlace = { databaseUrl: await stand.createDatabase("bench_http"), redisUrl: stand.redisUrl, pool: 0, nextDir };
    const { port, key } = (await served.ask({ do: "open", kind: "", place })) as { port: number; key: string };
    const open = (menu = openMenu("postgres", place));
    const clients = (pool = new Pool(`http://127.0.0.1:${port}`, { connections: scale.connections, pipelining: 1 }));
    let rounds = 0;
    const contender = (name: string, sells: boolean, play: (round: string, timing: { rampMs: number; windowMs: number }) => Promise<TallyData>): Contender => {
      const once = async (timing: { rampMs: number; windowMs: number }) => {
        const round = `h${rounds++}`;
        await open.set(round, LOAD, 0);
        const tally = await play(round, timing);
        if (!sells) return { figures: figuresOf(tally), violation: null };
        return { figures: figuresOf(tally), violation: audit(round, LOAD, tally, await open.read(round, LOAD, 0)).violation };
      };
      return { name, warmUp: () => once({ rampMs: 0, windowMs: scale.windowMs * WARM_UP_WINDOWS }), round: () => once(scale) };
    };
    const post = (path: string, size: number, connections: number) => (round: string, timing: { rampMs: number; windowMs: number }) =>
      requests(clients, key, path, round, size, connections, timing);
    const inside = (callers: number) => async (round: string, timing: { rampMs: number; windowMs: number }) => {
      const spec = { round, load: LOAD, demand: { clients: callers }, timing, seed: 1, couponsMax: 0, batch: 1 };
      return ((await served.ask({ do: "play", spec, share: 0 })) as Played).tally;
    };
    const contenders = [
      contender(NAMES.single, true, post("/api/v1/transactions", 1, scale.connections)),
      contender(NAMES.empty, false, post("/empty", 1, scale.connections)),
      ...(nextDir ? [contender(NAMES.next, false, post("/api/empty-next", 1, scale.connections))] : []),
      contender(NAMES.batch, true, post("/api/v1/transactions/batch", BATCH, scale.batchConnections)),
      contender(NAMES.insideBatch, true, inside(scale.batchConnections * BATCH)),
      contender(NAMES.inside, true, inside(scale.connections)),
    ];
    return findingsOf(await takeTurns(contenders, scale.rounds, progress), scale, stand.durability);
  } finally {
    await pool?.close();
    await menu?.close();
    await served.close();
    await stand.close();
  }
}

/** Clients in a closed loop, each with one request open at a time, `size` orders a request. */
async function requests(pool: Pool, key: string, path: string, round: string, size: number, connections: number, { rampMs, windowMs }: { rampMs: number; windowMs: number }): Promise<TallyData> {
  const tally = emptyTally(LOAD.dishes);
  const latencies = new Latencies(tally.done);
  const orders = new Orders(LOAD, round, 0, 0, 1);
  const headers = headersWith(key);
  const fromMs = performance.now() + rampMs;
  const toMs = fromMs + windowMs;
  const client = async (): Promise<void> => {
    while (performance.now() < toMs) {
      const asked = Array.from({ length: size }, () => bodyOf(orders.next() as Order));
      const sinceMs = performance.now();
      const { statusCode, body } = await pool.request({ path, method: "POST", headers, body: JSON.stringify(size === 1 ? asked[0] : { transactions: asked }) });
      const answer = (await body.json()) as { results?: { status: number }[] };
      const nowMs = performance.now();
      const isMeasured = nowMs >= fromMs && nowMs < toMs;
      for (const status of answer.results?.map((result) => result.status) ?? [statusCode]) {
        const ending = endingOf(status);
        tally.everything[ending]++;
        if (ending === "done") (tally.reserved[0] as number) += 1;
        else if (ending !== "refused") (tally.uncertain[0] as number) += 1;
        if (isMeasured) tally.endings[ending]++;
      }
      if (isMeasured) latencies.record((nowMs - sinceMs) * 1000);
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  tally.windowMs = windowMs;
  return tally;
}

function figuresOf({ done, endings, everything, windowMs }: TallyData): Figures {
  const latencies = new Latencies(done);
  return {
    perSecond: (endings.done / windowMs) * 1000,
    p50Ms: latencies.quantileNs(0.5) / 1000,
    p99Ms: latencies.quantileNs(0.99) / 1000,
    dropped: everything.dropped,
    failed: everything.failed,
  };
}

function findingsOf(measured: readonly Measured[], { connections, batchConnections }: HttpScale, durability: string): Findings {
  const target = (what: string, ours: string, theirs: string, atLeast: number | null): Cell[][] => {
    const [a, b] = [medianOf(measured, ours, "perSecond"), medianOf(measured, theirs, "perSecond")];
    if (!a || !b) return [];
    return [[what, atLeast === null ? "reported" : `≥ ${times(atLeast)} ×`, `${times(a / b)} ×`, atLeast === null ? "" : a / b >= atLeast ? "met" : "NOT MET"]];
  };
  return {
    violations: measured.flatMap(({ violations }) => violations),
    tables: [
      {
        title: `HTTP, one hot dish: ${connections} connections, batches on ${batchConnections}`,
        columns: [{ title: "what" }, { title: "orders or requests/s", spread: true }, { title: "p50 ms", digits: 1 }, { title: "p99 ms", digits: 1, spread: true }, { title: "dropped" }, { title: "errors" }],
        rows: measured.map((each): Cell[] => {
          const sum = (figure: string): number => each.rounds.reduce((total, figures) => total + (figures[figure] ?? 0), 0);
          return [each.name, spreadOf(each, "perSecond"), spreadOf(each, "p50Ms"), spreadOf(each, "p99Ms"), sum("dropped"), sum("failed")];
        }),
        remarks: ["Times are of requests: a batch's are of its hundred orders together. The clients share the cores with the server.", durability],
      },
      {
        title: "Targets",
        columns: [{ title: "what" }, { title: "target" }, { title: "measured" }, { title: "" }],
        rows: [
          ...target("batch of 100 against the engine inside the process", NAMES.batch, NAMES.insideBatch, 0.5),
          ...target("single Try against an empty handler of the same server", NAMES.single, NAMES.empty, 0.5),
          ...target("single Try against an empty Next route handler", NAMES.single, NAMES.next, null),
        ],
        remarks: ["Ratios of medians within this run."],
      },
    ],
  };
}
