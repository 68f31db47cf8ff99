"use client";
/** What every page of the console stands in: tooltips, news, the live connection, the keys, the header. Its children are the page. */
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import type { Operator } from "@/server/contracts/console";
import type { OverviewSnapshot, TransactionsSnapshot } from "@/server/contracts/socket-events";
import { LiveProvider, useStale } from "../live/live-provider";
import type { Following } from "../live/live-socket";
import { KeyboardProvider } from "../palette/keyboard";
import { cn } from "../ui/cn";
import { ToastProvider } from "../ui/toast";
import { TooltipProvider } from "../ui/tooltip";
import { AppHeader } from "./app-header";
import { KioskStrip } from "./kiosk-strip";

interface ConsolePageProps {
  operator: Operator;
  title: string;
  overview: OverviewSnapshot;
  transactions?: TransactionsSnapshot;
  /** See LiveProvider. */
  also?: readonly Following[];
  /** The page is taller than a screen: what is below the header scrolls. Else it has to fit. */
  scrolls?: boolean;
  /** For a wall: no navigation, no menus, large type. */
  kiosk?: boolean;
  children: ReactNode;
}

export function ConsolePage({ operator, title, scrolls = false, kiosk = false, children, ...live }: ConsolePageProps) {
  const t = useTranslations("shell");
  return (
    <TooltipProvider delayDuration={300}>
      <ToastProvider label={t("notifications")} closeLabel={t("dismiss")}>
        <LiveProvider {...live}>
          <KeyboardProvider>
            <Frame operator={operator} title={title} scrolls={scrolls} kiosk={kiosk}>
              {children}
            </Frame>
          </KeyboardProvider>
        </LiveProvider>
      </ToastProvider>
    </TooltipProvider>
  );
}

function Frame({ operator, title, scrolls, kiosk, children }: Required<Pick<ConsolePageProps, "operator" | "title" | "scrolls" | "kiosk" | "children">>) {
  const stale = useStale();
  return (
    <div data-stale={stale} data-kiosk={kiosk} className={cn("group/wall flex min-h-dvh flex-col xl:h-dvh", kiosk && "h-dvh")}>
      {kiosk ? <KioskStrip title={title} /> : <AppHeader operator={operator} title={title} />}
      <main id="main" tabIndex={-1} className={cn("flex min-h-0 flex-1 flex-col gap-3 p-3 outline-none", scrolls && "scroll-quiet xl:overflow-y-auto")}>
        {children}
      </main>
    </div>
  );
}
