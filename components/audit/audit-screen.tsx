"use client";
/** The audit: what people did, newest first; one entry open beside the list. What is new waits behind a button. */
import { ArrowUp, Download, SearchX } from "lucide-react";
import { useFormatter, useTimeZone, useTranslations } from "next-intl";
import { useCallback, useEffect, useRef, useState } from "react";
import type { AuditActor, AuditPage, AuditRow } from "@/server/contracts/audit";
import type { Operator } from "@/server/contracts/console";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import { usePoll } from "../live/use-poll";
import { ConsolePage } from "../shell/console-page";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { ROW, Table } from "../ui/table";
import { useAddress } from "../ui/use-address";
import { useListKeys } from "../ui/use-list-keys";
import { exportUrl, readAudit } from "./client";
import { EntryPanel } from "./entry-panel";
import { AuditFilters } from "./filters";
import { OutcomeBadge } from "./outcome-badge";
import { auditAddress, auditSearch, EVERY_ENTRY, isNarrowed, readAuditQuery } from "./query";
import { useVerb } from "./words";

const LOOK_EVERY_MS = 5_000;

interface AuditScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  first: AuditPage;
  actors: AuditActor[];
}

export function AuditScreen({ operator, overview, first, actors }: AuditScreenProps) {
  const t = useTranslations("audit");
  const timeZone = useTimeZone() ?? "UTC";
  const [query, setQuery] = useAddress(readAuditQuery, auditAddress);
  const search = auditSearch(query, timeZone).toString();
  const { entries, older, news, failed, loading, showNews, loadOlder } = useEntries(first, search);
  const [chosenId, setChosenId] = useState<string | null>(null);
  const chosen = entries.find(({ id }) => id === chosenId) ?? entries[0] ?? null;
  return (
    <ConsolePage operator={operator} title={t("title")} overview={overview}>
      <div className="flex min-h-0 flex-1 flex-col gap-3">
        <AuditFilters query={query} setQuery={setQuery} actors={actors} />
        <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(22rem,28rem)]">
          <Panel
            id="audit"
            className="@container min-h-80"
            stale={failed}
            title={t("entries")}
            note={
              news > 0 && (
                <button type="button" onClick={showNews} data-testid="new-entries" className="inline-flex h-6 items-center gap-1 rounded bg-accent-soft px-2 font-medium text-accent hover:underline">
                  <ArrowUp aria-hidden className="size-3" strokeWidth={2.25} />
                  <span aria-live="polite">{t("news", { count: news })}</span>
                </button>
              )
            }
            tools={
              <a href={exportUrl(search)} download className="inline-flex h-7 items-center gap-1.5 rounded-md px-2.5 text-xs font-medium text-text-2 hover:bg-sunken hover:text-text">
                <Download aria-hidden className="size-3.5" />
                {t("export")}
              </a>
            }
          >
            {entries.length === 0 ? (
              <Empty
                icon={SearchX}
                testId="no-entries"
                title={t(isNarrowed(query) ? "noMatch" : "none")}
                meaning={t(isNarrowed(query) ? "noMatchMeaning" : "noneMeaning")}
                action={isNarrowed(query) ? <Button size="sm" onClick={() => setQuery(EVERY_ENTRY)}>{t("clear")}</Button> : undefined}
              />
            ) : (
              <Entries entries={entries} chosen={chosen} onChoose={setChosenId} older={older} loading={loading} onOlder={loadOlder} />
            )}
          </Panel>
          {chosen !== null && (
            <EntryPanel entry={chosen} onTarget={(target) => setQuery({ ...EVERY_ENTRY, target })} onActor={(actor) => setQuery({ actor })} />
          )}
        </div>
      </div>
    </ConsolePage>
  );
}

