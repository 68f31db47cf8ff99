/** People and programs: who may what, taken away and given at once; what was done is in the audit; everybody's own settings. */
import type { Browser, Page } from "@playwright/test";
import type { FirstRun } from "../server/first-run.ts";
import { complaintsOf, expect, expectLive, signIn, signInByForm, test } from "./application.ts";
import { violations } from "./axe.ts";
import { LOOKS, picture } from "./pictures.ts";

/** Adds an operator over the page, and takes the password that is shown once. */
async function addOperator(wall: Page, name: string, email: string, role: string): Promise<string> {
  await wall.goto("/operators");
  await wall.getByRole("button", { name: "Add operator" }).click();
  const dialog = wall.getByRole("dialog");
  await expect(dialog.getByTestId("act")).toBeDisabled();
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByLabel("E-mail").fill(email);
  await dialog.getByRole("radio", { name: new RegExp(`^${role}`) }).check();
  await dialog.getByTestId("act").click();
  const secret = (await dialog.getByTestId("secret").textContent()) ?? "";
  await dialog.getByTestId("kept").click();
  await expect(dialog).toHaveCount(0);
  return secret;
}

async function asOther(browser: Browser, application: FirstRun, email: string, password: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, { ...application, operator: { email, password } });
  return page;
}

const acts = async (page: Page, on: string, item: string) => {
  await page.getByTestId(`acts-${on}`).click();
  await page.getByRole("menuitem", { name: item }).click();
};

test("an operator is added, loses the role at once with the page open, and is signed out at once when disabled", async ({ wall, browser, application, orders }) => {
  const email = "people-nora@wall.example";
  const password = await addOperator(wall, "Nora", email, "shift lead");
  const row = wall.getByTestId(`operator-${email}`);
  await expect(row).toHaveAttribute("data-role", "lead");

  await orders.addDish({ dishId: "people-rice", storeId: "people-kitchen", en: "People rice", zh: "人事米饭", supplied: 5 });
  const nora = await asOther(browser, application, email, password);
  await nora.goto("/dishes/people-rice");
  await expectLive(nora);
  await expect(nora.getByTestId("restock")).toBeEnabled();

  await acts(wall, email, "Change role");
  const dialog = wall.getByRole("dialog");
  await dialog.getByRole("radio", { name: /^viewer/ }).check();
  await expect(dialog.getByTestId("consequences")).toContainText("1 browser");
  await dialog.getByLabel("Reason").fill("on holiday");
  await dialog.getByTestId("act").click();
  await expect(row).toHaveAttribute("data-role", "viewer");
  await expect(nora.getByTestId("restock")).toBeDisabled(); // without a reload
  await expectLive(nora);

  await acts(wall, email, "Disable");
  await expect(dialog.getByTestId("consequences")).toContainText("signed out at once: 1 browser");
  await dialog.getByTestId("act").click();
  await expect(nora).toHaveURL(/\/sign-in\?ended=1$/);
  await expect(row).toContainText("disabled");
  await nora.context().close();

  await acts(wall, email, "What they did");
  await expect(wall).toHaveURL(/\/audit\?actor=/);
  await wall.goto("/audit?kind=operator");
  const disabled = wall.locator("[data-verb='operator.disable']").first();
  await expect(disabled).toBeVisible();
  await wall.locator("[data-verb='operator.role']").first().getByRole("button").click();
  await expect(wall.getByTestId("entry")).toContainText("on holiday");
  await expect(wall.getByTestId("changes")).toContainText(/Role\s*shift lead\s*viewer/);
});

