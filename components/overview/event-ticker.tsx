"use client";
/** What happened lately, the newest first, as many as there is room for. It keeps still under the pointer. */
import { Ban, CircleCheck, CirclePause, CirclePlay, Database, PackageCheck, TimerOff } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import type { TickerEvent } from "@/server/contracts/socket-events";
import { useEvents } from "../live/live-provider";
import { cn } from "../ui/cn";
import { useSteadyRows } from "../ui/use-steady-rows";
import { useNames } from "./names";

const LOOKS = {
  SOLD_OUT: { icon: Ban, tone: "text-danger" },
  BACK: { icon: PackageCheck, tone: "text-ok" },
  PAUSED: { icon: CirclePause, tone: "text-text-3" },
  RESUMED: { icon: CirclePlay, tone: "text-ok" },
  DEPENDENCY: { icon: Database, tone: "text-warn" },
  TIMED_OUT: { icon: TimerOff, tone: "text-danger" },
} as const satisfies Record<TickerEvent["kind"], unknown>;

const idOf = ({ id, atMs }: TickerEvent) => `${atMs} ${id}`;

export function EventTicker() {
  const t = useTranslations("ticker");
  const { rows, handlers } = useSteadyRows("", useEvents(), idOf);
  return (
    <section aria-label={t("title")} data-testid="ticker" className="h-8 shrink-0 overflow-hidden rounded-panel border bg-surface px-4 text-xs shadow-panel" {...handlers}>
      {rows.length === 0 ? (
        <p className="figures flex h-full items-center gap-1.5 text-text-3">
          <CircleCheck aria-hidden className="size-3.5" />
          {t("quiet")}
        </p>
      ) : (
        // What does not fit goes to a second line, and that is out of sight.
        <ol className="figures flex flex-wrap gap-x-6">
          {rows.map((event) => (
            <Event key={idOf(event)} event={event} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Event({ event }: { event: TickerEvent }) {
  const format = useFormatter();
  const { icon: Icon, tone } = LOOKS[event.kind];
  return (
    <li className="flex h-8 max-w-full items-center gap-1.5 whitespace-nowrap" data-kind={event.kind}>
      <time dateTime={new Date(event.atMs).toISOString()} suppressHydrationWarning className="text-text-3">
        {format.dateTime(event.atMs, "time")}
      </time>
      <Icon aria-hidden className={cn("size-3.5 shrink-0", tone)} strokeWidth={2.25} />
      <span className="truncate">
        <Words event={event} />
      </span>
    </li>
  );
}

function Words({ event }: { event: TickerEvent }) {
  const t = useTranslations("ticker");
  const dependencies = useTranslations("dependencies");
  const names = useNames();
  if (event.kind === "DEPENDENCY") {
    const said = { name: dependencies(event.name), state: dependencies(event.state) };
    return event.at === null ? t("dependency", said) : t("dependencySome", { ...said, ...event.at });
  }
  if (event.kind === "TIMED_OUT") return t("timedOut", { count: event.operations });
  return (
    <>
      <Link href={`/dishes/${encodeURIComponent(event.dishId)}`} prefetch={false} className="rounded font-medium hover:text-accent hover:underline">
        {names.own(event.names)}
      </Link>{" "}
      <span className="text-text-2">{t(event.kind)}</span>
    </>
  );
}
