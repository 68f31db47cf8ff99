"use client";
/** Two languages: one button that names the other one, in its own words. */
import { Languages } from "lucide-react";
import { useLocale } from "next-intl";
import { useRouter } from "next/navigation";
import { useTransition } from "react";
import { LOCALE_COOKIE } from "@/server/contracts/console";
import { Button } from "../ui/button";

const OTHER = {
  en: { locale: "zh-CN", name: "中文" },
  "zh-CN": { locale: "en", name: "English" },
} as const;

const YEAR_SECONDS = 365 * 24 * 3600;

export function LanguageSwitch() {
  const other = OTHER[useLocale() === "zh-CN" ? "zh-CN" : "en"];
  const router = useRouter();
  const [pending, startTransition] = useTransition();
  return (
    <Button
      kind="ghost"
      size="sm"
      className="h-8"
      lang={other.locale}
      disabled={pending}
      onClick={() => {
        // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in Safari and Firefox before 140
        document.cookie = `${LOCALE_COOKIE}=${other.locale}; Path=/; Max-Age=${YEAR_SECONDS}; SameSite=Lax`;
        startTransition(() => router.refresh());
      }}
    >
      <Languages aria-hidden className="hidden size-4 sm:block" />
      {other.name}
    </Button>
  );
}
