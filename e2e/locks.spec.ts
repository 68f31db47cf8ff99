/** Who makes whom wait: the page shows it live, gives it away as files, and lets an operator say how closely it is measured. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Download, Page } from "@playwright/test";
import pg from "pg";
import { Profile } from "pprof-format";
import { SAMPLE_EVERY_DEFAULT, segmentOf } from "../server/engine/tiers/lock/contention-profile.ts";
import type { FirstRun } from "../server/first-run.ts";
import { complaintsOf, expect, expectLive, type OrderService, signIn, test } from "./application.ts";
import { violations } from "./axe.ts";

const STORE = "e2e-locks";

async function openLocks(page: Page, application: FirstRun, query = ""): Promise<string[]> {
  const complaints = complaintsOf(page);
  await signIn(page, application);
  await page.goto(`/locks${query}`);
  await expectLive(page);
  return complaints;
}

/** Orders that all want one dish at once: whoever comes while a batch flies has to wait. */
async function heat(orders: OrderService, dishId: string, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const txIds = Array.from({ length: 40 }, (_, n) => `${dishId}-${Date.now()}-${round}-${n}`);
    const answers = await Promise.all(txIds.map((txId) => orders.post("/transactions", { txId, storeId: STORE, lines: [{ dishId, quantity: 1 }], ttlSeconds: 900 })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    // Paid: what stays pending would push the other specs' orders off the wall.
    await Promise.all(txIds.map((txId) => orders.post(`/transactions/${txId}/confirm`, {})));
  }
}

async function contentOf(download: Download): Promise<Buffer> {
  return readFileSync(await download.path());
}

/** The radio stands invisibly in its label: the label takes the pointer. */
async function choose(page: Page, every: number): Promise<void> {
  await page.getByRole("dialog").getByRole("radio", { name: every === 1 ? "Every wait" : `1 in ${every}` }).and(page.locator(`[value="${every}"]`)).check({ force: true });
}

async function setRate(page: Page, every: number): Promise<void> {
  await page.getByTestId("sampling").click();
  await choose(page, every);
  await page.getByTestId("set-sampling").click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
}

async function query(application: FirstRun, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: application.databaseUrl });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

const AUDIT = "SELECT detail->'before'->'every' AS from, detail->'after'->'every' AS to, detail->>'outcome' AS outcome FROM audit_entries WHERE verb = 'contention.sampling' ORDER BY id";

test("the sampling rate shows what it costs before it is set, holds at once, and is audited", async ({ page, application }) => {
  const complaints = await openLocks(page, application);
  await expect(page.getByTestId("sampling")).toHaveAttribute("data-every", String(SAMPLE_EVERY_DEFAULT));
  await page.getByTestId("sampling").click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByTestId("set-sampling")).toBeDisabled();
  await choose(page, 1);
  await expect(dialog.getByTestId("sampling-consequence")).toContainText("nothing: every wait is recorded");
  await expect(dialog.getByTestId("sampling-consequence")).toContainText("of one core");
  await dialog.getByTestId("set-sampling").click();
  await expect(page.getByTestId("sampling")).toHaveAttribute("data-every", "1");
  await setRate(page, SAMPLE_EVERY_DEFAULT);
  await expect(page.getByTestId("sampling")).toHaveAttribute("data-every", String(SAMPLE_EVERY_DEFAULT));
  expect((await query(application, AUDIT)).slice(-2)).toEqual([
    { from: SAMPLE_EVERY_DEFAULT, to: 1, outcome: "DONE" },
    { from: 1, to: SAMPLE_EVERY_DEFAULT, outcome: "DONE" },
  ]);
  expect(complaints).toEqual([]);
});

test("a dish that orders fight for becomes the hottest, without a reload; its segment shows it alone", async ({ page, application, orders }) => {
  const dishId = "e2e-locks-hot";
  await orders.addDish({ dishId, storeId: STORE, en: "Contested congee", zh: "抢手粥", supplied: 100_000 });
  const complaints = await openLocks(page, application, "?window=10");
  await setRate(page, 1);
  let loads = 0;
  page.on("load", () => {
    loads += 1;
  });
  const row = page.getByTestId(`contention-${dishId}`);
  await expect(async () => {
    await heat(orders, dishId, 3);
    await expect(row).toHaveAttribute("data-rank", "1", { timeout: 100 });
  }).toPass({ timeout: 20_000 });
  await expect(row).toContainText("Contested congee");
  const cell = page.locator(`[data-segment="${segmentOf(dishId)}"]`);
  await heat(orders, dishId, 1);
  await expect(cell).not.toHaveAttribute("data-level", "0");

  const elsewhere = (segmentOf(dishId) + 1) % 64;
  await page.locator(`[data-segment="${elsewhere}"]`).click();
  await expect(row).toHaveCount(0);
  await cell.click();
  await heat(orders, dishId, 1);
  await expect(row).toHaveAttribute("data-rank", "1");
  expect(page.url()).toContain(`segment=${segmentOf(dishId)}`);
  expect(loads).toBe(0);
  expect(complaints).toEqual([]);
});

