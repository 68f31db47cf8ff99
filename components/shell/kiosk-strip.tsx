"use client";
/**
 * What a wall has instead of a header: the time, whether the numbers are live, and how the stores are. It keeps the screen
 * awake and the session renewed, for nobody touches a wall for weeks. Esc leaves, and so does a link that a mouse brings up.
 */
import { X } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { readSession } from "../console-client";
import { useNowMs } from "../live/live-provider";
import { isForThePage } from "../ui/keys";
import { ConnectionNotice, ConnectionPill } from "./connection";
import { Dependencies } from "./dependencies";
import { Wordmark } from "./wordmark";

/** A session lasts a week and is renewed by a request, once a day. Sockets make none. */
const RENEW_EVERY_MS = 6 * 3_600_000;

export function KioskStrip({ title }: { title: string }) {
  const t = useTranslations("kiosk");
  useAwake();
  useSessionRenewed();
  useEscape();
  return (
    <header className="group flex min-h-12 shrink-0 items-center gap-4 border-b bg-surface px-4 transition-colors group-data-[stale=true]/wall:bg-warn-soft">
      <Wordmark />
      <h1 className="sr-only">{title}</h1>
      <Clock />
      <ConnectionNotice />
      <div className="ml-auto flex items-center gap-4">
        <Link
          href="/"
          prefetch={false}
          className="inline-flex h-7 items-center gap-1 rounded-md px-2 text-xs text-text-3 opacity-0 transition-opacity group-hover:opacity-100 hover:bg-sunken hover:text-text focus-visible:opacity-100"
        >
          <X aria-hidden className="size-3.5" />
          {t("leave")}
        </Link>
        <Dependencies />
        <ConnectionPill />
      </div>
    </header>
  );
}

/** By the server's clock, as every age on the wall: a wall's own clock is nobody's to set. */
function Clock() {
  const format = useFormatter();
  const nowMs = useNowMs();
  return (
    <time suppressHydrationWarning className="text-2xl leading-none font-semibold tracking-tight">
      {format.dateTime(nowMs, "clock")}
    </time>
  );
}

function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    const ask = () => {
      if (document.hidden || !("wakeLock" in navigator)) return;
      navigator.wakeLock.request("screen").then(
        (got) => {
          lock = got;
        },
        () => undefined, // the system decides: a low battery, a policy
      );
    };
    ask();
    document.addEventListener("visibilitychange", ask); // it is lost while the tab is hidden
    return () => {
      document.removeEventListener("visibilitychange", ask);
      void lock?.release();
    };
  }, []);
}

function useSessionRenewed(): void {
  useEffect(() => {
    // A server that is away is asked again the next time; a session that is over ends the socket, and that says so.
    const timer = window.setInterval(() => void readSession().catch(() => undefined), RENEW_EVERY_MS);
    return () => window.clearInterval(timer);
  }, []);
}

function useEscape(): void {
  const router = useRouter();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape" && isForThePage(event)) router.push("/");
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [router]);
}
