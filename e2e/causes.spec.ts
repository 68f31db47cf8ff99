/** Many at once: one row for one cause, a frozen list with its preview, a grace with Undo, a canary, and a stop half-way. */
import { violations } from "./axe.ts";
import { expect, expectLive, type OrderService, test } from "./application.ts";

const STORE = "cause-kitchen";
const STUCK = 12;
const MANY = 45;

test.beforeAll(async ({ orders }) => {
  await orders.addDish({ dishId: "cause-rice", storeId: STORE, en: "Claypot rice", zh: "煲仔饭", supplied: 1_000 });
});

const reserve = (orders: OrderService, txId: string, more = {}) => orders.reserve(txId, STORE, [{ dishId: "cause-rice", quantity: 1 }], 900, more);

test("a service that is really down is one row; when it is back, five are retried first, then all, and nothing is stuck any more", async ({ wall, orders, participant }) => {
  await participant.start();
  await orders.untilTaken(participant.urls);
  const ids = Array.from({ length: STUCK }, (_, n) => `cause-stuck-${n}`);
  for (const txId of ids) await reserve(orders, txId, { participants: [participant.urls] });
  await participant.kill();
  for (const txId of ids) expect(await orders.post(`/transactions/${txId}/confirm`, {})).toMatchObject({ status: 202 });
  await wall.goto("/causes");
  await expectLive(wall);
  const row = wall.locator(`[data-testid^="cause-${participant.host}/confirm/"]`);
  await expect(row).toHaveCount(1);
  await expect(row).toHaveAttribute("data-transactions", String(STUCK));
  expect(await violations(wall)).toEqual([]);

  await participant.start();
  await row.getByRole("button").click();
  const dialog = wall.getByRole("dialog");
  await expect(dialog.getByTestId("bulk-effect")).toContainText(participant.host);
  expect(await violations(wall)).toEqual([]);
  await dialog.getByTestId("bulk-start").click();
  await expect(dialog.getByRole("alert")).toContainText("Say why");
  await dialog.getByLabel("Reason").fill("the points service is back");
  await dialog.getByTestId("bulk-start").click();
  await expect(dialog).toContainText("Everything on the list was asked", { timeout: 30_000 });
  await wall.keyboard.press("Escape");
  await expect(row).toHaveCount(0, { timeout: 30_000 });
  for (const txId of ids) expect(await orders.post(`/transactions/${txId}/confirm`, {})).toMatchObject({ status: 200, body: { state: "CONFIRMED" } });
});

test("a bulk cancel: the list is frozen, its effect is shown, Undo in the grace leaves all as it was; the second time it is stopped half-way", async ({ wall, orders }) => {
  for (let n = 0; n < MANY; n += 1) await reserve(orders, `cause-many-${n}`);
  const { available } = await orders.dish("cause-rice");
  const open = async (): Promise<void> => {
    await wall.goto("/transactions?q=cause-many&state=RESERVED");
    await expectLive(wall);
    await wall.getByTestId("act-on-these").click();
    await wall.getByRole("menuitem", { name: "Cancel them" }).click();
    await expect(wall.getByRole("dialog")).toContainText(`Cancel ${MANY} transactions`);
  };
  const begin = async (): Promise<void> => {
    await expect(wall.getByTestId("bulk-effect")).toContainText(String(available + MANY));
    await wall.getByRole("dialog").getByLabel("Reason").fill("the kitchen closes early");
    await wall.getByTestId("bulk-start").click();
  };
  const dialog = wall.getByRole("dialog");
  await open();
  await reserve(orders, "cause-many-late"); // comes too late for the list
  await begin();
  await expect(dialog.getByRole("timer")).toContainText("Undo leaves everything");
  await dialog.getByTestId("bulk-undo").click();
  await expect(dialog).toContainText("Nothing was done");
  expect((await orders.dish("cause-rice")).available).toBe(available - 1);
  await wall.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);

  await orders.post("/transactions/cause-many-late/cancel", {});
  await open();
  await begin();
  await expect(dialog.getByRole("progressbar")).not.toHaveAttribute("aria-valuenow", "0", { timeout: 20_000 });
  await dialog.getByTestId("bulk-stop").click();
  await expect(dialog).toContainText("What was not yet begun was left alone");
  const done = Number(await dialog.getByRole("progressbar").getAttribute("aria-valuenow"));
  expect(done).toBeGreaterThanOrEqual(5);
  expect(done).toBeLessThan(MANY);
  expect((await orders.dish("cause-rice")).available).toBe(available + done);
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });
    test("axe finds nothing where nothing is stuck", async ({ wall }) => {
      await wall.goto("/causes");
      await expectLive(wall);
      await expect(wall.locator("#causes-title")).toBeVisible();
      expect(await violations(wall)).toEqual([]);
    });
  });
}
