"use client";
/** Whether the numbers on screen are live, and how old they are. A word and a shape, not only a colour. */
import { CircleDashed, Radio, RotateCw, WifiOff } from "lucide-react";
import { useTranslations } from "next-intl";
import { useConnection, useLive, useNowMs, useStale } from "../live/live-provider";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Tooltip } from "../ui/tooltip";
import { useAge } from "../overview/ages";

export function ConnectionPill() {
  const t = useTranslations("connection");
  const { store } = useLive();
  const { status } = useConnection();
  const stale = useStale();
  const nowMs = useNowMs();
  const age = useAge();
  const quietMs = Math.max(0, nowMs - store.heardAtMs);
  const shown = status === "live" && stale ? "quiet" : status;
  const Icon = { live: Radio, quiet: CircleDashed, connecting: CircleDashed, reconnecting: RotateCw, offline: WifiOff, signedOut: WifiOff }[shown];
  return (
    <Tooltip text={t(`explained.${shown}`)}>
      <span
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the explanation opens on focus
        tabIndex={0}
        data-testid="connection"
        data-status={shown}
        className={cn(
          "inline-flex h-7 items-center gap-1.5 rounded-md border px-2 text-xs font-medium whitespace-nowrap",
          shown === "live" && "text-text-2",
          shown === "connecting" && "text-text-3",
          (shown === "quiet" || shown === "reconnecting") && "border-transparent bg-warn-soft text-warn",
          (shown === "offline" || shown === "signedOut") && "border-transparent bg-danger-soft text-danger",
        )}
      >
        <Icon
          aria-hidden
          className={cn("size-3.5", shown === "live" && "text-ok", shown === "reconnecting" && "animate-spin")}
          strokeWidth={2.25}
        />
        {t(shown)}
        {shown !== "connecting" && quietMs >= 2_000 && <span className="font-normal">{age(quietMs)}</span>}
      </span>
    </Tooltip>
  );
}

/** Says across the page what is wrong, and since when. Takes no room while all is well. */
export function ConnectionBanner() {
  const t = useTranslations("connection");
  const { store, retry } = useLive();
  const { status, sinceMs } = useConnection();
  const nowMs = useNowMs();
  const age = useAge();
  const lost = status === "offline" || status === "reconnecting";
  // A blink is not news: most reconnects take less than two seconds.
  if (!lost || nowMs - sinceMs < 2_000) return null;
  return (
    <div
      role="status"
      data-testid="connection-banner"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-transparent bg-warn-soft px-4 py-1.5 text-xs text-warn"
    >
      <WifiOff aria-hidden className="size-3.5" strokeWidth={2.25} />
      <span className="font-medium">{t(status === "offline" ? "bannerOffline" : "bannerLost")}</span>
      <span>{t("bannerAge", { age: age(Math.max(0, nowMs - store.heardAtMs)) })}</span>
      <Button kind="ghost" size="sm" className="ml-auto h-6 text-warn hover:bg-transparent hover:underline" onClick={retry}>
        {t("retry")}
      </Button>
    </div>
  );
}
