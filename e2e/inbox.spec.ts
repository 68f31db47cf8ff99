/** Payments that have not found their order, and money that has to go back: seen, hastened, settled with a reason, and kept in the audit. */
import pg from "pg";
import { expect, expectLive, type OrderService, signIn, test } from "./application.ts";
import { violations } from "./axe.ts";

const STORE = "inbox-kitchen";
const DISH = "inbox-rice";

async function pay(orders: OrderService, orderId: string, eventId: string, amountCents = 2_800): Promise<void> {
  const answer = await orders.post("/payments/callbacks", { source: "bank", orderId, eventId, status: "PAID", occurredAt: new Date().toISOString(), amountCents });
  expect(answer).toMatchObject({ status: 202 });
}

test.beforeAll(async ({ orders }) => {
  const { status } = await orders.post("/dishes", { dishId: DISH, storeId: STORE, names: { en: "Inbox rice", "zh-CN": "收件箱饭" }, priceCents: 2_800, supplied: 100 });
  expect([201, 409]).toContain(status);
});

test("a payment that comes before its order waits in sight, is tried again by hand, and is sold as soon as the order comes", async ({ wall, orders }) => {
  await pay(orders, "order-inbox-early", "e1");
  await wall.getByRole("link", { name: "Inbox" }).click();
  await wall.waitForURL(/\/inbox$/);
  await expectLive(wall);
  const payment = wall.getByTestId("payment-bank:order-inbox-early:e1");
  await expect(payment).toContainText("No order yet");
  await expect(payment).toContainText("28.00");
  await wall.getByText("Without an order").click();
  await expect(wall).toHaveURL(/view=waiting/);
  await expect(payment).toContainText("has not come yet");
  await payment.getByRole("button", { name: /^Try the payment/ }).click();
  await expect(wall.locator("li").filter({ hasText: /Being tried now|being tried already/ })).toBeVisible();
  expect(await violations(wall)).toEqual([]);

  await orders.reserve("inbox-early", STORE, [{ dishId: DISH, quantity: 1 }]);
  await wall.getByText("All", { exact: true }).first().click();
  await wall.mouse.move(0, 0); // nothing changes its place under a pointer
  await expect(payment).toContainText("Sold", { timeout: 30_000 });
  await expect(payment.getByRole("link", { name: "inbox-early", exact: true })).toHaveAttribute("href", "/transactions/inbox-early");
});

test("a refund is settled with a reason by one, is gone for the other, and the audit says who and why; who may only look can look", async ({ wall, browser, application, orders }) => {
  const sql = new pg.Client({ connectionString: application.databaseUrl });
  await sql.connect();
  const email = "looker@inbox.example";
  await sql.query("INSERT INTO users (id, name, email, role) VALUES ('looker', 'Looker', $1, 'viewer')", [email]);
  await sql.query("INSERT INTO accounts (id, provider_id, account_id, user_id, password) SELECT 'looker', 'credential', 'looker', 'looker', password FROM accounts LIMIT 1");
  await orders.reserve("inbox-gone", STORE, [{ dishId: DISH, quantity: 2 }]);
  expect((await orders.post("/transactions/inbox-gone/cancel", {})).status).toBe(200);
  await pay(orders, "order-inbox-gone", "e2", 5_600);

  const other = await (await browser.newContext()).newPage();
  await signIn(other, { ...application, operator: { ...application.operator, email } });
  await other.goto(`${application.url}/inbox`);
  const theirs = other.locator("[data-testid^=refund-]").filter({ hasText: "order-inbox-gone" });
  await expect(theirs).toContainText("56.00", { timeout: 20_000 });
  await expect(theirs.getByRole("button")).toBeDisabled();

  await wall.goto("/inbox");
  await expectLive(wall);
  const mine = wall.locator("[data-testid^=refund-]").filter({ hasText: "order-inbox-gone" });
  await mine.getByRole("button", { name: /^Settle refund/ }).click();
  const dialog = wall.getByRole("dialog");
  await expect(dialog).toContainText(/Settle the refund of .*¥56\.00/);
  await expect(dialog.getByTestId("settle-effect")).toContainText("bank · e2");
  await expect(dialog.getByTestId("settle-effect")).toContainText("Refunded");
  for (const colorScheme of ["light", "dark"] as const) {
    await wall.emulateMedia({ colorScheme });
    expect(await violations(wall)).toEqual([]);
  }
  await dialog.getByTestId("settle").click();
  await expect(dialog.getByRole("alert")).toContainText("say why");
  await expect(dialog.getByLabel("Reason")).toBeFocused();
  await dialog.getByLabel("Reason").fill("sent back by hand");
  await dialog.getByLabel("Reference").fill("SEPA 17");
  await dialog.getByTestId("settle").click();
  await expect(dialog).toHaveCount(0);
  await wall.mouse.move(0, 0);
  await wall.locator("#main").focus();
  await expect(mine).toHaveCount(0);
  await expect(theirs).toHaveCount(0);
  await wall.getByText("Settled", { exact: true }).click();
  await expect(mine).toContainText("sent back by hand (SEPA 17)");
  const { rows } = await sql.query("SELECT reason, detail ->> 'outcome' AS outcome FROM audit_entries WHERE verb = 'refund.settle'");
  expect(rows).toContainEqual({ reason: "sent back by hand", outcome: "DONE" });
  const { rows: payments } = await sql.query("SELECT state, outcome FROM payments WHERE order_id = 'order-inbox-gone'");
  expect(payments).toEqual([{ state: "COMPLETED", outcome: "REFUNDED" }]);
  await other.close();
  await sql.query("UPDATE users SET disabled_at = now() WHERE id = 'looker'");
  await sql.end();
});
