/**
 * Pictures of the pages where people decide: transactions, a decision sheet, causes, a frozen list, the review queue. In both
 * languages and both themes, to test-results/pages/, for people to look at; what is asserted is that nothing overflows sideways.
 */
import { expect, expectLive, signIn, test } from "./application.ts";
import { LOOKS, picture } from "./pictures.ts";

const STORE = "hand-lantern";

test.beforeAll(async ({ orders, participant }) => {
  await orders.addDish({ dishId: "hand-mapo", storeId: STORE, en: "Mapo tofu", zh: "麻婆豆腐", supplied: 400 });
  await orders.addDish({ dishId: "hand-gongbao", storeId: STORE, en: "Kung Pao chicken", zh: "宫保鸡丁", supplied: 300 });
  await participant.start();
  await orders.untilTaken(participant.urls);
  const lines = [{ dishId: "hand-mapo", quantity: 2 }, { dishId: "hand-gongbao", quantity: 1 }];
  for (let n = 0; n < 14; n += 1) await orders.reserve(`hand-${n}`, STORE, lines, 900, n % 2 === 1 ? { participants: [participant.urls] } : {});
  for (const n of [0, 1]) await orders.post(`/transactions/hand-${n}/confirm`, {});
  await orders.post("/transactions/hand-2/cancel", {});
  await participant.kill();
  for (const n of [3, 5, 7]) await orders.post(`/transactions/hand-${n}/confirm`, {});
  await orders.post("/transactions/hand-9/cancel", {});
});

for (const { name: look, colorScheme, locale } of LOOKS) {
  test.describe(look, () => {
    test.use({ colorScheme, locale });

    test(`every page of what is done by hand, ${look}`, async ({ page, application }) => {
      const open = async (path: string): Promise<void> => {
        await page.goto(path);
        await expectLive(page);
      };
      await signIn(page, application);
      await open("/transactions?q=hand-");
      await expect(page.getByTestId("row-hand-13")).toBeVisible();
      await picture(page, `transactions-${look}`);
      await open("/transactions/hand-3");
      await expect(page.getByTestId("branch-01")).toBeVisible();
      await picture(page, `sheet-stuck-${look}`);
      await open("/transactions/hand-11");
      await page.getByTestId("verb-confirm").click();
      await expect(page.getByTestId("act")).toBeEnabled();
      await picture(page, `sheet-confirm-${look}`);
      await open("/causes");
      await expect(page.locator("[data-testid^=cause-]").first()).toBeVisible();
      await picture(page, `causes-${look}`);
      await page.locator("[data-testid^=cause-]").first().getByRole("button").click();
      await expect(page.getByTestId("bulk-start")).toBeVisible();
      await picture(page, `bulk-${look}`);
      await open("/review");
      await expect(page.getByTestId("ticket-force-end").or(page.locator("#review-title")).first()).toBeVisible();
      await picture(page, `review-${look}`);
      if (look !== "light-zh") return; // one look is enough for the narrow screen
      await page.setViewportSize({ width: 390, height: 844 });
      for (const [path, name] of [["/transactions", "transactions"], ["/transactions/hand-3", "sheet"], ["/causes", "causes"], ["/review", "review"]] as const) {
        await open(path);
        await picture(page, `${name}-390-${look}`);
      }
    });
  });
}
