/** The main job: an operator watches stock fall, cancels a transaction by hand, and sees its portions return. No reload. */
import pg from "pg";
import { expect, test } from "./application.ts";
import { picture } from "./pictures.ts";

test("sign in, watch a dish's number fall while orders arrive, cancel a pending transaction, see its portions return", async ({ wall, orders }) => {
  await orders.cancelPending();
  let loads = 0;
  wall.on("load", () => {
    loads += 1;
  });
  const rows = wall.locator("tr[data-available]");
  await expect(rows.first()).toBeVisible();
  // A dish on screen with enough left (the hottest may be one that another test has nearly sold out), and no comma in its figures.
  const testId = await rows.evaluateAll((all) => (all as HTMLElement[]).find((row) => Number(row.dataset.available) >= 20 && Number(row.dataset.available) < 1_000)?.dataset.testid);
  const dishId = (testId ?? "").replace("dish-", "");
  const { storeId, available, names } = await orders.dish(dishId);
  const figure = wall.getByTestId(`dish-${dishId}`);
  await expect(figure).toHaveAttribute("data-available", String(available));
  await expect(figure).toContainText(names["zh-CN"]);

  for (let n = 1; n <= 6; n += 1) {
    await orders.reserve(`e2e-buy-${n}`, storeId, [{ dishId, quantity: 2 }]);
    await expect(figure).toHaveAttribute("data-available", String(available - 2 * n), { timeout: 2_000 });
  }
  expect((await orders.post("/transactions/e2e-buy-1/confirm", {})).status).toBe(200);
  await expect(wall.getByTestId("tx-e2e-buy-1").and(wall.locator("[data-outcome=PENDING]"))).toHaveCount(0);
  await expect(figure).toHaveAttribute("data-available", String(available - 12));

  const pending = wall.getByTestId("tx-e2e-buy-6");
  await pending.getByRole("button", { name: "Cancel" }).click();
  const dialog = wall.getByRole("dialog");
  await expect(dialog).toContainText("What is held goes back on sale");
  await expect(dialog.getByTestId(`effect-${dishId}`)).toContainText(String(available - 10));
  await dialog.getByLabel("Reason").fill("the customer called");
  await dialog.getByTestId("act").click();
  await expect(dialog).toHaveCount(0);
  await expect(wall.locator("li").filter({ hasText: "Transaction cancelled" })).toBeVisible();
  await expect(pending).toHaveAttribute("data-outcome", "CANCELLED");
  await expect(figure).toHaveAttribute("data-available", String(available - 10));

  // The order service agrees, and comes too late with its own.
  expect(await orders.post("/transactions/e2e-buy-6/confirm", {})).toMatchObject({ status: 409, body: { code: "ILLEGAL_STATE" } });
  expect(loads).toBe(0);
});

test("a dish that sells out is named first, at once, without being among the hot ones", async ({ wall, orders }) => {
  await orders.addDish({ dishId: "e2e-last", storeId: "e2e-kitchen", en: "The last dumpling", zh: "最后一只饺子", supplied: 1 });
  await orders.reserve("e2e-last-1", "e2e-kitchen", [{ dishId: "e2e-last", quantity: 1 }]);
  await expect(wall.getByTestId("attention-sold-out")).toContainText("The last dumpling", { timeout: 5_000 });
  expect(await orders.post("/transactions", { txId: "e2e-last-2", storeId: "e2e-kitchen", lines: [{ dishId: "e2e-last", quantity: 1 }] })).toMatchObject({ status: 409, body: { code: "SOLD_OUT" } });
});

test("two people at once: who comes second is told so, and nothing happens twice", async ({ wall, orders }) => {
  await orders.cancelPending();
  await orders.addDish({ dishId: "e2e-race", storeId: "e2e-kitchen", en: "Raced rice", zh: "抢饭", supplied: 10 });
  await orders.reserve("e2e-race-1", "e2e-kitchen", [{ dishId: "e2e-race", quantity: 4 }]);
  await wall.getByTestId("tx-e2e-race-1").getByRole("button", { name: "Cancel" }).click();
  const dialog = wall.getByRole("dialog");
  await expect(dialog.getByTestId("act")).toBeEnabled();
  expect((await orders.post("/transactions/e2e-race-1/confirm", {})).status).toBe(200);
  await dialog.getByTestId("act").click();
  await expect(dialog.getByRole("alert")).toContainText("say why");
  await expect(dialog.getByLabel("Reason")).toBeFocused();
  await dialog.getByRole("button", { name: "the customer called" }).click();
  await dialog.getByTestId("act").click();
  await expect(dialog.getByRole("alert")).toContainText("Somebody was faster");
  await wall.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
});

test("under-sold: what an expired reservation still holds is on the wall at its price, for as long as nobody can sweep it", async ({ wall, orders, application }) => {
  await orders.cancelPending();
  const meter = wall.getByTestId("under-sold");
  await orders.addDish({ dishId: "e2e-dead", storeId: "e2e-kitchen", en: "Dead duck", zh: "僵住的鸭", supplied: 10 });
  await orders.reserve("e2e-dead-1", "e2e-kitchen", [{ dishId: "e2e-dead", quantity: 3 }], 2);
  const report = new pg.Client({ connectionString: application.databaseUrl });
  await report.connect();
  try {
    await report.query("BEGIN");
    await report.query("SELECT FROM transactions WHERE tx_id = 'e2e-dead-1' FOR UPDATE");
    await expect(meter).toHaveAttribute("data-cents", "8400");
    await expect(meter).toContainText("84.00");
    await expect(meter).toContainText("3 portions");
    await picture(wall, "under-sold-light-en");
    await wall.emulateMedia({ colorScheme: "dark" });
    await picture(wall, "under-sold-dark-en");
    await report.query("COMMIT");
  } finally {
    await report.end();
  }
  await expect(meter).toHaveAttribute("data-cents", "0");
  await expect.poll(async () => (await orders.dish("e2e-dead")).available).toBe(10);
});
