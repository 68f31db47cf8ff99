/**
 * What rendering pages does to Trys. Orders come over HTTP at a fixed rate, far below what the server carries, while somebody
 * opens console pages at a fixed rate: in the very process that takes the orders, in another one on the same stores, or not at all.
 * The difference of the first two is what a thread or a process of the engine's own could win on this machine, and no more.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "undici";
import { PROJECT_DIR } from "../../server/config.ts";
import { type Application, startApplication } from "../../server/testing/application.ts";
import { figuresOf } from "../compare/case.ts";
import { medianOf, times } from "../compare/tables.ts";
import { playShare } from "../compare/team.ts";
import { Dropped, type Subject } from "../contenders/contender.ts";
import { bodyOf, endingOf, headersWith } from "../http/order-request.ts";
import type { Load, Order } from "../load/load.ts";
import type { Progress } from "../measure/progress.ts";
import type { Cell, Findings } from "../measure/report.ts";
import { type Contender, type Figures, type Measured, spreadOf, takeTurns } from "../measure/rounds.ts";
import { audit } from "../stand/audit.ts";
import { openMenu } from "../stand/menu.ts";
import { openStand } from "../stand/stand.ts";

export interface PagesScale {
  rounds: number;
  rampMs: number;
  windowMs: number;
  /** Offered, whether or not the server keeps up. */
  ordersPerSecond: number;
  pagesPerSecond: number;
}

export const PAGES_SCALE: PagesScale = { rounds: 5, rampMs: 1_000, windowMs: 5_000, ordersPerSecond: 400, pagesPerSecond: 10 };

const LOAD: Load = { picking: "hot", dishes: 1, lines: 1, coupons: false, confirms: false };
const CONNECTIONS = 64;
const RATE_LIMIT = "1000000";

/** In turns, as people open them. */
const PAGES = ["/", "/dishes", "/transactions", "/locks", "/audit"] as const;

const NAMES = { none: "no pages", same: "pages by the same process", other: "pages by another process" } as const;

