/**
 * Which language a request gets: the cookie's, else what the browser asks for (any Chinese is Simplified Chinese here), else English.
 * There is no language in the path: a root segment that matches everything would end the sockets (see server/gateway).
 */
import { cookies, headers } from "next/headers";
import { getRequestConfig } from "next-intl/server";
import { LOCALES, LOCALE_COOKIE } from "@/server/contracts/console";
import type { Locale } from "@/server/contracts/console";

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
    .filter(({ tag, quality }) => quality > 0 && (tag.startsWith("zh") || tag.startsWith("en")))
    .sort((a, b) => b.quality - a.quality);
  return wishes[0]?.tag.startsWith("zh") ? "zh-CN" : "en";
}

export default getRequestConfig(async () => {
  const locale = preferredLocale((await cookies()).get(LOCALE_COOKIE)?.value, (await headers()).get("accept-language"));
  return {
    locale,
    messages: (await import(`../messages/${locale}.json`)).default,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
});
