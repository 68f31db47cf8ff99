/** Everybody can use it: axe finds nothing on any page, and the keyboard is enough. */
import { expect, test } from "./application.ts";
import { violations } from "./axe.ts";

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });

    test("axe finds nothing on the sign-in page, also with an error on it, nor where nothing is", async ({ page }) => {
      await page.goto("/sign-in");
      expect(await violations(page)).toEqual([]);
      await page.getByLabel("E-mail").fill("nobody@example.com");
      await page.getByLabel("Password", { exact: true }).fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.locator("#sign-in-error")).toBeVisible();
      expect(await violations(page)).toEqual([]);
      await page.goto("/nowhere");
      expect(await violations(page)).toEqual([]);
    });

    test("axe finds nothing on the wall, its dialog and its menus", async ({ wall, orders }) => {
      const dishId = `e2e-axe-${colorScheme}`;
      await orders.cancelPending();
      await orders.addDish({ dishId, storeId: "e2e-kitchen", en: "Axed aubergine", zh: "无障碍茄子", supplied: 3 });
      await orders.reserve(`${dishId}-1`, "e2e-kitchen", [{ dishId, quantity: 3 }], 50);
      await expect(wall.getByTestId("attention-sold-out")).toContainText("Axed aubergine");
      const row = wall.getByTestId(`tx-${dishId}-1`);
      await expect(row).toBeVisible();
      expect(await violations(wall)).toEqual([]);
      await row.getByRole("button", { name: "Cancel" }).click();
      await expect(wall.getByTestId("act")).toBeEnabled();
      expect(await violations(wall)).toEqual([]);
      await wall.keyboard.press("Escape");
      await wall.getByRole("button", { name: /^Account/ }).click();
      expect(await violations(wall)).toEqual([]);
    });
  });
}

test("with the keyboard alone: reach a transaction, look, step back, confirm it", async ({ wall, orders }) => {
  await orders.cancelPending();
  await orders.addDish({ dishId: "e2e-keys", storeId: "e2e-kitchen", en: "Keyboard kebab", zh: "键盘烤串", supplied: 5 });
  await orders.reserve("e2e-keys-1", "e2e-kitchen", [{ dishId: "e2e-keys", quantity: 2 }]);
  const row = wall.getByTestId("tx-e2e-keys-1");
  const confirm = row.getByRole("button", { name: "Confirm" });
  await expect(row).toBeVisible();
  for (let n = 0; n < 200 && !(await confirm.evaluate((button) => button === document.activeElement)); n += 1) await wall.keyboard.press("Tab");
  await expect(confirm).toBeFocused();

  await wall.keyboard.press("Enter");
  const dialog = wall.getByRole("dialog");
  await expect(dialog.getByTestId("act")).toBeEnabled();
  for (let n = 0; n < 12; n += 1) {
    await wall.keyboard.press("Tab"); // focus goes round inside
    expect(await dialog.evaluate((element) => element.contains(document.activeElement))).toBe(true);
  }
  await wall.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(confirm).toBeFocused();

  await wall.keyboard.press("Enter");
  await expect(dialog.getByTestId("act")).toBeEnabled();
  const reason = dialog.getByLabel("Reason");
  for (let n = 0; n < 12 && !(await reason.evaluate((field) => field === document.activeElement)); n += 1) await wall.keyboard.press("Tab");
  await wall.keyboard.type("paid at the counter");
  for (let n = 0; n < 12 && !(await dialog.getByTestId("act").evaluate((button) => button === document.activeElement)); n += 1) await wall.keyboard.press("Tab");
  await wall.keyboard.press("Enter");
  await expect(row).toHaveAttribute("data-outcome", "CONFIRMED");
});
