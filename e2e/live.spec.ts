/** The live connection: what it travels by, and what is seen when it breaks. */
import { expect, expectLive, ownApplication, signIn, test } from "./application.ts";

test("the transport is still one websocket after 30 seconds", async ({ page, application }) => {
  const opened: string[] = [];
  const closed: string[] = [];
  const polled: string[] = [];
  let heardAtMs = 0;
  page.on("websocket", (socket) => {
    if (!socket.url().includes("/socket.io")) return;
    opened.push(socket.url());
    socket.on("close", () => closed.push(socket.url()));
    socket.on("framereceived", () => {
      heardAtMs = Date.now();
    });
  });
  page.on("request", (request) => {
    if (request.url().includes("transport=polling")) polled.push(request.url());
  });
  await signIn(page, application);
  await expectLive(page);
  await page.waitForTimeout(31_000); // what is tested is that time passes
  expect({ opened: opened.length, closed, polled }).toEqual({ opened: 1, closed: [], polled: [] });
  expect(Date.now() - heardAtMs).toBeLessThan(3_000);
  await expectLive(page);
});

test("a server that goes away: the numbers turn grey and say how old they are; it comes back: they heal without a reload", async ({ page }) => {
  test.setTimeout(180_000);
  const own = await ownApplication();
  try {
    await signIn(page, own.application.firstRun);
    await expectLive(page);
    let loads = 0;
    page.on("load", () => {
      loads += 1;
    });
    await page.screenshot({ path: "test-results/pages/overview-quiet.png" });
    await own.kill();
    await expect(page.getByTestId("connection")).toHaveAttribute("data-status", "reconnecting");
    await expect(page.locator("[data-stale=true]")).toBeVisible();
    await expect(page.getByTestId("connection-notice")).toContainText(/figures are .+ old/);
    await page.screenshot({ path: "test-results/pages/overview-lost.png" });
    await own.restart();
    await expectLive(page);
    await expect(page.locator("[data-stale=false]")).toBeVisible();
    await expect(page.getByTestId("connection-notice")).toHaveCount(0);
    expect(loads).toBe(0);
  } finally {
    await own.end();
  }
});
