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
          "inline-flex h-7 min-w-25 items-center justify-center gap-1.5 rounded-md border px-2 text-xs font-medium whitespace-nowrap", // as wide for each of the usual words
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
        {shown === "quiet" && <span className="font-normal">{age(quietMs)}</span>}
      </span>
    </Tooltip>
  );
}

/** Says in the header what is wrong, and since when. It takes the room that is empty while all is well, so nothing moves. */
export function ConnectionNotice() {
  const t = useTranslations("connection");
  const { store, retry } = useLive();
  const { status, sinceMs } = useConnection();
  const nowMs = useNowMs();
  const age = useAge();
  const lost = status === "offline" || status === "reconnecting";
  // A blink is not news: most reconnects take less than two seconds.
  if (!lost || nowMs - sinceMs < 2_000) return null;
  return (
    <div role="status" data-testid="connection-notice" className="flex flex-wrap items-center gap-x-2 text-xs text-warn">
      <span className="font-medium">{t(status === "offline" ? "noticeOffline" : "noticeLost")}</span>
      <span>{t("noticeAge", { age: age(Math.max(0, nowMs - store.heardAtMs)) })}</span>
      <Button kind="ghost" size="sm" className="h-6 px-1.5 text-warn underline-offset-2 hover:bg-transparent hover:text-warn hover:underline" onClick={retry}>
        {t("retry")}
      </Button>
    </div>
  );
}
