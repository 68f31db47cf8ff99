/** Postgres goes away, is slow, and comes back, under a console that people look at. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import type { FirstRun } from "../server/first-run.ts";
import { startApplication } from "../server/testing/application.ts";
import { complaintsOf, expect, expectLive, signIn, test } from "./application.ts";
import { violations } from "./axe.ts";
import { FaultProxy } from "./faults/proxy.ts";
import { picture } from "./pictures.ts";

const STORE = "outage-kitchen";

interface Second {
  application: FirstRun;
  /** Between it and Postgres. */
  wire: FaultProxy;
  end(): Promise<void>;
}

/** A second instance on the same stock, with a wire to Postgres that can be cut. */
async function secondInstance(first: FirstRun): Promise<Second> {
  const databaseUrl = new URL(first.databaseUrl);
  const wire = await FaultProxy.to(Number(databaseUrl.port));
  databaseUrl.port = String(wire.port);
  const dataDir = mkdtempSync(join(tmpdir(), "eightysix-e2e-"));
  writeFileSync(join(dataDir, "first-run.json"), JSON.stringify(first), { mode: 0o600 });
  const started = await startApplication({ dataDir, env: { DATABASE_URL: databaseUrl.href, REDIS_URL: first.redisUrl } });
  return {
    application: { ...first, url: started.url },
    wire,
    async end() {
      wire.be("open");
      await started.stop();
      await wire.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

let second: Second;
test.beforeAll(async ({ application }) => {
  second = await secondInstance(application);
});
test.afterAll(async () => second?.end());
test.beforeEach(() => second.wire.be("open"));

const panel = (page: Page, id: string) => page.locator(`section[aria-labelledby=${id}-title]`);

test("while Postgres is away what was read from it is grey, on the wall and in lists; it heals by itself", async ({ page, orders }) => {
  await orders.addDish({ dishId: "outage-rice", storeId: STORE, en: "Outage rice", zh: "断线炒饭", supplied: 40 });
  await orders.reserve("outage-1", STORE, [{ dishId: "outage-rice", quantity: 2 }]);
  await signIn(page, second.application);
  await expectLive(page);
  const list = await page.context().newPage();
  await list.goto(`${second.application.url}/transactions?q=outage-`);
  await expectLive(list);
  const read = [panel(page, "pending"), page.getByTestId("attention-ageing"), panel(list, "transactions")];
  for (const part of read) await expect(part).not.toHaveAttribute("data-stale");

  second.wire.be("refused");
  for (const part of read) await expect(part).toHaveAttribute("data-stale", "true");
  await expect(panel(page, "pending").locator(".figures").first()).toHaveCSS("opacity", "0.5");
  await expect(page.getByTestId("dependencies")).toContainText("Postgresdown");
  await expect(page.getByTestId("ticker")).toContainText("Postgres is down");
  await expect(page.getByTestId("connection")).toHaveAttribute("data-status", "live"); // what the feed tells goes on
  await expect(page.locator("[data-stale=false]")).toBeVisible();
  await picture(page, "overview-no-postgres");

  second.wire.be("open");
  for (const part of read) await expect(part).not.toHaveAttribute("data-stale");
  await expect(page.getByTestId("ticker")).toContainText("Postgres is working");
  await orders.reserve("outage-2", STORE, [{ dishId: "outage-rice", quantity: 2 }]);
  await expect(page.getByTestId("tx-outage-2")).toBeVisible();
});

test("a page that takes seconds to read is shown all the same: no link ends in an error because connections are slow", async ({ page, orders }) => {
  await orders.addDish({ dishId: "outage-slow", storeId: STORE, en: "Slow-cooked soup", zh: "慢炖汤", supplied: 40 });
  await orders.reserve("outage-slow-1", STORE, [{ dishId: "outage-slow", quantity: 2 }]);
  const complaints = complaintsOf(page);
  await signIn(page, second.application);
  await expectLive(page);
  await page.goto(`${second.application.url}/transactions?q=outage-slow`);
  await expectLive(page);
  second.wire.cut(); // connections are made anew
  second.wire.be("slow", 200);
  await page.getByTestId("row-outage-slow-1").getByRole("link").first().click();
  await expect(page).toHaveURL(/\/transactions\/outage-slow-1$/);
  await expect(page.getByRole("heading", { level: 1 })).toContainText("outage-slow-1", { timeout: 20_000 });
  expect(complaints).toEqual([]);
});

for (const { locale, title, out } of [
  { locale: "en-GB", title: "This page could not be shown", out: "Try again" },
  { locale: "zh-CN", title: "页面无法显示", out: "返回总览" },
] as const) {
  test.describe(locale, () => {
    test.use({ locale });

    test(`a page that cannot be read says so in ${locale}, and leads out: ${out}`, async ({ page }) => {
      const heading = page.getByRole("heading", { name: title });
      await signIn(page, second.application);
      await expectLive(page);
      second.wire.be("refused");
      const link = page.getByRole("navigation").getByRole("link").nth(2);
      if (locale === "en-GB") await link.click(); // within the page, as people go
      else await page.reload(); // anew: the server cannot even say who is signed in
      await expect(heading).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await picture(page, `error-${locale.slice(0, 2)}`);
      second.wire.be("open");
      await expect(async () => {
        if (await heading.isVisible()) await page.getByRole("button", { name: out }).click();
        await expect(heading).toHaveCount(0, { timeout: 3_000 });
      }).toPass();
      await expectLive(page);
      await expect(page).toHaveURL(locale === "en-GB" ? /\/transactions$/ : /\/$/);
    });
  });
}
