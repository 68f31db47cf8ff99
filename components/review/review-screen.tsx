"use client";
/** The review queue: what machines could not finish, oldest first. One ticket open beside it, with everything to decide. */
import { CircleCheck, UserRound } from "lucide-react";
import { useTranslations } from "next-intl";
import { useSearchParams } from "next/navigation";
import { useRef, useState, useSyncExternalStore } from "react";
import { roleIncludes, type Operator } from "@/server/contracts/console";
import type { ReviewQueue, ReviewTicket } from "@/server/contracts/review";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import { useNowMs } from "../live/live-provider";
import { follow } from "../live/live-socket";
import { useAge } from "../overview/ages";
import { useNames } from "../overview/names";
import { ConsolePage } from "../shell/console-page";
import { StateBadge } from "../transactions/state-badge";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { useListKeys } from "../ui/use-list-keys";
import { readQueue } from "./client";
import { ReviewStore } from "./review-store";
import { TicketPanel } from "./ticket-panel";

const PATIENCE_MS = 8_000;

interface ReviewScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  first: ReviewQueue;
}

export function ReviewScreen({ operator, overview, first }: ReviewScreenProps) {
  const t = useTranslations("review");
  const [store] = useState(() => new ReviewStore(first));
  const queue = useSyncExternalStore(store.subscribe, store.current, store.current);
  const [also] = useState(() => [follow<"review">({ room: "review", reset: (snapshot) => store.reset(snapshot), apply: (delta) => store.apply(delta) })]);
  // After an act of one's own: also while the connection is away.
  const [again] = useState(() => () => void readQueue(AbortSignal.timeout(PATIENCE_MS)).then((read) => store.show(read), () => undefined));
  const [chosen, setChosen] = useState<string | null>(useSearchParams().get("ticket") ?? first.tickets[0]?.ticketId ?? null);
  const [mine, setMine] = useState(false);
  const tickets = mine ? queue.tickets.filter(({ claimedBy }) => claimedBy?.operatorId === operator.operatorId) : queue.tickets;
  const ticket = queue.tickets.find(({ ticketId }) => ticketId === chosen) ?? null;
  return (
    <ConsolePage operator={operator} title={t("title")} overview={overview} also={also}>
      <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(24rem,34rem)]">
        <Panel
          id="review"
          className="min-h-0"
          title={t("open", { open: queue.open })}
          note={queue.open > queue.tickets.length ? t("listed", { listed: queue.tickets.length }) : undefined}
          tools={
            <label className="flex items-center gap-1.5 text-xs text-text-2">
              <input type="checkbox" checked={mine} onChange={(event) => setMine(event.target.checked)} className="accent-accent" />
              {t("mine")}
            </label>
          }
        >
          {tickets.length === 0 ? <Empty icon={CircleCheck} tone="ok" title={t(mine ? "noneMine" : "none")} meaning={t(mine ? "noneMineMeaning" : "noneMeaning")} /> : <List tickets={tickets} chosen={chosen} onChoose={setChosen} />}
        </Panel>
        {ticket === null ? (
          <Panel id="ticket" title={t("ticket")}>
            <p className="px-4 py-6 text-text-3">{t(chosen === null ? "chooseOne" : "closedMeanwhile", { ticketId: chosen ?? "" })}</p>
          </Panel>
        ) : (
          <TicketPanel key={ticket.ticketId} ticket={ticket} operator={operator} people={queue.people} mayAct={roleIncludes(operator.role, "operator")} onChanged={again} />
        )}
      </div>
    </ConsolePage>
  );
}

function List({ tickets, chosen, onChoose }: { tickets: readonly ReviewTicket[]; chosen: string | null; onChoose(ticketId: string): void }) {
  const t = useTranslations("review");
  const body = useRef<HTMLUListElement>(null);
  useListKeys({ body, length: tickets.length });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ul ref={body} tabIndex={0} aria-label={t("title")} className="scroll-quiet min-h-0 flex-1 divide-y overflow-y-auto">
      {tickets.map((ticket, index) => (
        <Row key={ticket.ticketId} ticket={ticket} index={index} here={ticket.ticketId === chosen} onChoose={onChoose} />
      ))}
    </ul>
  );
}

function Row({ ticket, index, here, onChoose }: { ticket: ReviewTicket; index: number; here: boolean; onChoose(ticketId: string): void }) {
  const t = useTranslations("review");
  const names = useNames();
  const { ticketId, kind, txId, state, storeNames, claimedBy, participant, lastError, endRequest } = ticket;
  return (
    <li data-index={index} data-testid={`ticket-${ticketId}`} className={cn("relative grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 px-4 py-2.5 hover:bg-sunken", here && "bg-accent-soft")}>
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-2">
          {/* An anchor, so that j and k find it as in every list. */}
          <a
            href={`#${ticketId}`}
            aria-current={here ? "true" : undefined}
            onClick={(event) => {
              event.preventDefault();
              onChoose(ticketId);
            }}
            onFocus={() => onChoose(ticketId)}
            className="font-medium outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
          >
            {t(`kinds.${kind}`, { ticketId })}
          </a>
          <StateBadge state={state} />
          {endRequest !== null && <span className="rounded bg-warn-soft px-1.5 text-2xs font-medium text-warn">{t("approvalWanted")}</span>}
        </div>
        <p className="truncate text-xs text-text-3">
          <span className="font-mono">{txId}</span>
          <span className="px-1.5">·</span>
          {names.own(storeNames)}
        </p>
        {participant !== null && <p className="truncate text-xs text-text-2" title={lastError ?? undefined}>{complaint(participant, lastError)}</p>}
      </div>
      <div className="text-right">
        <Since atMs={ticket.openedAtMs} />
        <p className="mt-0.5 inline-flex items-center gap-1 text-2xs text-text-3">
          <UserRound aria-hidden className="size-3" />
          {claimedBy === null ? t("nobody") : claimedBy.name}
        </p>
      </div>
    </li>
  );
}

function Since({ atMs }: { atMs: number }) {
  const age = useAge();
  const nowMs = useNowMs();
  return <p className="figures font-medium whitespace-nowrap">{age(nowMs - atMs)}</p>;
}

/** Most errors name their participant; one that a participant's own words make does not. */
function complaint(participant: string, lastError: string | null): string {
  if (lastError === null) return participant;
  return lastError.includes(participant) ? lastError : `${participant}: ${lastError}`;
}
