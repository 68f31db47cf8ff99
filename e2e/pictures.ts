/** Pictures of pages for people to look at, in test-results/pages/. What is asserted is that nothing overflows sideways. */
import { expect, type Page } from "@playwright/test";

export const FOLDER = "test-results/pages";

export interface Look {
  name: string;
  colorScheme: "light" | "dark";
  locale: "en-GB" | "zh-CN";
}

const look = (colorScheme: Look["colorScheme"], locale: Look["locale"]): Look => ({ name: `${colorScheme}-${locale.slice(0, 2)}`, colorScheme, locale });

/** Each theme and each language once; with PICTURES=all every pair of them. */
export const LOOKS: readonly Look[] = [
  look("light", "zh-CN"),
  look("dark", "en-GB"),
  ...(process.env.PICTURES === "all" ? [look("light", "en-GB"), look("dark", "zh-CN")] : []),
];

export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${FOLDER}/${name}.png`, animations: "disabled" });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, `${name} overflows sideways`).toBe(0);
}
