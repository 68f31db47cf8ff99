import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { LanguageSwitch } from "@/components/shell/language-switch";
import { ThemeSwitch } from "@/components/shell/theme-switch";
import { Mark } from "@/components/shell/wordmark";
import { SignInForm } from "@/components/sign-in/sign-in-form";
import { currentOperator } from "../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("signIn"))("title") };
}

interface SignInPageProps {
  searchParams: Promise<{ ended?: string }>;
}

export default async function SignInPage({ searchParams }: SignInPageProps) {
  if ((await currentOperator()) !== null) redirect("/");
  const t = await getTranslations("signIn");
  const { ended } = await searchParams;
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="flex h-13 items-center justify-end px-4">
        <LanguageSwitch />
        <ThemeSwitch />
      </header>
      <main className="grid flex-1 place-items-center px-4 pb-24">
        <div className="w-full max-w-sm">
          <div className="mb-8 flex flex-col items-center text-center">
            <Mark className="size-11" />
            <p className="mt-4 text-xl font-semibold tracking-tight">Eightysix</p>
            <p className="mt-0.5 text-text-3">{t("tagline")}</p>
          </div>
          <div className="rounded-xl border bg-surface p-6 shadow-panel">
            <h1 className="mb-5 text-lg font-semibold">{t("title")}</h1>
            <SignInForm ended={ended === "1"} />
          </div>
          <p className="mt-4 text-center text-xs text-text-3">{t("help")}</p>
        </div>
      </main>
    </div>
  );
}
