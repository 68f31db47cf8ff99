"use client";
/** What was done to this dish's stock: when, by whom, and why. Newest first. Sales are not here: they are transactions. */
import { CirclePause, CirclePlay, KeyRound, PackageMinus, PackagePlus, RefreshCw, Sparkles, User } from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import type { StockEvent } from "@/server/contracts/dish-page";
import { useNowMs } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { cn } from "../ui/cn";
import { Panel } from "../ui/panel";
import { useDishPage } from "./dish-screen";

const ICONS: Record<StockEvent["kind"], LucideIcon> = {
  SUPPLY: Sparkles,
  RESTOCK: PackagePlus,
  WRITE_OFF: PackageMinus,
  PAUSE: CirclePause,
  RESUME: CirclePlay,
  RELOAD: RefreshCw,
};

const DAY_MS = 24 * 3_600_000;

export function DishEvents({ className }: { className?: string }) {
  const t = useTranslations("dishPage.events");
  const events = useDishPage((view) => view.events);
  return (
    <Panel id="dish-events" className={cn("min-h-48", className)} title={t("title")} note={t("note")}>
      {events === undefined || events.length === 0 ? (
        <p className="grid flex-1 place-items-center px-4 py-8 text-center text-text-3">{t(events === undefined ? "unread" : "none")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ul tabIndex={0} aria-labelledby="dish-events-title" className="scroll-quiet min-h-0 flex-1 divide-y overflow-y-auto" data-testid="dish-events">
          {events.map((event) => (
            <Event key={event.id} event={event} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Event({ event }: { event: StockEvent }) {
  const t = useTranslations("dishPage.events");
  const format = useFormatter();
  const nowMs = useNowMs();
  const age = useAge();
  const { kind, quantity, reason, by, atMs } = event;
  const Icon = ICONS[kind];
  const By = by.kind === "key" ? KeyRound : User;
  const agoMs = nowMs - atMs;
  return (
    <li className="flex items-start gap-3 px-4 py-2">
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0 text-text-3" />
      <div className="min-w-0 flex-1">
        <div className="flex items-baseline gap-2">
          <span className="font-medium">{t(`kinds.${kind}`)}</span>
          {quantity !== null && <span className="font-semibold">{format.number(quantity, { signDisplay: "exceptZero" })}</span>}
        </div>
        <div className="text-xs break-words text-text-2">{reason ?? <span className="text-text-3">{t("noReason")}</span>}</div>
      </div>
      <div className="flex w-36 shrink-0 flex-col items-end text-right text-xs text-text-3">
        <time dateTime={new Date(atMs).toISOString()} title={format.dateTime(atMs, "instant")} className="block whitespace-nowrap">
          {agoMs < DAY_MS ? t("ago", { age: age(agoMs) }) : format.dateTime(atMs, "moment")}
        </time>
        <span className="mt-0.5 inline-flex max-w-40 items-center gap-1">
          <By aria-hidden className="size-3 shrink-0" />
          <span className="truncate" title={by.name}>{by.name}</span>
        </span>
      </div>
    </li>
  );
}
