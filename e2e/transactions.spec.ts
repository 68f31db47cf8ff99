/** Transactions: a table that keeps still, filters in the address, files, and a decision about one that is really stuck. */
import type { Page } from "@playwright/test";
import { violations } from "./axe.ts";
import { expect, expectLive, type OrderService, test } from "./application.ts";
import type { PlayParticipant } from "./participant.ts";

const STORE = "tx-kitchen";

// The last file, and a long one: its tests are shared out, so that no worker stands idle at the end.
test.describe.configure({ mode: "parallel" });

// Once for each share of the tests, and a worker may get two.
test.beforeAll(async ({ orders }) => {
  const { status } = await orders.post("/dishes", { dishId: "tx-rice", storeId: STORE, names: { en: "Fried rice", "zh-CN": "扬州炒饭" }, priceCents: 2_800, supplied: 400 });
  expect([201, 409]).toContain(status);
});

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expectLive(page);
}

const reserve = (orders: OrderService, txId: string, more = {}) => orders.reserve(txId, STORE, [{ dishId: "tx-rice", quantity: 2 }], 900, more);

/** CONFIRMING, for as long as the participant is down. */
async function stuck(orders: OrderService, participant: PlayParticipant, txId: string): Promise<void> {
  await participant.start();
  await orders.untilTaken(participant.urls);
  await reserve(orders, txId, { participants: [participant.urls] });
  await participant.kill();
  expect(await orders.post(`/transactions/${txId}/confirm`, {})).toMatchObject({ status: 202, body: { state: "CONFIRMING" } });
}

test("rows never move: what is new waits behind a button, what changes changes in its place, and paused nothing does", async ({ wall, orders }) => {
  for (const n of [1, 2, 3]) await reserve(orders, `tx-still-${n}`);
  await open(wall, "/transactions?q=tx-still");
  const rows = wall.locator("[data-testid^=row-]");
  await expect(rows).toHaveCount(3);
  await reserve(orders, "tx-still-4");
  const news = wall.getByTestId("new-rows");
  await expect(news).toContainText("1 new");
  await expect(rows).toHaveCount(3);
  await orders.post("/transactions/tx-still-2/confirm", {});
  await expect(wall.getByTestId("row-tx-still-2")).toHaveAttribute("data-state", "CONFIRMED");
  await expect(rows.nth(1)).toHaveAttribute("data-testid", "row-tx-still-2");
  await news.click();
  await expect(rows).toHaveCount(4);
  await expect(rows.first()).toHaveAttribute("data-testid", "row-tx-still-4");
  await expect(news).toHaveCount(0);

  await wall.getByRole("button", { name: "Pause" }).click();
  await orders.post("/transactions/tx-still-3/confirm", {});
  await reserve(orders, "tx-still-5");
  const watched = wall.waitForResponse(/transactions\/watch/);
  await expect(wall.getByTestId("paused")).toBeVisible();
  await expect(wall.getByTestId("row-tx-still-3")).toHaveAttribute("data-state", "RESERVED");
  await wall.getByRole("button", { name: "Resume" }).click();
  await watched;
  await expect(wall.getByTestId("row-tx-still-3")).toHaveAttribute("data-state", "CONFIRMED");
  await expect(news).toContainText("1 new");
});

test("filters are in the address: a link, Back and a reload show the same rows", async ({ wall, orders }) => {
  await reserve(orders, "tx-filter-open");
  await reserve(orders, "tx-filter-done");
  await orders.post("/transactions/tx-filter-done/cancel", {});
  await open(wall, "/transactions");
  await wall.keyboard.press("/");
  await wall.keyboard.type("tx-filter");
  await expect(wall).toHaveURL(/q=tx-filter/);
  await expect(wall.locator("[data-testid^=row-]")).toHaveCount(2);
  await wall.getByRole("search").getByText("Open", { exact: true }).click();
  await expect(wall).toHaveURL(/state=TRYING%2CRESERVED/);
  await expect(wall.locator("[data-testid^=row-]")).toHaveCount(1);
  await wall.reload();
  await expect(wall.getByTestId("row-tx-filter-open")).toBeVisible();
  await wall.goBack();
  await expect(wall.getByTestId("row-tx-filter-done")).toBeVisible();
  await expectLive(wall); // a page that was loaded again listens from then on
  await wall.getByLabel("Why cancelled").selectOption("REQUESTED");
  await wall.getByLabel("Dish id").fill("tx-rice");
  await expect(wall).toHaveURL(/dishId=tx-rice/);
  await expect(wall.locator("[data-testid^=row-]")).toHaveCount(1);
  await wall.getByLabel("Age", { exact: true }).selectOption("86400");
  await expect(wall.getByTestId("no-transactions")).toContainText("No transaction matches");
  await wall.getByTestId("no-transactions").getByRole("button", { name: "Clear filters" }).click();
  await expect(wall).toHaveURL(/\/transactions$/);
});

test("exports hold what the filters show", async ({ wall, orders }) => {
  await reserve(orders, "tx-export-1");
  await reserve(orders, "tx-not-exported");
  await open(wall, "/transactions?q=tx-export");
  for (const [format, expected] of [["CSV", "tx-export-1,order-tx-export-1,tx-kitchen,RESERVED"], ["JSON", '"txId":"tx-export-1"']] as const) {
    await wall.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([wall.waitForEvent("download"), wall.getByRole("menuitem", { name: format }).click()]);
    const text = (await (await download.createReadStream()).toArray()).join("");
    expect(text).toContain(expected);
    expect(text).not.toContain("tx-not-exported");
  }
});

