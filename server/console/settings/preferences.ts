/**
 * What a person prefers, kept with the person so that every browser has it after sign-in. Language and time zone travel in
 * cookies, because pages are rendered with them; the theme is the browser's to apply.
 */
import type { Context } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import { LOCALE_COOKIE, LOCALES, THEMES, TIME_ZONE_COOKIE, type Preferences } from "../../contracts/console.ts";
import { isTimeZone } from "../../contracts/settings.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";

const YEAR_SECONDS = 365 * 24 * 3600;

export async function readPreferences(prisma: PrismaClient, operatorId: string): Promise<Preferences> {
  const row = await prisma.user.findUnique({ where: { id: operatorId }, select: { locale: true, theme: true, timeZone: true } });
  return {
    locale: LOCALES.find((locale) => locale === row?.locale) ?? null,
    theme: THEMES.find((theme) => theme === row?.theme) ?? null,
    timeZone: row?.timeZone && isTimeZone(row.timeZone) ? row.timeZone : null,
  };
}

/** @param change what is not in it stays. @returns all of them, as they are now. */
export async function writePreferences(prisma: PrismaClient, operatorId: string, { locale, theme, timeZone }: { [Name in keyof Preferences]?: Preferences[Name] | undefined }): Promise<Preferences> {
  const data = { ...(locale !== undefined && { locale }), ...(theme !== undefined && { theme }), ...(timeZone !== undefined && { timeZone }) };
  await prisma.user.update({ where: { id: operatorId }, data });
  return readPreferences(prisma, operatorId);
}

/** Nothing chosen leaves the language as this browser has it, and the time zone as the installation has it. */
export function setPreferenceCookies(c: Context, { locale, timeZone }: Preferences): void {
  const lasting = { path: "/", sameSite: "Lax", maxAge: YEAR_SECONDS } as const;
  if (locale !== null) setCookie(c, LOCALE_COOKIE, locale, lasting);
  if (timeZone !== null) setCookie(c, TIME_ZONE_COOKIE, timeZone, lasting);
  else deleteCookie(c, TIME_ZONE_COOKIE, { path: "/" });
}