test("a trace and a profile are files that their tools read, and a viewer may take them, and turn nothing", async ({ page, application, orders }) => {
  const dishId = "e2e-locks-traced";
  await orders.addDish({ dishId, storeId: STORE, en: "Traced tofu", zh: "追踪豆腐", supplied: 100_000 });
  await query(application, "UPDATE users SET role = 'viewer'");
  try {
    await openLocks(page, application, "?window=10");
    await expect(page.getByTestId("sampling")).toHaveAttribute("aria-disabled", "true");
    await page.getByTestId("sampling").click({ force: true });
    await expect(page.getByRole("dialog")).toHaveCount(0);
    const refused = await page.evaluate(async () => (await fetch("/api/console/locks/sampling", { method: "POST", headers: { "Idempotency-Key": "by-hand" }, body: `{"every":1}` })).status);
    expect(refused).toBe(403);

    await page.getByTestId("downloads").click();
    const [traced] = await Promise.all([
      page.waitForEvent("download", { timeout: 15_000 }),
      page.getByRole("menuitem", { name: /next 5 s/ }).click().then(() => heat(orders, dishId, 6)),
    ]);
    expect(traced.suggestedFilename()).toMatch(/^trace-.+\.json$/);
    const { traceEvents, otherData } = JSON.parse((await contentOf(traced)).toString()) as { traceEvents: { name: string; args?: { dishes?: string[] } }[]; otherData: { seconds: number } };
    expect(otherData.seconds).toBe(5);
    expect(traceEvents.some(({ name, args }) => name === "batch" && args?.dishes?.includes(dishId))).toBe(true);

    await heat(orders, dishId, 3);
    await page.getByTestId("downloads").click();
    const [profiled] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: /who waited/ }).click()]);
    const profile = Profile.decode(gunzipSync(await contentOf(profiled)));
    expect(profile.stringTable.strings).toContain(`dish ${dishId}`);
  } finally {
    await query(application, "UPDATE users SET role = 'admin'");
  }
});

test("with the keyboard alone: from segment to segment, and watch the lanes", async ({ page, application, orders }) => {
  const dishId = "e2e-locks-keys";
  await orders.addDish({ dishId, storeId: STORE, en: "Keyed kelp", zh: "键盘海带", supplied: 100_000 });
  await openLocks(page, application);
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.segment ?? null);
  for (let n = 0; n < 60 && (await focused()) === null; n += 1) await page.keyboard.press("Tab");
  expect(await focused()).toBe("0");
  for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft"]) await page.keyboard.press(key);
  expect(await focused()).toBe("7");
  await page.keyboard.press("Enter");
  await expect(page.locator('[data-segment="7"]')).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("Enter");
  expect(page.url()).not.toContain("segment");

  const watch = page.getByTestId("watch-lanes");
  await watch.focus();
  await page.keyboard.press("Enter");
  await expect(async () => {
    await heat(orders, dishId, 2);
    expect(await page.getByTestId("lane-chart").locator("[data-batch]").count()).toBeGreaterThan(1);
  }).toPass({ timeout: 15_000 });
  await watch.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByTestId("lane-detail")).toContainText(/^Batch \d+, lane \d/);
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });

    test("axe finds nothing on the page, its dialog and its menu", async ({ page, application, orders }) => {
      const dishId = `e2e-locks-axe-${colorScheme}`;
      await orders.addDish({ dishId, storeId: STORE, en: "Axed asparagus", zh: "无障碍芦笋", supplied: 100_000 });
      await openLocks(page, application, "?window=300");
      await page.getByTestId("watch-lanes").click();
      await heat(orders, dishId, 6);
      await expect(page.locator("[data-rank]").first()).toBeVisible();
      await expect(page.getByTestId("lane-chart")).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.getByTestId("downloads").click();
      expect(await violations(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await page.getByTestId("sampling").click();
      await choose(page, 1);
      expect(await violations(page)).toEqual([]);
    });
  });
}
