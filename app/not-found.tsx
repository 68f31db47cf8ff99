import type { Metadata } from "next";
import Link from "next/link";
import { getTranslations } from "next-intl/server";
import { Mark } from "@/components/shell/wordmark";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("notFound"))("title") };
}

export default async function NotFound() {
  const t = await getTranslations("notFound");
  return (
    <main className="grid min-h-dvh place-items-center p-6">
      <div className="max-w-sm text-center">
        <Mark className="mx-auto size-9" />
        <p className="mt-8 font-mono text-xs text-text-3">404</p>
        <h1 className="mt-1 text-xl font-semibold">{t("title")}</h1>
        <p className="mt-2 text-text-2">{t("meaning")}</p>
        <Link
          href="/"
          className="mt-6 inline-flex h-9 items-center rounded-md border border-line-strong bg-surface px-3.5 font-medium hover:bg-sunken"
        >
          {t("back")}
        </Link>
      </div>
    </main>
  );
}
