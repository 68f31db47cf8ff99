import { useTranslations } from "next-intl";
import type { Operator } from "@/server/contracts/console";
import { PaletteButton } from "../palette/palette-button";
import { ConnectionNotice, ConnectionPill } from "./connection";
import { Dependencies } from "./dependencies";
import { LanguageSwitch } from "./language-switch";
import { MainNav } from "./main-nav";
import { ThemeSwitch } from "./theme-switch";
import { UserMenu } from "./user-menu";
import { Wordmark } from "./wordmark";

export function AppHeader({ operator, title }: { operator: Operator; title: string }) {
  const t = useTranslations("shell");
  return (
    <header className="flex min-h-13 shrink-0 flex-wrap items-center gap-x-4 gap-y-1 border-b bg-surface px-4 py-1.5 transition-colors group-data-[stale=true]/wall:bg-warn-soft">
      <a
        href="#main"
        className="sr-only rounded-md bg-accent px-3 py-1.5 text-on-accent focus:not-sr-only focus:absolute focus:z-50"
      >
        {t("skip")}
      </a>
      <Wordmark />
      <span aria-hidden className="hidden h-4 w-px bg-line-strong sm:block" />
      <h1 className="sr-only">{title}</h1>
      <MainNav />
      <ConnectionNotice />
      <div className="ml-auto flex flex-wrap items-center justify-end gap-x-4 gap-y-1">
        <Dependencies />
        <ConnectionPill />
        <div className="flex items-center">
          <PaletteButton />
          <LanguageSwitch />
          <ThemeSwitch />
          <UserMenu operator={operator} />
        </div>
      </div>
    </header>
  );
}
