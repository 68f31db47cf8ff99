/** Nobody sees or does anything without signing in, and signing out ends everything at once. */
import { complaintsOf, expect, expectLive, signIn, test } from "./application.ts";

test("a wrong password is refused, the right one is not", async ({ page, application }) => {
  await page.goto("/");
  await expect(page).toHaveURL(/\/sign-in$/);
  await page.getByLabel("E-mail").fill(application.operator.email);
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "wrong" })).toBeVisible();
  await expect(page).toHaveURL(/\/sign-in$/);
  expect((await page.context().cookies()).filter((cookie) => cookie.name.includes("session"))).toEqual([]);

  await page.getByLabel("Password", { exact: true }).fill(application.operator.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expectLive(page);
  const session = (await page.context().cookies()).find((cookie) => cookie.name.includes("session"));
  expect(session).toMatchObject({ httpOnly: true, sameSite: "Lax" });
});

test("guessing is slowed down, and says for how long", async ({ page }) => {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill("somebody@example.com");
  for (let n = 0; n < 6; n += 1) {
    const answered = page.waitForResponse("**/api/auth/sign-in");
    await page.getByLabel("Password", { exact: true }).fill(`guess ${n}`);
    await page.getByRole("button", { name: "Sign in" }).click();
    await answered;
  }
  await expect(page.getByText(/Too many attempts\. Try again in \d+ s/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Sign in" })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Sign in" })).toBeEnabled({ timeout: 10_000 });
});

test("signing out in one tab ends the other one's live numbers at once", async ({ context, application }) => {
  const [here, there] = [await context.newPage(), await context.newPage()];
  await signIn(here, application);
  await there.goto(application.url);
  await expectLive(there);
  await here.getByRole("button", { name: /^Account/ }).click();
  await here.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(here).toHaveURL(/\/sign-in$/);
  await expect(there).toHaveURL(/\/sign-in\?ended=1$/, { timeout: 5_000 });
  await expect(there.getByText("Your session is over")).toBeVisible();
  await there.goto(application.url);
  await expect(there).toHaveURL(/\/sign-in$/);
});

test("pages carry a strict Content-Security-Policy and nothing on them breaks it", async ({ page, application }) => {
  const complaints = complaintsOf(page);
  const response = await page.goto("/sign-in");
  const policy = response?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("script-src 'self' 'nonce-");
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
  expect(policy).toContain("frame-ancestors 'none'");
  await signIn(page, application);
  await expectLive(page);
  await page.getByRole("button", { name: "Theme" }).click();
  await page.getByRole("menuitemradio", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveClass(/dark/);
  expect(complaints).toEqual([]);
});

test("an address where nothing is says so", async ({ page }) => {
  const response = await page.goto("/nowhere");
  expect(response?.status()).toBe(404);
  await expect(page.getByRole("heading", { name: "This page is 86’d" })).toBeVisible();
});
