/**
 * The language of a request, for next-intl. There is no language in the path: a root segment that matches everything would
 * end the sockets (see server/gateway/gateway.ts).
 */
import { cookies, headers } from "next/headers";
import { getRequestConfig } from "next-intl/server";
import { LOCALE_COOKIE } from "@/server/contracts/console";
import { preferredLocale } from "./preferred-locale";

export default getRequestConfig(async () => {
  const locale = preferredLocale((await cookies()).get(LOCALE_COOKIE)?.value, (await headers()).get("accept-language"));
  return {
    locale,
    messages: (await import(`../messages/${locale}.json`)).default,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
});
