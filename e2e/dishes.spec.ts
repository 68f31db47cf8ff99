/** Dishes: find one, watch it, change it with a reason, and see that its stock is the same everywhere. */
import type { Page } from "@playwright/test";
import { Redis } from "ioredis";
import pg from "pg";
import { expect, expectLive, test } from "./application.ts";
import { violations } from "./axe.ts";

const STORE = "e2e-kitchen";

async function openDish(page: Page, dishId: string): Promise<void> {
  await page.goto(`/dishes/${dishId}`);
  await expectLive(page);
}

/** One statement against the application's database. */
async function query<Row extends pg.QueryResultRow>(databaseUrl: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

test("find a dish by its Chinese and its English name, watch it fall, restock it with a reason: movement and audit say who and why", async ({ wall, orders, application }) => {
  const dishId = "e2e-tofu";
  await orders.addDish({ dishId, storeId: STORE, en: "Searched silken tofu", zh: "寻味嫩豆腐", supplied: 20 });
  await wall.getByRole("link", { name: "Dishes" }).click();
  await wall.waitForURL(/\/dishes$/);
  await expectLive(wall);
  await wall.keyboard.press("/");
  await wall.keyboard.type("寻味嫩");
  const row = wall.getByTestId(`dish-${dishId}`);
  await expect(wall.locator("[role=row][data-testid]")).toHaveCount(1);
  await expect(row).toContainText("Searched silken tofu");
  await wall.getByLabel("Search dishes").fill("TOFU silken");
  await expect(row).toBeVisible();
  await expect(wall).toHaveURL(/\/dishes\?q=TOFU/);

  await orders.reserve("e2e-tofu-1", STORE, [{ dishId, quantity: 4 }]);
  await expect(row.getByTestId("left")).toHaveText("16");
  await row.getByRole("link").click();
  await expect(wall).toHaveURL(/\/dishes\/e2e-tofu$/);
  await expectLive(wall);
  const left = wall.getByTestId("figure-left");
  await expect(left).toHaveText("16");
  await orders.reserve("e2e-tofu-2", STORE, [{ dishId, quantity: 2 }]);
  await expect(left).toHaveText("14");
  await expect(wall.getByRole("link", { name: "e2e-tofu-2" })).toHaveAttribute("href", "/transactions/e2e-tofu-2");
  await expect(wall.getByTestId("conservation")).toHaveAttribute("data-whole", "true");

  await wall.getByTestId("restock").click();
  const dialog = wall.getByRole("dialog");
  await dialog.getByLabel("Portions").fill("30");
  await expect(dialog.getByTestId("consequence")).toContainText("1444"); // 14 → 44
  await dialog.getByLabel("Reason").fill("second delivery");
  await dialog.getByTestId("act").click();
  await expect(dialog).toHaveCount(0);
  await expect(left).toHaveText("44");
  const newest = wall.getByTestId("dish-events").getByRole("listitem").first();
  await expect(newest).toContainText("Restock");
  await expect(newest).toContainText("+30");
  await expect(newest).toContainText("second delivery");
  await expect(newest).toContainText("Admin");
  const audit = await query<{ verb: string; reason: string; outcome: string; email: string }>(
    application.databaseUrl,
    "SELECT verb, reason, detail ->> 'outcome' AS outcome, email FROM audit_entries JOIN users ON users.id = actor WHERE target = $1",
    [dishId],
  );
  expect(audit).toEqual([{ verb: "dish.restock", reason: "second delivery", outcome: "DONE", email: application.operator.email }]);
});

test("paused, a dish is refused to orders; resumed, it sells again", async ({ wall, orders }) => {
  const dishId = "e2e-paused";
  await orders.addDish({ dishId, storeId: STORE, en: "Paused pancakes", zh: "暂停煎饼", supplied: 9 });
  await openDish(wall, dishId);
  const order = (txId: string) => orders.post("/transactions", { txId, storeId: STORE, lines: [{ dishId, quantity: 1 }] });
  await wall.getByTestId("pause").click();
  const dialog = wall.getByRole("dialog");
  await expect(dialog.getByTestId("consequence")).toContainText("paused");
  await dialog.getByLabel("Reason").fill("the griddle is cold");
  await dialog.getByTestId("act").click();
  await expect(dialog).toHaveCount(0);
  await expect(wall.getByTestId("resume")).toBeVisible();
  expect(await order("e2e-paused-1")).toMatchObject({ status: 409, body: { code: "DISH_PAUSED" } });
  await wall.getByTestId("resume").click();
  await dialog.getByLabel("Reason").fill("hot again");
  await wall.keyboard.press("Tab");
  await dialog.getByTestId("act").click();
  await expect(dialog).toHaveCount(0);
  await expect(wall.getByTestId("pause")).toBeVisible();
  expect(await order("e2e-paused-2")).toMatchObject({ status: 201 });
});

test("a cell that was tampered with in Redis is red and says so; one click puts it right, and is in the audit", async ({ wall, orders, application }) => {
  const dishId = "e2e-cells";
  await orders.addDish({ dishId, storeId: STORE, en: "Celled celery", zh: "单元芹菜", supplied: 30 });
  await orders.reserve("e2e-cells-1", STORE, [{ dishId, quantity: 3 }]);
  await openDish(wall, dishId);
  const whole = wall.getByTestId("conservation");
  await expect(whole).toHaveAttribute("data-whole", "true");
  const redis = new Redis(application.redisUrl);
  try {
    const [key] = await redis.keys(`*cell:{${STORE}}:${dishId}`);
    await redis.hset(key as string, "a", 999);
    await expect(whole).toHaveAttribute("data-whole", "false");
    await expect(whole).toHaveText("Does not agree");
    await expect(wall.getByTestId("place-redis")).toContainText("999");
    await expect(wall.getByTestId("place-redis")).toContainText("differs from the row");
    await wall.screenshot({ path: "test-results/pages/dish-differs.png" });
    await wall.getByTestId("reload-cells").click();
    await expect(whole).toHaveAttribute("data-whole", "true");
    expect(await redis.hget(key as string, "a")).toBe("27");
  } finally {
    redis.disconnect();
  }
  await expect(wall.getByTestId("dish-events").getByRole("listitem").first()).toContainText("Cells reloaded");
  const audit = await query<{ verb: string }>(application.databaseUrl, "SELECT verb FROM audit_entries WHERE target = $1", [dishId]);
  expect(audit).toEqual([{ verb: "dish.reload-cells" }]);
});

test("what is wrong with a field is said at the field, and nothing is sent", async ({ wall, orders }) => {
  const dishId = "e2e-fields";
  await orders.addDish({ dishId, storeId: STORE, en: "Fielded figs", zh: "字段无花果", supplied: 5 });
  await openDish(wall, dishId);
  const sent: string[] = [];
  wall.on("request", (request) => {
    if (request.method() === "POST" && request.url().includes("/api/console/dishes/")) sent.push(request.url());
  });
  await wall.getByTestId("write-off").click();
  const dialog = wall.getByRole("dialog");
  await dialog.getByTestId("act").click();
  const portions = dialog.getByLabel("Portions");
  await expect(portions).toBeFocused();
  await expect(portions).toHaveAccessibleDescription("This is needed.");
  for (const [typed, said] of [["0", "A whole number from 1 to 10,000."], ["2.5", "A whole number"], ["six", "A whole number"], ["6", "Only 5 are left."]] as const) {
    await portions.fill(typed);
    await expect(portions).toHaveAccessibleDescription(new RegExp(said));
  }
  await portions.fill("5");
  await expect(portions).not.toHaveAttribute("aria-invalid", "true");
  await dialog.getByTestId("act").click();
  await expect(dialog.getByLabel("Reason")).toHaveAccessibleDescription("This is needed.");
  expect(sent).toEqual([]);
  // Somebody was faster: the server's no is said at the same field.
  await orders.reserve("e2e-fields-1", STORE, [{ dishId, quantity: 5 }]);
  await dialog.getByLabel("Reason").fill("spilt");
  await expect(portions).toHaveAccessibleDescription("Only 0 are left.");
  await wall.keyboard.press("Escape");
  await expect(wall.getByTestId("figure-left")).toHaveText("0");
});

test("with the keyboard alone: search, go down and up the rows, open one, come back to the same list", async ({ wall, orders }) => {
  for (const [n, zh] of ["一", "二", "三"].entries()) await orders.addDish({ dishId: `e2e-rows-${n}`, storeId: STORE, en: `Rowed rice ${n}`, zh: `行饭${zh}`, supplied: 10 });
  await wall.goto("/dishes?sort=name&state=on-sale");
  await expectLive(wall);
  await wall.keyboard.press("/");
  await wall.keyboard.type("rowed rice");
  await expect(wall.getByTestId("matching")).toContainText("3 of");
  await wall.keyboard.press("Tab"); // out of the field, where letters are letters
  await wall.keyboard.press("j");
  await expect(wall.getByTestId("dish-e2e-rows-0").getByRole("link")).toBeFocused();
  await wall.keyboard.press("j");
  await wall.keyboard.press("j");
  await wall.keyboard.press("k");
  await expect(wall.getByTestId("dish-e2e-rows-1").getByRole("link")).toBeFocused();
  await wall.keyboard.press("Enter");
  await expect(wall).toHaveURL(/\/dishes\/e2e-rows-1$/);
  await wall.goBack();
  await expect(wall).toHaveURL(/q=rowed\+rice/);
  await expect(wall.getByTestId("matching")).toContainText("3 of");
  await expect(wall.getByLabel("Search dishes")).toHaveValue("rowed rice");
});

test("rows keep their places while stock falls, and nothing shifts", async ({ wall, orders }) => {
  for (const id of ["calm", "hot"]) await orders.addDish({ dishId: `e2e-still-${id}`, storeId: STORE, en: `Stilled ${id}`, zh: `静止 ${id}`, supplied: 100 });
  await wall.addInitScript(() => {
    interface Shift extends PerformanceEntry {
      hadRecentInput: boolean;
      sources: { node: Node | null }[];
    }
    const seen = window as unknown as { shifts: string[] };
    seen.shifts = [];
    new PerformanceObserver((list) => {
      for (const { hadRecentInput, sources } of list.getEntries() as Shift[]) {
        // A figure that loses a digit begins further right in its column: the browser counts that, no reader does.
        const moved = sources.filter(({ node }) => node?.nodeType !== Node.TEXT_NODE);
        if (!hadRecentInput) seen.shifts.push(...moved.map(({ node }) => `${node?.nodeName} ${node?.textContent?.slice(0, 80)}`));
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  await wall.goto("/dishes?q=stilled");
  await expectLive(wall);
  const ids = () => wall.locator("[role=row][data-testid]").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-testid")));
  const shifts = () => wall.evaluate(() => (window as unknown as { shifts: string[] }).shifts);
  const before = await ids();
  expect(before).toEqual(["dish-e2e-still-calm", "dish-e2e-still-hot"]);
  for (let n = 0; n < 5; n += 1) await orders.reserve(`e2e-still-${n}`, STORE, [{ dishId: "e2e-still-hot", quantity: 9 }]);
  await expect(wall.getByTestId("dish-e2e-still-hot").getByTestId("left")).toHaveText("55");
  expect(await ids()).toEqual(before);
  await wall.getByRole("button", { name: "Reorder now" }).click();
  await expect.poll(ids).toEqual([...before].reverse());
  expect(await shifts()).toEqual([]);
  await openDish(wall, "e2e-still-hot");
  await expect(wall.locator(".recharts-surface").first()).toBeVisible();
  expect(await shifts()).toEqual([]);
});

test("a viewer sees everything and can do nothing", async ({ wall, orders, application }) => {
  await orders.addDish({ dishId: "e2e-viewed", storeId: STORE, en: "Viewed veal", zh: "旁观小牛", supplied: 5 });
  const setRole = (role: string) => query(application.databaseUrl, "UPDATE users SET role = $1 WHERE email = $2", [role, application.operator.email]);
  await setRole("viewer");
  try {
    await openDish(wall, "e2e-viewed");
    await expect(wall.getByTestId("conservation")).toHaveAttribute("data-whole", "true");
    for (const verb of ["restock", "write-off", "pause", "reload-cells"]) await expect(wall.getByTestId(verb)).toBeDisabled();
    const status = await wall.evaluate(() =>
      fetch("/api/console/dishes/e2e-viewed/pause", { method: "POST", headers: { "content-type": "application/json", "idempotency-key": "viewer" }, body: '{"reason":"x"}' }).then((answer) => answer.status),
    );
    expect(status).toBe(403);
  } finally {
    await setRole("admin");
  }
});

test("a dish that does not exist, or has no possible id, is a page that says so", async ({ wall }) => {
  for (const nowhere of ["/dishes/nowhere", "/dishes/%E0%A4%A", "/transactions/%E0%A4%A"]) {
    await wall.goto(nowhere);
    await expect(wall.getByRole("heading", { name: "This page is 86’d" })).toBeVisible();
  }
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });

    test("axe finds nothing on the list, nor on one without rows", async ({ wall }) => {
      await wall.goto("/dishes");
      await expectLive(wall);
      expect(await violations(wall)).toEqual([]);
      await wall.goto("/dishes?q=nothing-is-called-so");
      await expect(wall.getByTestId("no-dishes")).toBeVisible();
      expect(await violations(wall)).toEqual([]);
    });

    test("axe finds nothing on a dish's page, nor in its dialog", async ({ wall, orders }) => {
      const dishId = `e2e-dish-axe-${colorScheme}`;
      await orders.addDish({ dishId, storeId: STORE, en: `Axed apples ${colorScheme}`, zh: "无障碍苹果", supplied: 3 });
      await orders.reserve(`${dishId}-1`, STORE, [{ dishId, quantity: 3 }], 50);
      await openDish(wall, dishId);
      await expect(wall.locator(".recharts-surface").first()).toBeVisible();
      expect(await violations(wall)).toEqual([]);
      await wall.getByTestId("write-off").click();
      await wall.getByRole("dialog").getByTestId("act").click();
      expect(await violations(wall)).toEqual([]);
    });
  });
}