export async function runPages(scale: PagesScale, progress: Progress): Promise<Findings> {
  const stand = await openStand(join(PROJECT_DIR, ".cache"), (sentence) => progress.say(sentence));
  const closing: (() => Promise<unknown>)[] = [() => stand.close()];
  try {
    const place = { databaseUrl: await stand.createDatabase("bench_pages"), redisUrl: stand.redisUrl, pool: 0 };
    const menu = openMenu("postgres", place);
    closing.push(() => menu.close());
    const dataDir = join(stand.folder, "installation");
    mkdirSync(dataDir);
    const start = async (): Promise<Application> => {
      const application = await startApplication({ dataDir, env: { DATABASE_URL: place.databaseUrl, REDIS_URL: place.redisUrl, RATE_LIMIT_PER_SECOND: RATE_LIMIT } });
      closing.push(() => application.stop());
      return application;
    };
    progress.say("starting two servers");
    const orders = await start();
    const beside = await start();
    const pool = new Pool(orders.url, { connections: CONNECTIONS, pipelining: 1 });
    closing.push(() => pool.close());
    const subject = ordersOver(pool, orders.firstRun.apiKey);
    const cookie = await signedIn(orders);

    let rounds = 0;
    const contender = (name: string, rendering: Application | null): Contender => {
      const play = async (timing: { rampMs: number; windowMs: number }) => {
        const round = `g${rounds++}`;
        await menu.set(round, LOAD, 0);
        const viewer = rendering ? new Viewer(rendering.url, cookie, scale.pagesPerSecond) : null;
        const played = await playShare(subject, { round, load: LOAD, demand: { perSecond: scale.ordersPerSecond }, timing, seed: 1, couponsMax: 0, batch: 1 }, 0);
        const pages = (await viewer?.leave()) ?? { pages: 0, pageMs: 0 };
        const books = audit(round, LOAD, played.tally, await menu.read(round, LOAD, 0));
        const figures: Figures = { ...figuresOf({ ...played, ...books }, null), ...pages };
        return { figures, violation: books.violation };
      };
      return { name, warmUp: () => play({ rampMs: 0, windowMs: scale.windowMs / 2 }), round: () => play(scale) };
    };
    const contenders = [contender(NAMES.none, null), contender(NAMES.same, orders), contender(NAMES.other, beside)];
    return findingsOf(await takeTurns(contenders, scale.rounds, progress), scale, stand.durability);
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

function ordersOver(pool: Pool, key: string): Subject {
  const headers = headersWith(key);
  return {
    async reserve(order: Order) {
      const { statusCode, body } = await pool.request({ path: "/api/v1/transactions", method: "POST", headers, body: JSON.stringify(bodyOf(order)) });
      await body.dump();
      const ending = endingOf(statusCode);
      if (ending === "done") return "reserved";
      if (ending === "refused") return "refused";
      throw ending === "dropped" ? new Dropped(`answered ${statusCode}`) : new Error(`answered ${statusCode}`);
    },
    confirm: () => Promise.reject(new Error("nothing is confirmed here")),
    close: async () => {},
  };
}

/** Both servers are one installation: a session of one is a session of the other. @returns its cookie. */
async function signedIn({ url, firstRun: { operator } }: Application): Promise<string> {
  const response = await fetch(`${url}/api/auth/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ email: operator.email, password: operator.password }),
  });
  if (!response.ok) throw new Error(`the sign-in was answered ${response.status}`);
  return response.headers.getSetCookie().map((cookie) => cookie.split(";", 1)[0]).join("; ");
}

/** Opens pages at a fixed rate until it leaves. */
class Viewer {
  private readonly timer: NodeJS.Timeout;
  private readonly open = new Set<Promise<void>>();
  private readonly took: number[] = [];
  private failure: Error | null = null;
  private asked = 0;

  constructor(
    private readonly url: string,
    private readonly cookie: string,
    perSecond: number,
  ) {
    this.timer = setInterval(() => {
      const seen: Promise<void> = this.look(PAGES[this.asked++ % PAGES.length] as string)
        .catch((error: Error) => void (this.failure ??= error))
        .finally(() => this.open.delete(seen));
      this.open.add(seen);
    }, 1_000 / perSecond);
  }

  /** @returns how many pages came, and the median of their milliseconds. @throws when one did not come. */
  async leave(): Promise<{ pages: number; pageMs: number }> {
    clearInterval(this.timer);
    await Promise.all(this.open);
    if (this.failure) throw this.failure;
    const sorted = this.took.toSorted((a, b) => a - b);
    return { pages: sorted.length, pageMs: sorted[Math.floor(sorted.length / 2)] ?? 0 };
  }

  private async look(path: string): Promise<void> {
    const sinceMs = performance.now();
    const response = await fetch(`${this.url}${path}`, { headers: { cookie: this.cookie }, redirect: "manual" });
    const html = await response.text();
    if (response.status !== 200 || !html.includes("</html>")) throw new Error(`${path} was answered ${response.status}`);
    this.took.push(performance.now() - sinceMs);
  }
}

function findingsOf(measured: readonly Measured[], { ordersPerSecond, pagesPerSecond }: PagesScale, durability: string): Findings {
  const p99 = (name: string): number | null => medianOf(measured, name, "p99Ms");
  const [none, same, other] = [p99(NAMES.none), p99(NAMES.same), p99(NAMES.other)];
  const ratio = (what: string, a: number | null, b: number | null): Cell[][] => (a && b ? [[what, `${times(a / b)} ×`]] : []);
  return {
    tables: [
      {
        title: `Single Trys over HTTP at ${ordersPerSecond} a second, ${pagesPerSecond} pages a second`,
        columns: [{ title: "beside" }, { title: "orders/s", spread: true }, { title: "p50 ms", digits: 1 }, { title: "p99 ms", digits: 1, spread: true }, { title: "pages" }, { title: "ms a page", digits: 0 }, { title: "dropped" }, { title: "errors" }],
        rows: measured.map((each): Cell[] => {
          const sum = (figure: string): number => each.rounds.reduce((total, figures) => total + (figures[figure] ?? 0), 0);
          return [each.name, spreadOf(each, "perSecond"), spreadOf(each, "p50Ms"), spreadOf(each, "p99Ms"), sum("pages"), spreadOf(each, "pageMs"), sum("dropped"), sum("failed")];
        }),
        remarks: ["An order's time runs from the moment it was due. Pages are the console's own, rendered for a signed-in operator, their scripts not fetched.", durability],
      },
      {
        title: "p99 of Trys",
        columns: [{ title: "what" }, { title: "measured" }],
        rows: [...ratio("pages by the same process, against no pages", same, none), ...ratio("pages by another process, against no pages", other, none), ...ratio("pages by the same process, against another", same, other)],
        remarks: ["Ratios of medians within this run."],
      },
    ],
    violations: measured.flatMap(({ violations }) => violations),
  };
}
