/**
 * Pictures of every page, in both languages and both themes, and of the wall at the sizes it must fit: test-results/pages/.
 * They are for people to look at; what is asserted is that nothing overflows sideways.
 */
import { expect, expectLive, type OrderService, signIn, test } from "./application.ts";
import { LOOKS, picture } from "./pictures.ts";

const MENU = [
  ["shot-mapo", "shot-lantern", "Mapo tofu", "麻婆豆腐", 400],
  ["shot-gongbao", "shot-lantern", "Kung Pao chicken", "宫保鸡丁", 320],
  ["shot-fish", "shot-lantern", "Fish in chilli oil", "水煮鱼", 24],
  ["shot-lazi", "shot-lantern", "Chongqing chicken with chillies", "重庆辣子鸡", 120],
  ["shot-xiajiao", "shot-tea", "Prawn dumplings", "虾饺", 260],
  ["shot-charsiu", "shot-tea", "Barbecued pork buns", "叉烧包", 16],
  ["shot-danta", "shot-tea", "Egg tarts", "蛋挞", 90],
  ["shot-niurou", "shot-west", "Hand-pulled beef noodles", "兰州牛肉面", 500],
  ["shot-yangrou", "shot-west", "Cumin lamb skewers", "孜然羊肉串", 40],
] as const;

test.beforeAll(async ({ orders }) => {
  for (const [dishId, storeId, en, zh, supplied] of MENU) await orders.addDish({ dishId, storeId, en, zh, supplied });
  let sent = 0;
  for (let round = 0; round < 24; round += 1) {
    const basket = MENU.filter((_, index) => (round * 7 + index * 3) % 5 < 2);
    await Promise.all(
      basket.map(async ([dishId, storeId], index) => {
        sent += 1;
        const txId = `shot-${sent}`;
        const { status } = await orders.post("/transactions", { txId, storeId, lines: [{ dishId, quantity: 1 + (sent % 3) }], orderId: `NO-2026-${1000 + sent}` });
        if (status === 201 && (sent + index) % 4 !== 0) await orders.post(`/transactions/${txId}/${sent % 9 === 0 ? "cancel" : "confirm"}`, {});
      }),
    );
  }
  await orders.post("/payments/callbacks", { source: "bank", orderId: "shot-nobody", eventId: "1", status: "PAID", occurredAt: new Date().toISOString(), amountCents: 4_200 });
  await orders.post("/transactions", { txId: "shot-refund", storeId: "shot-tea", lines: [{ dishId: "shot-danta", quantity: 2 }], orderId: "NO-2026-refund" });
  await orders.post("/transactions/shot-refund/cancel", {});
  await orders.post("/payments/callbacks", { source: "bank", orderId: "NO-2026-refund", eventId: "2", status: "PAID", occurredAt: new Date().toISOString(), amountCents: 5_600 });
});

/** Orders for the whole menu at once, so that batches fly and some have to wait. */
async function lunch(orders: OrderService, name: string, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    sentAtLunch += 1;
    await Promise.all(
      MENU.flatMap(([dishId, storeId]) =>
        [1, 2, 3].map((n) => orders.post("/transactions", { txId: `lunch-${name}-${sentAtLunch}-${dishId}-${n}`, storeId, lines: [{ dishId, quantity: 1 }], ttlSeconds: 20 })),
      ),
    );
  }
}
let sentAtLunch = 0;

for (const { name: look, colorScheme, locale } of LOOKS) {
  test.describe(look, () => {
    test.use({ colorScheme, locale });

    test(`every page, ${look}`, async ({ page, application, orders }) => {
      await page.goto("/sign-in");
      await expect(page.locator("button[type=submit]")).toBeEnabled();
      await picture(page, `sign-in-${look}`);
      await page.goto("/nowhere");
      await picture(page, `not-found-${look}`);
      await signIn(page, application);
      await expectLive(page);
      const pending = page.locator("[data-outcome=PENDING]").filter({ hasText: "shot-" });
      await expect(pending.first()).toBeVisible();
      await expect(page.getByTestId("tier-tcc").locator(".recharts-surface")).toBeVisible();
      await picture(page, `overview-${look}`);
      await pending.nth(1).getByRole("button").last().click();
      await expect(page.getByTestId("act")).toBeEnabled();
      await picture(page, `cancel-${look}`);

      await page.goto("/dishes?q=shot-");
      await expectLive(page);
      await expect(page.getByTestId("dish-shot-mapo")).toBeVisible();
      await picture(page, `dishes-${look}`);
      await page.goto("/dishes/shot-mapo");
      await expectLive(page);
      await expect(page.locator(".recharts-surface").first()).toBeVisible();
      await picture(page, `dish-${look}`);
      await page.getByTestId("restock").click();
      await page.getByRole("dialog").getByRole("textbox").first().fill("40");
      await picture(page, `restock-${look}`);

      await page.goto("/inbox");
      await expectLive(page);
      await expect(page.getByTestId("payment-bank:shot-nobody:1")).toBeVisible();
      await expect(page.locator("[data-testid^=refund-]").filter({ hasText: "NO-2026-refund" })).toBeVisible();
      await picture(page, `inbox-${look}`);
      await page.locator("[data-testid^=refund-]").filter({ hasText: "NO-2026-refund" }).getByRole("button").click();
      await expect(page.getByTestId("settle")).toBeVisible();
      await picture(page, `settle-${look}`);
      await page.keyboard.press("Escape");
      await expect(page.getByRole("dialog")).toHaveCount(0); // a dialog that goes keeps the keys to itself
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog")).toBeVisible();
      await picture(page, `keyboard-${look}`);
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox").fill("shot");
      await expect(page.locator("[data-group=dishes]").first()).toBeVisible();
      await picture(page, `palette-${look}`);

      await page.goto("/locks?window=300");
      await expectLive(page);
      await page.getByTestId("watch-lanes").click();
      await expect(async () => {
        await lunch(orders, look, 2);
        expect(await page.getByTestId("lane-chart").locator("[data-batch]").count()).toBeGreaterThan(2);
      }).toPass();
      await page.getByTestId("watch-lanes").click();
      await picture(page, `locks-${look}`);
      await page.setViewportSize({ width: 1440, height: 1280 });
      await picture(page, `locks-tall-${look}`);
      await page.getByTestId("sampling").click();
      await page.getByRole("dialog").locator("input[value='1']").check({ force: true });
      await picture(page, `sampling-${look}`);
    });
  });
}

test("the wall fits the screens it hangs on", async ({ wall }) => {
  for (const [width, height] of [[1280, 800], [1440, 900], [1920, 1080], [2560, 1440]] as const) {
    await wall.setViewportSize({ width, height });
    await picture(wall, `overview-${width}x${height}`);
    const scrolls = await wall.evaluate(() => document.documentElement.scrollHeight - document.documentElement.clientHeight);
    expect(scrolls, `${width} × ${height} scrolls`).toBe(0);
  }
  await wall.setViewportSize({ width: 390, height: 844 });
  await picture(wall, "overview-390x844");
});
