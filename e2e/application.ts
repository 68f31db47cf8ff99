/**
 * What every spec starts from: one application for the whole run, an order service that sells through its public API, and a
 * wall that is signed in and live. A spec that kills its application starts one of its own.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, expect } from "@playwright/test";
import type { Page } from "@playwright/test";
import { stopPostgresLeftIn } from "../server/embedded/postgres.ts";
import { stopRedisLeftIn } from "../server/embedded/redis.ts";
import { LOCALE_COOKIE, type SignedIn } from "../server/contracts/console.ts";
import type { FirstRun } from "../server/first-run.ts";
import { startApplication } from "../server/testing/application.ts";
import type { Application } from "../server/testing/application.ts";
import { PlayParticipant } from "./participant.ts";

export interface NewDish {
  dishId: string;
  storeId: string;
  en: string;
  zh: string;
  supplied: number;
}

/** The order service. Every call must be taken; use `post` for those that must not. */
export class OrderService {
  private calls = 0;

  constructor(private readonly application: FirstRun) {}

  async post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
    this.calls += 1;
    const key = `e2e-${process.pid}-${Date.now()}-${this.calls}`;
    const response = await fetch(`${this.application.url}/api/v1${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${this.application.apiKey}`, "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Cancels what other tests left reserved: the wall lists the oldest fifty, and this test's would not be among them. */
  async cancelPending(): Promise<void> {
    for (;;) {
      const response = await fetch(`${this.application.url}/api/v1/transactions?state=RESERVED&limit=500`, { headers: { authorization: `Bearer ${this.application.apiKey}` } });
      const { transactions } = (await response.json()) as { transactions: { txId: string }[] };
      if (transactions.length === 0) return;
      await Promise.all(transactions.map(({ txId }) => this.post(`/transactions/${txId}/cancel`, {})));
    }
  }

  async dish(dishId: string): Promise<{ storeId: string; available: number; version: number; names: { en: string; "zh-CN": string } }> {
    const response = await fetch(`${this.application.url}/api/v1/dishes/${dishId}`, { headers: { authorization: `Bearer ${this.application.apiKey}` } });
    expect(response.status).toBe(200);
    return response.json();
  }

  async addDish({ dishId, storeId, en, zh, supplied }: NewDish): Promise<void> {
    const answer = await this.post("/dishes", { dishId, storeId, names: { en, "zh-CN": zh }, priceCents: 2_800, supplied });
    expect(answer).toMatchObject({ status: 201 });
  }

  /** A participant that was down is asked again by the next probe: its circuit is closed when a transaction with it is taken. */
  async untilTaken(urls: Record<string, string>): Promise<void> {
    const dish = { dishId: `probed-${this.calls}-${Date.now()}`, storeId: "probe-kitchen", en: "Probe", zh: "试探", supplied: 100 };
    await this.addDish(dish);
    await expect(async () => {
      const txId = `${dish.dishId}-${this.calls}`;
      const { status } = await this.post("/transactions", { txId, storeId: dish.storeId, lines: [{ dishId: dish.dishId, quantity: 1 }], participants: [urls] });
      expect(status).toBe(201);
      await this.post(`/transactions/${txId}/cancel`, {});
    }).toPass({ timeout: 20_000 });
  }

  async reserve(txId: string, storeId: string, lines: { dishId: string; quantity: number }[], ttlSeconds = 900, more: { participants?: unknown[] } = {}): Promise<void> {
    const answer = await this.post("/transactions", { txId, storeId, lines, orderId: `order-${txId}`, ttlSeconds, ...more });
    expect(answer).toMatchObject({ status: 201 });
  }
}

interface WorkerFixtures {
  /** A service that may take part in transactions. Down until a test starts it; a test that kills it starts it again. */
  participant: PlayParticipant;
  own: OwnApplication;
  application: FirstRun;
}

interface TestFixtures {
  orders: OrderService;
  /** Signed in, on the wall, live. The test fails when the page complains. */
  wall: Page;
  /** What the application printed during a test that failed is printed with it. */
  itsLog: undefined;
}

const START_MS_MAX = 240_000; // the first start of a fresh clone builds the console

export const test = base.extend<TestFixtures, WorkerFixtures>({
  participant: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the parameter's names
    async ({}, use) => {
      const participant = await PlayParticipant.choosePort();
      await use(participant);
      await participant.end();
    },
    { scope: "worker" },
  ],
  own: [
    async ({ participant }, use) => {
      const own = await ownApplication({ PARTICIPANT_HOSTS: participant.host });
      await use(own);
      await own.end();
    },
    { scope: "worker", timeout: START_MS_MAX },
  ],
  application: [async ({ own }, use) => use(own.application.firstRun), { scope: "worker" }],
  itsLog: [
    async ({ own }, use, { errors }) => {
      const before = own.application.output().length;
      await use(undefined);
      if (errors.length > 0) console.log(`The application printed:\n${own.application.output().slice(before) || "nothing"}`);
    },
    { auto: true },
  ],
  baseURL: async ({ application }, use) => use(application.url),
  orders: async ({ application }, use) => use(new OrderService(application)),
  wall: async ({ page, application }, use) => {
    const complaints = complaintsOf(page);
    await signIn(page, application);
    await expectLive(page);
    await use(page);
    expect(complaints).toEqual([]);
  },
});