test("one that is stuck on a participant that is really down: seen on the wall, read, retried; the participant returns, it ends", async ({ wall, orders, participant }) => {
  await stuck(orders, participant, "tx-stuck-1");
  const row = wall.getByTestId("tx-tx-stuck-1");
  await expect(row).toContainText("Confirming");
  await expect(row.getByRole("button", { name: "Confirm" })).toHaveCount(0);
  await row.getByRole("link", { name: "tx-stuck-1" }).click();
  await expectLive(wall);
  await expect(wall.getByTestId("state")).toHaveAttribute("data-state", "CONFIRMING");
  const branch = wall.getByTestId("branch-01");
  // After three calls in vain its circuit opens; on a busy machine before the page is there.
  await expect(branch).toContainText(/UNREACHABLE|CIRCUIT_OPEN/);
  await expect(wall.getByRole("list", { name: "Timeline" })).toContainText("cannot be reached");
  await expect(wall.getByTestId("verb-confirm")).toBeDisabled();
  await expect(wall.getByTestId("verb-cancel")).toBeDisabled();
  await expect(wall.getByRole("note", { name: "Its outcome is decided" }).first()).toBeVisible();
  expect(await violations(wall)).toEqual([]);

  await wall.getByTestId("verb-retry").click();
  const dialog = wall.getByRole("dialog");
  await expect(dialog.getByTestId("effect-branch-01")).toContainText("is told to confirm");
  await dialog.getByTestId("act").click();
  await expect(dialog).toHaveCount(0);
  // Only now: the engine's own next call must not be faster than the person's.
  await participant.start();
  await expect(wall.getByTestId("state")).toHaveAttribute("data-state", "CONFIRMED", { timeout: 35_000 });
  await expect(branch).toHaveAttribute("data-state", "CONFIRMED");
  await expect(wall.locator("#timeline-title").locator("..").locator("..")).toContainText("retry now");
});

test("a decision sheet: both effects side by side, confirmed by hand with a reason, then reversed; stock follows", async ({ wall, orders, participant }) => {
  await participant.start();
  await orders.untilTaken(participant.urls);
  await reserve(orders, "tx-sheet-1", { participants: [participant.urls] });
  const { available } = await orders.dish("tx-rice");
  await open(wall, "/transactions/tx-sheet-1");
  await expect(wall.getByTestId("effects-confirm")).toContainText("is told to confirm");
  await expect(wall.getByTestId("effects-cancel")).toContainText(String(available + 2));
  await expect(wall.getByTestId("effects-reverse")).toContainText("Only what is confirmed");
  await wall.getByTestId("verb-confirm").click();
  await wall.getByRole("dialog").getByRole("button", { name: "paid at the counter" }).click();
  await wall.getByTestId("act").click();
  await expect(wall.getByTestId("state")).toHaveAttribute("data-state", "CONFIRMED");
  await wall.getByTestId("verb-reverse").click();
  await wall.getByRole("dialog").getByLabel("Reason").fill("charged twice");
  await wall.getByTestId("act").click();
  await expect(wall.getByTestId("state")).toHaveAttribute("data-state", "REVERSED");
  expect((await orders.dish("tx-rice")).available).toBe(available + 2);
  for (const verb of ["retry", "confirm", "cancel", "reverse", "force-end"]) await expect(wall.getByTestId(`verb-${verb}`)).toBeDisabled();
});

test("with the keyboard alone: down and up the rows, into one, and an act", async ({ wall, orders }) => {
  for (const n of [1, 2]) await reserve(orders, `tx-keys-${n}`);
  await open(wall, "/transactions?q=tx-keys");
  await expect(wall.getByTestId("row-tx-keys-1")).toBeVisible();
  for (const key of ["j", "j", "k", "j"]) await wall.keyboard.press(key);
  await expect(wall.getByTestId("row-tx-keys-1").getByRole("link")).toBeFocused();
  await wall.keyboard.press("Enter");
  await expect(wall).toHaveURL(/tx-keys-1$/);
  await wall.getByTestId("verb-cancel").focus();
  await wall.keyboard.press("Enter");
  await wall.getByRole("dialog").getByLabel("Reason").focus();
  await wall.keyboard.type("never paid");
  await wall.getByTestId("act").focus();
  await wall.keyboard.press("Enter");
  await expect(wall.getByTestId("state")).toHaveAttribute("data-state", "CANCELLED");
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });
    test("axe finds nothing on the table, nor where it finds nothing", async ({ wall, orders }) => {
      await reserve(orders, `tx-axe-${colorScheme}`);
      await open(wall, "/transactions?q=tx-axe");
      await expect(wall.getByTestId(`row-tx-axe-${colorScheme}`)).toBeVisible();
      expect(await violations(wall)).toEqual([]);
      await open(wall, "/transactions?q=nothing-like-it");
      expect(await violations(wall)).toEqual([]);
      await open(wall, `/transactions/tx-axe-${colorScheme}`);
      expect(await violations(wall)).toEqual([]);
    });
  });
}
