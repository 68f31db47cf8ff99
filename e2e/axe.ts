/** What axe finds on a page as it stands. Structure is the same in both themes: in the dark one it judges the colours only. */
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

export async function violations(page: Page): Promise<unknown[]> {
  // A page hears of another colour scheme when it is drawn next, and only then begins to fade: so it is drawn before it is asked.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  // Colours are judged when nothing fades any more.
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.playState !== "running" || animation.effect?.getComputedTiming().iterations === Number.POSITIVE_INFINITY));
  const axe = new AxeBuilder({ page }).options({ resultTypes: ["violations"] });
  if (await page.evaluate(() => document.documentElement.classList.contains("dark") || matchMedia("(prefers-color-scheme: dark)").matches)) axe.withRules("color-contrast");
  const { violations: found } = await axe.analyze();
  return found.map(({ id, help, nodes }) => ({ id, help, where: nodes.map((node) => node.target.join(" ")) }));
}
