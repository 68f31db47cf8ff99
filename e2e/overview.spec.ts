/** The main job: an operator watches stock fall, cancels a transaction by hand, and sees its portions return. No reload. */
import type { Page } from "@playwright/test";
import { expect, test } from "./application.ts";

const left = (page: Page, dishId: string) => page.getByTestId(`dish-${dishId}`);

test("sign in, watch a dish's number fall while orders arrive, cancel a pending transaction, see its portions return", async ({ wall, orders }) => {
  let loads = 0;
  wall.on("load", () => {
    loads += 1;
  });
  await orders.addDish({ dishId: "e2e-noodles", storeId: "e2e-kitchen", en: "Noodles of the day", zh: "今日面条", supplied: 40 });

  // It becomes hot by being ordered; the next announced order brings it into view.
  for (let n = 1; n <= 6; n += 1) await orders.reserve(`e2e-buy-${n}`, "e2e-kitchen", [{ dishId: "e2e-noodles", quantity: 2 }]);
  await expect(left(wall, "e2e-noodles")).toHaveAttribute("data-available", "28", { timeout: 45_000 });
  await expect(left(wall, "e2e-noodles")).toContainText("今日面条");

  await orders.reserve("e2e-buy-7", "e2e-kitchen", [{ dishId: "e2e-noodles", quantity: 3 }]);
  await expect(left(wall, "e2e-noodles")).toHaveAttribute("data-available", "25");
  expect((await orders.post("/transactions/e2e-buy-1/confirm", {})).status).toBe(200);
  await expect(wall.getByTestId("tx-e2e-buy-1")).toHaveCount(0);
  await expect(left(wall, "e2e-noodles")).toHaveAttribute("data-available", "25");

  const row = wall.getByTestId("tx-e2e-buy-7");
  await row.getByRole("button", { name: "Cancel" }).click();
  const dialog = wall.getByRole("dialog");
  await expect(dialog).toContainText("What is held goes back on sale");
  await expect(dialog.getByTestId("effect-e2e-noodles")).toContainText("28");
  await dialog.getByLabel("Reason").fill("the customer called");
  await dialog.getByTestId("act").click();
  await expect(dialog).toHaveCount(0);
  await expect(wall.locator("li").filter({ hasText: "Transaction cancelled" })).toBeVisible();
  await expect(row).toHaveAttribute("data-outcome", "CANCELLED");
  await expect(left(wall, "e2e-noodles")).toHaveAttribute("data-available", "28");

  // The order service agrees, and comes too late with its own.
  expect(await orders.post("/transactions/e2e-buy-7/confirm", {})).toMatchObject({ status: 409, body: { code: "ILLEGAL_STATE" } });
  expect(loads).toBe(0);
});

test("a dish that sells out is named first, at once, without being among the hot ones", async ({ wall, orders }) => {
  await orders.addDish({ dishId: "e2e-last", storeId: "e2e-kitchen", en: "The last dumpling", zh: "最后一只饺子", supplied: 1 });
  await orders.reserve("e2e-last-1", "e2e-kitchen", [{ dishId: "e2e-last", quantity: 1 }]);
  await expect(wall.getByTestId("attention-sold-out")).toContainText("The last dumpling", { timeout: 5_000 });
  expect(await orders.post("/transactions", { txId: "e2e-last-2", storeId: "e2e-kitchen", lines: [{ dishId: "e2e-last", quantity: 1 }] })).toMatchObject({ status: 409, body: { code: "SOLD_OUT" } });
});

test("two people at once: who comes second is told so, and nothing happens twice", async ({ wall, orders }) => {
  await orders.addDish({ dishId: "e2e-race", storeId: "e2e-kitchen", en: "Raced rice", zh: "抢饭", supplied: 10 });
  await orders.reserve("e2e-race-1", "e2e-kitchen", [{ dishId: "e2e-race", quantity: 4 }]);
  await wall.getByTestId("tx-e2e-race-1").getByRole("button", { name: "Cancel" }).click();
  const dialog = wall.getByRole("dialog");
  await expect(dialog.getByTestId("act")).toBeEnabled();
  expect((await orders.post("/transactions/e2e-race-1/confirm", {})).status).toBe(200);
  await dialog.getByTestId("act").click();
  await expect(dialog.getByRole("alert")).toContainText("Somebody was faster");
  await wall.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
});
