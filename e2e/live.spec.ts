/** The live connection: what it travels by, and what is seen when it breaks. */
import { expect, expectLive, OrderService, ownApplication, signIn, test } from "./application.ts";
import { violations } from "./axe.ts";

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

test("a server that goes away: the numbers turn grey and say how old they are; it comes back: they heal without a reload, on the desk and on the wall", async ({ page }) => {
  test.setTimeout(180_000);
  const own = await ownApplication();
  try {
    await signIn(page, own.application.firstRun);
    await expectLive(page);
    const wall = await page.context().newPage();
    await wall.setViewportSize({ width: 1920, height: 1080 });
    await wall.goto(`${own.application.firstRun.url}/?kiosk=1`);
    await expectLive(wall);
    let loads = 0;
    for (const each of [page, wall]) {
      each.on("load", () => {
        loads += 1;
      });
    }
    // Nothing to press, larger than on a desk, and all of it in sight.
    await expect(wall.getByRole("navigation")).toHaveCount(0);
    await expect(wall.getByRole("button")).toHaveCount(0);
    const rootPx = () => Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
    expect(await wall.evaluate(rootPx)).toBeGreaterThan((await page.evaluate(rootPx)) * 1.3);
    expect(await wall.evaluate(() => document.documentElement.scrollHeight - document.documentElement.clientHeight)).toBe(0);
    expect(await wall.locator("section[aria-labelledby=tiers-title] > div").evaluate((tiers) => tiers.scrollHeight - tiers.clientHeight)).toBe(0);
    expect(await violations(wall)).toEqual([]);
    await page.screenshot({ path: "test-results/pages/overview-quiet.png" });
    await wall.screenshot({ path: "test-results/pages/wall.png" });
    await own.kill();
    await expect(page.getByTestId("connection")).toHaveAttribute("data-status", "reconnecting");
    await expect(page.locator("[data-stale=true]")).toBeVisible();
    await expect(page.getByTestId("connection-notice")).toContainText(/figures are .+ old/);
    await expect(wall.locator("[data-stale=true]")).toBeVisible();
    await expect(wall.getByTestId("connection-notice")).toContainText(/figures are .+ old/);
    await wall.screenshot({ path: "test-results/pages/wall-lost.png" });
    await page.screenshot({ path: "test-results/pages/overview-lost.png" });
    await own.restart();
    await expectLive(page);
    await expect(page.locator("[data-stale=false]")).toBeVisible();
    await expect(page.getByTestId("connection-notice")).toHaveCount(0);
    // The wall goes on from the new process: what happens now is told, without anybody's help.
    await expectLive(wall);
    await expect(wall.locator("[data-stale=false]")).toBeVisible();
    expect(loads).toBe(0);
    const orders = new OrderService(own.application.firstRun);
    await orders.addDish({ dishId: "wall-last", storeId: "wall-kitchen", en: "The wall's last bun", zh: "最后一只大屏包子", supplied: 1 });
    await page.goto(`${own.application.firstRun.url}/dishes?q=wall-last`);
    await expect(page.getByTestId("dish-wall-last")).toBeVisible(); // the board knows it, so what becomes of it is news
    await orders.reserve("wall-1", "wall-kitchen", [{ dishId: "wall-last", quantity: 1 }]);
    await expect(wall.getByTestId("attention-sold-out")).toContainText("The wall's last bun");
    await expect(wall.getByTestId("ticker")).toContainText("The wall's last bun sold out");
    await expect(wall.getByTestId("latency")).toHaveAttribute("data-known", "true");
    await expect(wall.getByTestId("under-sold")).toHaveAttribute("data-cents", "0");
    await wall.keyboard.press("Escape");
    await expect(wall.getByRole("navigation", { name: "Pages" })).toBeVisible();
  } finally {
    await own.end();
  }
});
