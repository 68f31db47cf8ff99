import { expect, test } from "vitest";
import { preferredLocale } from "./preferred-locale.ts";

test.each([
  ["the choice made here wins over the browser's", "en", "zh-CN,zh;q=0.9", "en"],
  ["any Chinese is Chinese", undefined, "zh-TW,en;q=0.5", "zh-CN"],
  ["the higher wish wins", undefined, "en;q=0.4,zh;q=0.9", "zh-CN"],
  ["another language falls back to the next wish", undefined, "de,zh-CN;q=0.7,en;q=0.3", "zh-CN"],
  ["nothing we have is English", undefined, "fr,de", "en"],
  ["no wish is English", undefined, null, "en"],
  ["what is refused is not chosen", undefined, "zh;q=0,en;q=0.1", "en"],
  ["a cookie with nonsense is no choice", "xx", "zh", "zh-CN"],
])("%s", (_guarantee, cookie, header, locale) => {
  expect(preferredLocale(cookie, header)).toBe(locale);
});
