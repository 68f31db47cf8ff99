/** What machines could not finish: two people in two browsers, one participant that never comes back. */
import pg from "pg";
import { violations } from "./axe.ts";
import { expect, expectLive, signIn, test } from "./application.ts";

test("a ticket is claimed and noted by one, seen by the other; one asks for force-end, only the other can approve, and it ends as it was decided", async ({ wall, browser, application, orders, participant }) => {
  const email = "second@wall.example";
  const sql = new pg.Client({ connectionString: application.databaseUrl });
  await sql.connect();
  // The second person has the first one's password.
  await sql.query("INSERT INTO users (id, name, email, role) VALUES ('second', 'Second Person', $1, 'lead')", [email]);
  await sql.query("INSERT INTO accounts (id, provider_id, account_id, user_id, password) SELECT 'second', 'credential', 'second', 'second', password FROM accounts LIMIT 1");

  await orders.addDish({ dishId: "review-rice", storeId: "review-kitchen", en: "Clay rice", zh: "砂锅饭", supplied: 20 });
  await participant.start();
  await orders.untilTaken(participant.urls);
  await orders.reserve("review-1", "review-kitchen", [{ dishId: "review-rice", quantity: 3 }], 900, { participants: [participant.urls] });
  await participant.kill();
  expect(await orders.post("/transactions/review-1/cancel", {})).toMatchObject({ status: 202 });
  await wall.goto("/review");
  await expectLive(wall);
  const mine = wall.locator("[data-testid^=ticket-T]").filter({ hasText: "review-1" });
  await expect(mine).toBeVisible({ timeout: 30_000 });
  await mine.getByRole("link").click();
  expect(await violations(wall)).toEqual([]);

  const other = await (await browser.newContext()).newPage();
  await signIn(other, { ...application, operator: { ...application.operator, email } });
  await other.goto(`${application.url}/review`);
  await expectLive(other);
  const theirs = other.locator("[data-testid^=ticket-T]").filter({ hasText: "review-1" });

  await wall.getByTestId("claim").click();
  await expect(theirs).not.toContainText("nobody yet");
  await wall.getByLabel("Note").fill("their shop is closed");
  await wall.getByTestId("add-note").click();
  await theirs.getByRole("link").click();
  await expect(other.locator("#ticket-title").locator("../..")).toContainText("their shop is closed");

  await wall.getByTestId("ticket-force-end").click();
  const dialog = wall.getByRole("dialog");
  await expect(dialog.getByTestId("ask-force-end")).toBeDisabled();
  await dialog.getByLabel("Reason").fill("they will not come back");
  await dialog.getByLabel("Evidence").fill("mail of their owner");
  await dialog.getByTestId("ask-force-end").click();
  await expect(dialog).toHaveCount(0);
  await wall.getByTestId("ticket-force-end").click();
  await expect(dialog.getByTestId("approve-force-end")).toBeDisabled();
  await wall.keyboard.press("Escape");

  await expect(theirs).toContainText("Approval wanted");
  await other.getByTestId("ticket-force-end").click();
  await expect(other.getByRole("dialog")).toContainText("mail of their owner");
  await other.getByTestId("approve-force-end").click();
  await expect(mine).toHaveCount(0);
  await other.close();
  await wall.goto("/transactions/review-1");
  await expect(wall.getByTestId("state")).toHaveAttribute("data-state", "CANCELLED");
  await expect(wall.locator("#timeline-title").locator("../..")).toContainText("approve force-end");
  expect((await orders.dish("review-rice")).available).toBe(20);
  await sql.query("UPDATE users SET disabled_at = now() WHERE id = 'second'");
  await sql.end();
});
