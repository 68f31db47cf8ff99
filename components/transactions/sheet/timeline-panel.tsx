"use client";
/** What happened, newest first: the order service's calls as far as they left a trace, participants' answers, people. */
import { CircleAlert, CircleCheck, CircleDot, Ticket, UserRound } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { useErrorClass } from "../../causes/words";
import { cn } from "../../ui/cn";
import { Panel } from "../../ui/panel";

interface Moment {
  key: string;
  atMs: number;
  icon: typeof CircleDot;
  tone: string;
  what: string;
  detail: string | null;
}

export function TimelinePanel({ sheet }: { sheet: DecisionSheet }) {
  const t = useTranslations("sheet.timeline");
  const format = useFormatter();
  const moments = useMoments(sheet);
  return (
    <Panel id="timeline" title={t("title")} note={t("count", { count: moments.length })}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol tabIndex={0} aria-labelledby="timeline-title" className="scroll-quiet max-h-96 overflow-y-auto px-4 py-3">
        {moments.map(({ key, atMs, icon: Icon, tone, what, detail }) => (
          <li key={key} className="relative flex gap-2.5 pb-3 last:pb-0">
            <Icon aria-hidden className={cn("mt-0.5 size-4 shrink-0", tone)} />
            <div className="min-w-0 flex-1">
              <p className="break-words">{what}</p>
              {detail !== null && <p className="text-xs break-words text-text-3">{detail}</p>}
            </div>
            <time dateTime={new Date(atMs).toISOString()} title={new Date(atMs).toISOString()} className="shrink-0 text-2xs text-text-3" suppressHydrationWarning>
              {format.dateTime(atMs, "time")}
            </time>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function useMoments({ transaction, branches, events, tickets }: DecisionSheet): Moment[] {
  const t = useTranslations("sheet.timeline");
  const states = useTranslations("pending.states");
  const errorWords = useErrorClass();
  const names = new Map(branches.map(({ branchId, participant }) => [branchId, participant]));
  const moments: Moment[] = [{ key: "created", atMs: Date.parse(transaction.createdAt), icon: CircleDot, tone: "text-accent", what: t("created"), detail: null }];
  for (const [index, { branchId, operation, at, durationMs, outcome, httpStatus, errorClass }] of transaction.attempts.entries()) {
    const fine = outcome === "DONE" || outcome === "OUTSIDE";
    moments.push({
      key: `attempt-${index}`,
      atMs: Date.parse(at),
      icon: fine ? CircleCheck : CircleAlert,
      tone: fine ? "text-ok" : outcome === "ONGOING" ? "text-text-3" : "text-danger",
      what: t("called", { operation: t(`operations.${operation}`), participant: names.get(branchId) ?? branchId }),
      detail: [t(`outcomes.${outcome as "DONE"}`), errorClass === null ? null : errorWords(errorClass), httpStatus, t("took", { ms: durationMs })].filter((part) => part !== null).join(" · "),
    });
  }
  for (const { ticketId, kind, openedAtMs, closedAtMs } of tickets) {
    moments.push({ key: `opened-${ticketId}`, atMs: openedAtMs, icon: Ticket, tone: "text-warn", what: t(`ticketOpened.${kind}`, { ticketId }), detail: null });
    if (closedAtMs !== null) moments.push({ key: `closed-${ticketId}`, atMs: closedAtMs, icon: Ticket, tone: "text-text-3", what: t("ticketClosed", { ticketId }), detail: null });
  }
  for (const [index, { atMs, actor, verb, reason, outcome }] of events.entries()) {
    const known = t.has(`verbs.${verb.replaceAll(".", "-")}`);
    moments.push({
      key: `event-${index}`,
      atMs,
      icon: UserRound,
      tone: outcome === "REFUSED" ? "text-danger" : "text-accent",
      what: t("byHand", { actor, verb: known ? t(`verbs.${verb.replaceAll(".", "-")}` as "verbs.transaction-confirm") : verb }),
      detail: [outcome === "REFUSED" ? t("refused") : null, reason].filter((part) => part !== null).join(" · ") || null,
    });
  }
  const ended = { key: "state", atMs: Date.parse(transaction.updatedAt), icon: CircleDot, tone: "text-accent", what: t("reached", { state: states(transaction.state) }), detail: null };
  if (transaction.updatedAt !== transaction.createdAt) moments.push(ended);
  return moments.sort((a, b) => b.atMs - a.atMs);
}