test("an API key is shown once, works at its own rate, and is refused when it is revoked", async ({ wall, application }) => {
  await wall.goto("/operators");
  await wall.getByRole("button", { name: "Make a key" }).click();
  const dialog = wall.getByRole("dialog");
  await dialog.getByLabel("Name").fill("till");
  await dialog.getByLabel("Transactions a second").fill("2");
  await dialog.getByTestId("act").click();
  const secret = (await dialog.getByTestId("secret").textContent()) ?? "";
  expect(secret).toMatch(/^e86_/);
  await dialog.getByTestId("kept").click();
  await expect(wall.getByTestId("key-till")).toContainText("Orders");
  await expect(wall.locator("body")).not.toContainText(secret);

  const ask = (path: string, body?: unknown) =>
    fetch(`${application.url}/api/v1${path}`, { method: body === undefined ? "GET" : "POST", headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  expect((await ask("/transactions?limit=1")).status).toBe(200);
  expect((await ask("/dishes", { dishId: "x", storeId: "x", names: { en: "x", "zh-CN": "x" }, priceCents: 1, supplied: 1 })).status).toBe(403);
  const tried = await Promise.all([1, 2, 3, 4].map((n) => ask("/transactions", { txId: `people-key-${n}`, storeId: "nowhere", lines: [{ dishId: "none", quantity: 1 }] })));
  expect(tried.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(1);

  await acts(wall, "till", "Revoke");
  await dialog.getByLabel("Reason").fill("found in a log");
  await dialog.getByTestId("act").click();
  await expect(wall.getByTestId("key-till")).toContainText("revoked");
  expect((await ask("/transactions?limit=1")).status).toBe(401);
});

test("a viewer sees the audit and the settings, changes nothing of the installation, and is told whose page /operators is", async ({ wall, browser, application }) => {
  const email = "people-vera@wall.example";
  const password = await addOperator(wall, "Vera", email, "viewer");
  const vera = await asOther(browser, application, email, password);
  const complaints = complaintsOf(vera);
  await vera.goto("/operators");
  await expect(vera.getByTestId("admins-only")).toBeVisible();
  expect(await violations(vera)).toEqual([]);
  await vera.goto("/settings");
  await expectLive(vera);
  await expect(vera.getByTestId("change-self-approval")).toBeDisabled();
  await vera.goto("/audit");
  await expect(vera.locator("[data-verb='operator.create']").first()).toBeVisible();
  // Whoever calls the routes by hand is refused by the server.
  for (const path of ["/operators", "/keys", "/settings/self-approval", "/locks/sampling"]) {
    const status = await vera.evaluate(async (asked) => (await fetch(`/api/console${asked}`, { method: "POST", body: "{}", headers: { "Idempotency-Key": "by-hand" } })).status, path);
    expect([path, status]).toEqual([path, 403]);
  }
  expect(complaints).toEqual([]);
  await vera.context().close();
});

test("language, theme, time zone and password belong to the person: another browser has them after sign-in", async ({ wall, browser, application }) => {
  const email = "people-uma@wall.example";
  const first = await addOperator(wall, "Uma", email, "operator");
  const uma = await asOther(browser, application, email, first);
  await uma.goto("/settings");
  await expectLive(uma);
  await uma.getByRole("radio", { name: "Dark" }).check({ force: true });
  await expect(uma.locator("html")).toHaveClass(/dark/);
  const saved = () => uma.evaluate(async () => ((await (await fetch("/api/console/settings")).json()) as { preferences: unknown }).preferences);
  await expect.poll(saved).toMatchObject({ theme: "dark" });
  await uma.getByLabel("Time zone").selectOption("Asia/Tokyo");
  await expect.poll(async () => (await uma.context().cookies()).find(({ name }) => name === "eightysix.zone")?.value).toBe("Asia%2FTokyo");
  await uma.getByLabel("Current password").fill("not it");
  await uma.getByLabel("New password", { exact: true }).fill("a much longer password");
  await uma.getByLabel("New password again").fill("a much longer password");
  await uma.getByTestId("change-password").click();
  await expect(uma.getByText("The current password is wrong.")).toBeVisible();
  await uma.getByLabel("Current password").fill(first);
  await uma.getByTestId("change-password").click();
  await expect(uma.getByText("Password changed").first()).toBeVisible();
  await uma.getByRole("radio", { name: "中文" }).check({ force: true });
  await expect(uma.getByRole("heading", { name: "个人设置" })).toBeVisible();
  await expect.poll(saved).toEqual({ locale: "zh-CN", theme: "dark", timeZone: "Asia/Tokyo" });
  expect(await violations(uma)).toEqual([]);

  const elsewhere = await (await browser.newContext()).newPage();
  await signInByForm(elsewhere, { ...application, operator: { ...application.operator, email, password: "a much longer password" } });
  await expectLive(elsewhere);
  await elsewhere.goto("/settings");
  await expectLive(elsewhere);
  await expect(elsewhere.locator("html")).toHaveClass(/dark/);
  await expect(elsewhere.getByRole("heading", { name: "个人设置" })).toBeVisible();
  await expect(elsewhere.getByLabel("时区")).toHaveValue("Asia/Tokyo");
  await Promise.all([uma.context().close(), elsewhere.context().close()]);
});

test("the audit is narrowed by its filters, all of them in the address, and can be taken away as a file", async ({ wall, orders }) => {
  await orders.addDish({ dishId: "people-tofu", storeId: "people-kitchen", en: "Audited tofu", zh: "审计豆腐", supplied: 9 });
  await wall.goto("/dishes/people-tofu");
  await expectLive(wall);
  await wall.getByTestId("restock").click();
  await wall.getByRole("dialog").getByRole("textbox").first().fill("4");
  await wall.getByRole("dialog").getByRole("textbox").last().fill("=late delivery");
  await wall.getByTestId("act").click();
  await expect(wall.getByRole("dialog")).toHaveCount(0);
  await wall.goto("/audit");
  await expectLive(wall);
  await wall.getByLabel("About").selectOption("Dishes");
  await wall.getByLabel("Search the audit").fill("late delivery");
  await expect(wall).toHaveURL(/kind=dish/);
  await expect(wall).toHaveURL(/q=late/);
  const entries = wall.locator("tr[data-verb]");
  await expect(entries).toHaveCount(1);
  await expect(wall.getByTestId("changes")).toContainText(/Left\s*9\s*13/);
  expect(await violations(wall)).toEqual([]);
  const [file] = await Promise.all([wall.waitForEvent("download"), wall.getByRole("link", { name: "Export CSV" }).click()]);
  const text = await (await file.createReadStream()).toArray();
  expect(Buffer.concat(text as Buffer[]).toString()).toContain("people-tofu,,DONE,,'=late delivery");
  await wall.goBack();
  await expect(wall.getByLabel("Search the audit")).toHaveValue("");
  // Days are written one way, whatever language the browser has.
  const [from, to] = [wall.getByLabel("From this day", { exact: true }), wall.getByLabel("To this day", { exact: true })];
  await from.fill("2026-02-31");
  await from.press("Enter");
  await expect(from).toHaveAccessibleDescription("A day is written 2026-11-23.");
  await from.fill("2026/1/3");
  await from.press("Enter");
  await expect(wall).toHaveURL(/from=2026-01-03/);
  await expect(from).toHaveValue("2026-01-03");
  await to.fill("20251231");
  await to.press("Tab");
  await expect(to).toHaveAccessibleDescription("The range begins on 2026-01-03.");
  await wall.goto("/audit?q=nobody-did-this");
  await expect(wall.getByTestId("no-entries")).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme });

    test("axe finds nothing on operators and their dialogs, nor on settings", async ({ wall }) => {
      await wall.goto("/operators");
      await expectLive(wall);
      expect(await violations(wall)).toEqual([]);
      await wall.getByRole("button", { name: "Make a key" }).click();
      await expect(wall.getByRole("dialog")).toBeVisible();
      expect(await violations(wall)).toEqual([]);
      await wall.keyboard.press("Escape");
      await wall.goto("/settings");
      await expectLive(wall);
      expect(await violations(wall)).toEqual([]);
    });
  });
}

for (const { name, colorScheme, locale } of LOOKS) {
  test.describe(`pictures, ${name}`, () => {
    test.use({ colorScheme, locale });

    test("of the audit, of operators with a dialog, and of settings", async ({ wall }) => {
      await wall.goto("/audit");
      await expectLive(wall);
      await picture(wall, `audit-${name}`);
      await wall.goto("/operators");
      await expectLive(wall);
      await picture(wall, `operators-${name}`);
      await wall.locator("#add-operator").click();
      await expect(wall.getByRole("dialog")).toBeVisible();
      await picture(wall, `add-operator-${name}`);
      await wall.keyboard.press("Escape");
      await wall.goto("/settings");
      await expectLive(wall);
      await picture(wall, `settings-${name}`);
      await wall.setViewportSize({ width: 390, height: 844 });
      for (const page of ["settings", "operators", "audit"]) {
        await wall.goto(`/${page}`);
        await expectLive(wall);
        await picture(wall, `${page}-phone-${name}`);
      }
    });
  });
}
