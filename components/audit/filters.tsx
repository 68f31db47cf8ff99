"use client";
/** What of the audit is listed: words, person, kind, outcome, days. Everything lands in the address. */
import { useTranslations } from "next-intl";
import { X } from "lucide-react";
import { AUDIT_KINDS, AUDIT_OUTCOMES, AUDIT_VERBS, type AuditActor, type AuditKind, type AuditOutcome, type AuditVerb } from "@/server/contracts/audit";
import { SEARCH_LENGTH_MAX } from "@/server/contracts/limits";
import { Button } from "../ui/button";
import { DayField } from "../ui/day-field";
import { SearchField } from "../ui/search-field";
import { Select } from "../ui/select";
import type { SetAddress } from "../ui/use-address";
import { type AuditQuery, EVERY_ENTRY, isNarrowed } from "./query";
import { useVerb } from "./words";

interface FiltersProps {
  query: AuditQuery;
  setQuery: SetAddress<AuditQuery>;
  actors: readonly AuditActor[];
}

export function AuditFilters({ query, setQuery, actors }: FiltersProps) {
  const t = useTranslations("audit");
  const verb = useVerb();
  const verbs = AUDIT_VERBS.filter((each) => query.kind === null || each.startsWith(`${query.kind}.`));
  return (
    <search className="flex shrink-0 flex-wrap items-center gap-2" aria-label={t("filters")}>
      <SearchField main label={t("search")} hint={t("searchHint")} clearLabel={t("clearSearch")} maxLength={SEARCH_LENGTH_MAX} value={query.q} onChange={(q) => setQuery({ q }, "replace")} className="min-w-48 flex-1 sm:max-w-72" />
      <Select label={t("who")} value={query.actor ?? ""} active={query.actor !== null} onChange={(actor) => setQuery({ actor: actor || null })}>
        <option value="">{t("everybody")}</option>
        {actors.map(({ actorId, name }) => <option key={actorId} value={actorId}>{name}</option>)}
        {query.actor !== null && !actors.some(({ actorId }) => actorId === query.actor) && <option value={query.actor}>{query.actor}</option>}
      </Select>
      <Select label={t("kind")} value={query.kind ?? ""} active={query.kind !== null} onChange={(kind) => setQuery({ kind: (kind || null) as AuditKind | null, verb: null })}>
        <option value="">{t("everything")}</option>
        {AUDIT_KINDS.map((kind) => <option key={kind} value={kind}>{t(`kinds.${kind}`)}</option>)}
      </Select>
      <Select label={t("what")} value={query.verb ?? ""} active={query.verb !== null} onChange={(one) => setQuery({ verb: (one || null) as AuditVerb | null })}>
        <option value="">{t("everyVerb")}</option>
        {verbs.map((each) => <option key={each} value={each}>{verb(each)}</option>)}
      </Select>
      <Select label={t("outcome")} value={query.outcome ?? ""} active={query.outcome !== null} onChange={(outcome) => setQuery({ outcome: (outcome || null) as AuditOutcome | null })}>
        <option value="">{t("everyOutcome")}</option>
        {AUDIT_OUTCOMES.map((outcome) => <option key={outcome} value={outcome}>{t(`outcomes.${outcome}`)}</option>)}
      </Select>
      <span className="flex items-center gap-1.5 text-xs text-text-2">
        <DayField label={t("from")} value={query.from} max={query.to} onChange={(from) => setQuery({ from })} />
        <span aria-hidden>–</span>
        <DayField label={t("to")} value={query.to} min={query.from} onChange={(to) => setQuery({ to })} />
      </span>
      {query.target !== null && (
        <span className="inline-flex h-8 min-w-0 items-center gap-1.5 rounded-md border border-accent bg-accent-soft pr-1 pl-2.5 text-xs text-accent">
          <span className="truncate font-mono">{query.target}</span>
          <button type="button" aria-label={t("everyTarget")} onClick={() => setQuery({ target: null })} className="grid size-6 shrink-0 place-items-center rounded hover:bg-surface">
            <X aria-hidden className="size-3.5" />
          </button>
        </span>
      )}
      {isNarrowed(query) && <Button kind="ghost" size="sm" className="h-8" onClick={() => setQuery(EVERY_ENTRY)}>{t("clear")}</Button>}
    </search>
  );
}
