/** Chinese and English: as the browser asks, or as the reader chooses; on every page, and kept. */
import { expect, expectLive, signIn, test } from "./application.ts";

test.describe("a browser that asks for Chinese", () => {
  test.use({ locale: "zh-TW" });

  test("gets it from the first page on, and may choose English instead", async ({ page, application }) => {
    await page.goto("/sign-in");
    await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
    await expect(page.getByRole("heading", { name: "登录" })).toBeVisible();
    await signIn(page, application);
    await expectLive(page);
    await expect(page.getByRole("heading", { name: "热销菜品" })).toBeVisible();

    await page.getByRole("button", { name: "English" }).click();
    await expect(page.getByRole("heading", { name: "Hot dishes" })).toBeVisible();
    await expect(page.locator("html")).toHaveAttribute("lang", "en");
    await expectLive(page); // the switch does not cost the connection
    await page.reload();
    await expect(page.getByRole("heading", { name: "Hot dishes" })).toBeVisible();
  });
});

test("any other browser gets English, and may choose Chinese", async ({ wall, orders }) => {
  await orders.cancelPending();
  await orders.addDish({ dishId: "e2e-lang", storeId: "e2e-kitchen", en: "Bilingual buns", zh: "双语包子", supplied: 20 });
  await orders.reserve("e2e-lang-1", "e2e-kitchen", [{ dishId: "e2e-lang", quantity: 2 }]);
  const row = wall.getByTestId("tx-e2e-lang-1");
  await expect(row).toContainText("Bilingual buns");
  await wall.getByRole("button", { name: "中文" }).click();
  await expect(row).toContainText("双语包子");
  await row.getByRole("button", { name: "确认" }).click();
  await expect(wall.getByRole("dialog")).toContainText("占用的份数转为已售");
  await wall.getByRole("dialog").locator("#action-reason").fill("顾客来电");
  await wall.getByRole("dialog").getByRole("button", { name: "确认事务" }).click();
  await expect(row).toHaveAttribute("data-outcome", "CONFIRMED");
  await expect(row).toContainText("已确认");
});
