"use client";
/** What a person should hear of: batches that held too long, orders that starved or ran out of time. News wait while somebody reads. */
import { Hourglass, Lock, TimerOff } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import type { LockEventKind, MergedEvent } from "@/server/contracts/contention";
import { useNowMs } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Panel } from "../ui/panel";
import { useDishName, useDuration } from "./use-locks";
import { useHold } from "./use-hold";

const ICONS = { HELD_TOO_LONG: Lock, STARVED: Hourglass, PAST_DEADLINE: TimerOff } as const satisfies Record<LockEventKind, unknown>;
const EVENTS_SHOWN_MAX = 30;

export function LockEvents({ events }: { events: readonly MergedEvent[] }) {
  const t = useTranslations("locks.events");
  const { held, handlers } = useHold();
  const wanted = events.slice(0, EVENTS_SHOWN_MAX).map(({ id }) => id);
  const [order, setOrder] = useState<readonly string[]>(wanted);
  const shownIds = new Set(order);
  const news = wanted.filter((id) => !shownIds.has(id));
  const follows = !held || order.length === 0;
  if (follows && wanted.join() !== order.join()) setOrder(wanted);
  const byId = new Map(events.map((event) => [event.id, event]));
  return (
    <Panel
      id="lock-events"
      title={t("title")}
      tools={
        <span role="status" className="flex h-6 items-center">
          {news.length > 0 && !follows && (
            <Button kind="ghost" size="sm" className="h-6 px-1.5" onClick={() => setOrder(wanted)}>
              {t("news", { count: news.length })}
            </Button>
          )}
        </span>
      }
    >
      {order.length === 0 ? (
        <div className="grid flex-1 place-content-center gap-1 px-6 py-8 text-center">
          <p className="font-medium">{t("empty")}</p>
          <p className="text-xs text-text-3">{t("emptyMeaning")}</p>
        </div>
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
        <div
          role="group"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          aria-labelledby="lock-events-title"
          className="scroll-quiet min-h-0 flex-1 overflow-auto"
          {...handlers}
        >
          <ul className="divide-y">
            {order.map((id) => {
              const event = byId.get(id);
              return event && <EventRow key={id} event={event} />;
            })}
          </ul>
        </div>
      )}
    </Panel>
  );
}

function EventRow({ event }: { event: MergedEvent }) {
  const t = useTranslations("locks.events");
  const age = useAge();
  const nowMs = useNowMs();
  const sentence = useSentence();
  const { kind, over, untilMs, instance } = event;
  return (
    <li data-testid="lock-event" data-kind={kind} data-over={over} className="px-4 py-2">
      <div className="flex items-center gap-2">
        <Badge tone={over ? "neutral" : kind === "HELD_TOO_LONG" ? "danger" : "warn"} icon={ICONS[kind]}>
          {t(`kinds.${kind}`)}
        </Badge>
        <span className="figures ml-auto text-2xs whitespace-nowrap text-text-3">{over ? t("ago", { age: age(Math.max(0, nowMs - untilMs)) }) : t("now")}</span>
      </div>
      <p className="mt-1 text-xs text-text-2">{sentence(event)}</p>
      <p className="truncate font-mono text-2xs text-text-3">{instance}</p>
    </li>
  );
}

function useSentence(): (event: MergedEvent) => string {
  const t = useTranslations("locks.events");
  const more = useTranslations("locks");
  const nameOf = useDishName();
  const duration = useDuration();
  return ({ kind, over, dishIds, batch, lane, operations, ms }) => {
    const [first] = dishIds;
    const name = first === undefined ? t("noDish") : nameOf(first);
    const dish = dishIds.length > 1 ? more("moreDishes", { dish: name, more: dishIds.length - 1 }) : name;
    if (kind === "HELD_TOO_LONG") return t(over ? "held" : "holding", { batch: batch ?? 0, lane: lane ?? 0, dish, operations, duration: duration(ms) });
    return t(kind === "STARVED" ? "starved" : "pastDeadline", { dish, operations, duration: duration(ms) });
  };
}