/** Signs in as a person does, with what that person prefers. */
export async function signInByForm(page: Page, { url, operator }: FirstRun): Promise<void> {
  await page.goto(`${url}/sign-in`);
  await page.locator("input[name=email]").fill(operator.email);
  await page.locator("input[name=password]").fill(operator.password);
  await page.locator("button[type=submit]").click();
  await page.waitForURL(`${url}/`);
}

/** Signs in without the form, which has tests of its own, forgets what other tests chose for this operator, and opens the wall. */
export async function signIn(page: Page, { url, operator }: FirstRun): Promise<void> {
  const headers = { origin: url };
  const response = await page.request.post(`${url}/api/auth/sign-in`, { data: { email: operator.email, password: operator.password }, headers });
  expect(response.status()).toBe(200);
  const { preferences } = (await response.json()) as SignedIn;
  if (Object.values(preferences).some((choice) => choice !== null)) {
    const forgotten = await page.request.post(`${url}/api/console/settings/own`, { data: { locale: null, theme: null, timeZone: null }, headers });
    expect(forgotten.status()).toBe(200);
    await page.context().clearCookies({ name: LOCALE_COOKIE });
  }
  await page.goto(url);
}

/**
 * The page is there, and live. Who chose another theme than the system's may see it drawn by the browser while the server's
 * copy still waits, hidden, for the next frame: next-themes changes its context as it mounts, and React hydrates nothing below
 * that it has not revealed yet. A locator must not find both.
 */
export async function expectLive(page: Page): Promise<void> {
  const pill = page.getByTestId("connection");
  await expect(pill.filter({ visible: true })).toHaveAttribute("data-status", "live");
  await expect(pill).toHaveCount(1);
}

/** Errors of scripts, and what the Content-Security-Policy refused. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // An answer of 4xx is an error to the browser, and what some tests are about.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) complaints.push(`${message.text()} (${message.location().url})`);
  });
  return complaints;
}

export interface OwnApplication {
  application: Application;
  /** Kills it, and starts it again on its port and its data. */
  restart(): Promise<void>;
  kill(): Promise<void>;
  end(): Promise<void>;
}

/** An application that only one test uses, because it kills it. */
export async function ownApplication(env: Record<string, string> = {}): Promise<OwnApplication> {
  const folder = mkdtempSync(join(tmpdir(), "eightysix-e2e-"));
  const dataDir = join(folder, "data");
  let application = await startApplication({ dataDir, env });
  const port = new URL(application.url).port;
  return {
    application,
    kill: () => application.kill(),
    async restart() {
      application = await startApplication({ dataDir, env: { ...env, PORT: port } });
    },
    async end() {
      await application.stop();
      await stopPostgresLeftIn(dataDir);
      await stopRedisLeftIn(dataDir);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export { expect };