/** What is listed stays as it was asked for; a look now and then says how many newer ones there are. */
function useEntries(first: AuditPage, search: string) {
  const [list, setList] = useState({ search, entries: first.entries, older: first.nextCursor });
  const [loading, setLoading] = useState(false);
  const [missed, setMissed] = useState(false);
  const newest = usePoll(first, useCallback((signal: AbortSignal) => readAudit(search, null, signal), [search]), LOOK_EVERY_MS);
  const asked = useRef(search);
  // Another question: its answer replaces the list when it is here.
  useEffect(() => {
    if (asked.current === search) return;
    asked.current = search;
    const control = new AbortController();
    readAudit(search, null, control.signal).then(
      (page) => {
        setList({ search, entries: page.entries, older: page.nextCursor });
        setMissed(false);
      },
      () => control.signal.aborted || setMissed(true),
    );
    return () => control.abort();
  }, [search]);
  const top = Number(list.entries[0]?.id ?? 0);
  const fresh = list.search === search ? newest.value.entries.filter(({ id }) => Number(id) > top) : [];
  const showNews = () => setList({ search, entries: newest.value.entries, older: newest.value.nextCursor });
  const loadOlder = () => {
    if (list.older === null || loading) return;
    setLoading(true);
    readAudit(search, list.older, AbortSignal.timeout(8_000)).then(
      (page) => {
        setList((before) => (before.search === search ? { search, entries: [...before.entries, ...page.entries], older: page.nextCursor } : before));
        setMissed(false);
        setLoading(false);
      },
      () => {
        setMissed(true);
        setLoading(false);
      },
    );
  };
  return { entries: list.entries, older: list.older !== null, news: fresh.length, failed: missed || newest.stale, loading, showNews, loadOlder };
}

interface EntriesProps {
  entries: readonly AuditRow[];
  chosen: AuditRow | null;
  onChoose(id: string): void;
  older: boolean;
  loading: boolean;
  onOlder(): void;
}

function Entries({ entries, chosen, onChoose, older, loading, onOlder }: EntriesProps) {
  const t = useTranslations("audit");
  const body = useRef<HTMLDivElement>(null);
  useListKeys({ body, length: entries.length });
  return (
    <Table
      ref={body}
      labelledBy="audit-title"
      headClassName="[&>th]:text-left"
      head={
        <>
          <th scope="col" className="w-36 pl-4!">{t("when")}</th>
          <th scope="col" className="hidden w-30 @md:table-cell">{t("who")}</th>
          <th scope="col" className="@2xl:w-[19%]">{t("what")}</th>
          <th scope="col" className="hidden @2xl:table-cell">{t("target")}</th>
          <th scope="col" className="hidden w-[27%] @4xl:table-cell">{t("reason")}</th>
          <th scope="col" className="w-26 pr-4!">{t("outcome")}</th>
        </>
      }
    >
      {entries.map((entry, index) => (
        <Entry key={entry.id} entry={entry} index={index} here={entry.id === chosen?.id} onChoose={onChoose} />
      ))}
      {older && (
        <tr>
          <td colSpan={6} className="py-3 text-center">
            <Button size="sm" busy={loading} onClick={onOlder} data-testid="older">{t("older")}</Button>
          </td>
        </tr>
      )}
    </Table>
  );
}

function Entry({ entry, index, here, onChoose }: { entry: AuditRow; index: number; here: boolean; onChoose(id: string): void }) {
  const format = useFormatter();
  const verb = useVerb();
  return (
    <tr data-index={index} data-testid={`entry-${entry.id}`} data-verb={entry.verb} className={cn(ROW, "relative", here && "bg-accent-soft hover:bg-accent-soft")}>
      <td className="figures truncate py-1.5! pl-4! text-xs text-text-2">
        <time dateTime={new Date(entry.atMs).toISOString()}>{format.dateTime(entry.atMs, "dayTime")}</time>
      </td>
      <td className="hidden truncate @md:table-cell" title={entry.actor}>{entry.actor}</td>
      <td className="truncate">
        <button
          type="button"
          aria-current={here ? "true" : undefined}
          onClick={() => onChoose(entry.id)}
          onFocus={() => onChoose(entry.id)}
          className="font-medium outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
        >
          {verb(entry.verb)}
        </button>
      </td>
      <td className={cn("hidden truncate text-xs text-text-2 @2xl:table-cell", entry.targetName === null && "font-mono")} title={entry.target}>{entry.targetName ?? entry.target}</td>
      <td className="hidden truncate text-xs text-text-2 @4xl:table-cell" title={entry.reason ?? undefined}>{entry.reason}</td>
      <td className="pr-4!"><OutcomeBadge outcome={entry.outcome} /></td>
    </tr>
  );
}
