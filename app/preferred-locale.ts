/** The language for a request: the cookie's, else the best of what the browser asks for (any Chinese is Simplified Chinese), else English. */
import { LOCALES } from "../server/contracts/console.ts";
import type { Locale } from "../server/contracts/console.ts";

export function preferredLocale(cookie: string | undefined, acceptLanguage: string | null): Locale {
  const chosen = LOCALES.find((locale) => locale === cookie);
  if (chosen !== undefined) return chosen;
  const wishes = (acceptLanguage ?? "")
    .split(",")
    .map((part) => {
      const [tag = "", ...parameters] = part.trim().split(";");
      const quality = parameters.find((parameter) => parameter.trim().startsWith("q="));
      return { tag: tag.toLowerCase(), quality: quality === undefined ? 1 : Number(quality.split("=")[1]) };
    })
    .filter(({ tag, quality }) => quality > 0 && /^(zh|en)\b/.test(tag))
    .sort((a, b) => b.quality - a.quality);
  return wishes[0]?.tag.startsWith("zh") ? "zh-CN" : "en";
}
