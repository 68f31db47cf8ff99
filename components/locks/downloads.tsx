"use client";
/** A trace of the seconds to come, or a profile of those that have passed, as a file. Of the instance that serves this page. */
import { Download, FileDown } from "lucide-react";
import { useTranslations } from "next-intl";
import { useEffect, useState } from "react";
import type { ContentionSeconds } from "@/server/contracts/contention";
import { ConsoleError } from "../console-client";
import { useFailure } from "../console-failure";
import { Button } from "../ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "../ui/menu";
import { useToast } from "../ui/toast";
import { download } from "./locks-client";
import { shortName, useLocksView } from "./use-locks";

const TRACE_SECONDS = [5, 15] as const;
const PROFILES = ["mutex", "block"] as const;

export function Downloads({ seconds }: { seconds: ContentionSeconds }) {
  const t = useTranslations("locks.downloads");
  const words = useTranslations("locks");
  const sentenceOf = useFailure();
  const toast = useToast();
  const { own } = useLocksView();
  const [busy, setBusy] = useState(false);
  const [tracing, setTracing] = useState<number | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const save = async (path: string, takesSeconds: number | null) => {
    setBusy(true);
    setTracing(takesSeconds);
    setFailure(null);
    try {
      toast(t("done"), await download(path));
    } catch (error) {
      if (error instanceof ConsoleError && error.code === "OVERLOADED") setFailure(t("busy", { seconds: error.retryAfterSeconds ?? 1 }));
      else setFailure(`${t("failed")} ${sentenceOf(error)}`);
    } finally {
      setBusy(false);
      setTracing(null);
    }
  };
  return (
    <div className="flex items-center gap-2">
      <span role="status" className="text-xs text-text-3">{tracing !== null && <Countdown seconds={tracing} />}</span>
      {failure !== null && <span role="alert" className="text-xs text-danger">{failure}</span>}
      <Menu>
        <MenuTrigger asChild>
          <Button size="sm" className="h-8" busy={busy} data-testid="downloads">
            <Download aria-hidden className="size-3.5" />
            {t("menu")}
          </Button>
        </MenuTrigger>
        <MenuContent className="min-w-72">
          {TRACE_SECONDS.map((each) => (
            <MenuItem key={each} className="h-auto py-1.5" onSelect={() => void save(`/api/console/locks/trace?seconds=${each}`, each)}>
              <Entry title={t("trace", { seconds: each })} detail={t("traceMeaning")} />
            </MenuItem>
          ))}
          <MenuSeparator />
          {PROFILES.map((view) => (
            <MenuItem key={view} className="h-auto py-1.5" onSelect={() => void save(`/api/console/locks/profile/${view}?seconds=${seconds}`, null)}>
              <Entry title={t(view)} detail={t("profileMeaning", { window: words(`windows.${seconds}`) })} />
            </MenuItem>
          ))}
          <MenuSeparator />
          <div className="px-2 py-1 text-2xs text-text-3" title={own}>{t("of", { instance: shortName(own) })}</div>
        </MenuContent>
      </Menu>
    </div>
  );
}

function Entry({ title, detail }: { title: string; detail: string }) {
  return (
    <>
      <FileDown aria-hidden className="size-4 shrink-0 text-text-3" />
      <span className="min-w-0">
        <span className="block truncate">{title}</span>
        <span className="block truncate text-2xs text-text-3">{detail}</span>
      </span>
    </>
  );
}

function Countdown({ seconds }: { seconds: number }) {
  const t = useTranslations("locks.downloads");
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    const timer = window.setInterval(() => setLeft((before) => Math.max(0, before - 1)), 1_000);
    return () => window.clearInterval(timer);
  }, []);
  return t("capturing", { seconds: left });
}
