/** From anywhere to anywhere without a mouse: the palette, the sheet of keys, `/`, g and a letter, j and k. */
import { expect, expectLive, test } from "./application.ts";
import { violations } from "./axe.ts";

const DISH = "palette-pie";

test.beforeAll(async ({ orders }) => {
  const { status } = await orders.post("/dishes", { dishId: DISH, storeId: "palette-kitchen", names: { en: "Palette plum pie", "zh-CN": "面板梅子派" }, priceCents: 900, supplied: 50 });
  expect([201, 409]).toContain(status);
});

test("a dish by its name, a transaction by its id or its order, a page by its name: typed or pasted, Enter goes there", async ({ wall, orders }) => {
  await orders.reserve("palette-tx-1", "palette-kitchen", [{ dishId: DISH, quantity: 1 }]);
  const field = wall.getByRole("combobox", { name: "Page, dish or id" });
  const first = wall.getByRole("option").first();
  await wall.keyboard.press("Control+k");
  await expect(field).toBeFocused();
  for (const colorScheme of ["light", "dark"] as const) {
    await wall.emulateMedia({ colorScheme });
    expect(await violations(wall)).toEqual([]);
  }
  await field.fill("梅子派 palette");
  await expect(first).toContainText("Palette plum pie");
  await wall.keyboard.press("Enter");
  await expect(wall).toHaveURL(new RegExp(`/dishes/${DISH}$`));
  await expectLive(wall);

  for (const [pasted, goesTo] of [["palette-tx-1", /\/transactions\/palette-tx-1$/], ["order-palette-tx-1", /\/transactions\/palette-tx-1$/], [DISH, new RegExp(`/dishes/${DISH}$`)]] as const) {
    await expect(wall.getByRole("dialog")).toHaveCount(0);
    await wall.keyboard.press("Meta+k");
    await field.fill(pasted);
    await expect(wall.locator("[role=option][aria-selected=true]")).toContainText(pasted === DISH ? "Palette plum pie" : "palette-tx-1");
    await wall.keyboard.press("Enter");
    await expect(wall).toHaveURL(goesTo);
    await expectLive(wall);
  }

  await wall.keyboard.press("Control+k");
  await field.fill("no such thing");
  await expect(wall.getByRole("dialog")).toContainText("Nothing has this name or id");
  await field.fill("lock");
  await expect(first).toContainText("Locks");
  await wall.keyboard.press("ArrowDown");
  await wall.keyboard.press("ArrowUp");
  await wall.keyboard.press("Enter");
  await expect(wall).toHaveURL(/\/locks$/);
});

test("the sheet tells the keys, and each of them does what it says", async ({ wall, orders }) => {
  await orders.cancelPending();
  await orders.reserve("palette-row-1", "palette-kitchen", [{ dishId: DISH, quantity: 1 }]);
  await orders.reserve("palette-row-2", "palette-kitchen", [{ dishId: DISH, quantity: 1 }]);
  await wall.reload(); // rows that have just ended keep their places for a while
  await expectLive(wall);
  await wall.keyboard.press("?");
  await expect(wall.getByRole("dialog", { name: "Keyboard" })).toBeVisible();
  expect(await violations(wall)).toEqual([]);
  await wall.keyboard.press("Escape");
  await expect(wall.getByRole("dialog")).toHaveCount(0);

  const rows = wall.locator("[data-testid^=tx-palette-row-]");
  await expect(rows).toHaveCount(2);
  await wall.keyboard.press("j");
  await expect(rows.nth(0).getByRole("link")).toBeFocused();
  await wall.keyboard.press("j");
  await expect(rows.nth(1).getByRole("link")).toBeFocused();
  await wall.keyboard.press("k");
  await wall.keyboard.press("Enter");
  await expect(wall).toHaveURL(/\/transactions\/palette-row-1$/);
  await expectLive(wall);

  await wall.keyboard.press("g");
  await wall.keyboard.press("d");
  await expect(wall).toHaveURL(/\/dishes$/);
  await expectLive(wall);
  await wall.keyboard.press("/");
  await expect(wall.getByLabel("Search dishes")).toBeFocused();
  await wall.keyboard.type("g?/jk"); // in a field they are letters
  await expect(wall.getByLabel("Search dishes")).toHaveValue("g?/jk");
  await wall.keyboard.press("Escape");
  await wall.keyboard.press("Escape");

  // Where there is nothing to search, `/` asks where to go.
  await wall.keyboard.press("g");
  await wall.keyboard.press("o");
  await expect(wall.getByTestId("attention-sold-out")).toBeVisible();
  await expectLive(wall);
  await wall.keyboard.press("/");
  await expect(wall.getByRole("combobox")).toBeFocused();
  await wall.keyboard.press("Escape");
  await expect(wall.getByRole("dialog")).toHaveCount(0);
});
