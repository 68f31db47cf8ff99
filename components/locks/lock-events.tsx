"use client";
/** What a person should hear of: batches that held too long, orders that starved or ran out of time. News wait while somebody reads. */
import { Hourglass, Lock, TimerOff } from "lucide-react";
import { useTranslations } from "next-intl";
import type { LockEventKind, MergedEvent } from "@/server/contracts/contention";
import { useNowMs } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { ScrollArea } from "../ui/scroll-area";
import { useSteadyRows } from "../ui/use-steady-rows";
import { useDishName, useDuration } from "./use-locks";

const ICONS = { HELD_TOO_LONG: Lock, STARVED: Hourglass, PAST_DEADLINE: TimerOff } as const satisfies Record<LockEventKind, unknown>;
const EVENTS_SHOWN_MAX = 30;
const idOf = ({ id }: MergedEvent) => id;

export function LockEvents({ events }: { events: readonly MergedEvent[] }) {
  const t = useTranslations("locks.events");
  const { rows, news, showNews, handlers } = useSteadyRows("", events.slice(0, EVENTS_SHOWN_MAX), idOf);
  return (
    <Panel
      id="lock-events"
      title={t("title")}
      tools={
        <span role="status" className="flex h-6 items-center">
          {news > 0 && (
            <Button kind="ghost" size="sm" className="h-6 px-1.5" onClick={showNews}>
              {t("news", { count: news })}
            </Button>
          )}
        </span>
      }
    >
      {rows.length === 0 ? (
        <Empty title={t("empty")} meaning={t("emptyMeaning")} />
      ) : (
        <ScrollArea labelledBy="lock-events-title" {...handlers}>
          <ul className="divide-y">
            {rows.map((event) => (
              <EventRow key={event.id} event={event} />
            ))}
          </ul>
        </ScrollArea>
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
