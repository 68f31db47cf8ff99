/**
 * The language of a request, for next-intl. There is no language in the path: a root segment that matches everything would
 * end the sockets (see server/gateway/gateway.ts).
 */
import { cookies, headers } from "next/headers";
import { getRequestConfig } from "next-intl/server";
import { FORMATS } from "@/components/ui/formats";
import { LOCALE_COOKIE, TIME_ZONE_COOKIE } from "@/server/contracts/console";
import { isTimeZone } from "@/server/contracts/settings";
import { preferredLocale } from "./preferred-locale";

export default getRequestConfig(async () => {
  const sent = await cookies();
  const locale = preferredLocale(sent.get(LOCALE_COOKIE)?.value, (await headers()).get("accept-language"));
  const chosen = sent.get(TIME_ZONE_COOKIE)?.value;
  return {
    locale,
    messages: (await import(`../messages/${locale}.json`)).default,
    formats: FORMATS,
    // Whoever chose none has the installation's.
    timeZone: chosen !== undefined && isTimeZone(chosen) ? chosen : Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
});
