"use client";
/** What is listed: words, states, store, dish, age, attempts, cause, fingerprint. Everything lands in the address. */
import { X } from "lucide-react";
import { useTranslations } from "next-intl";
import type { Names } from "@/server/contracts/console";
import { ID_PATTERN } from "@/server/contracts/limits";
import { useNames } from "../overview/names";
import { Button } from "../ui/button";
import { SearchField } from "../ui/search-field";
import { Segments } from "../ui/segments";
import { Select } from "../ui/select";
import { AGES_SECONDS, ATTEMPTS, CAUSES, EVERYTHING, isFiltered, PRESETS, presetOf, SEARCH_LENGTH_MAX, STATES, type Cause, type Preset, type TransactionFilters } from "./query";
import type { SetFilters } from "./transactions-screen";

interface FilterBarProps {
  filters: TransactionFilters;
  setFilters: SetFilters;
  stores: { storeId: string; names: Names }[];
}

export function TransactionFilterBar({ filters, setFilters, stores }: FilterBarProps) {
  const t = useTranslations("txList");
  const states = useTranslations("pending.states");
  const names = useNames();
  const preset = presetOf(filters.states);
  const one = filters.states.length === 1 ? filters.states[0] : undefined;
  return (
    <search className="flex shrink-0 flex-wrap items-center gap-2" aria-label={t("filters")}>
      <SearchField
        main
        label={t("search")}
        hint={t("searchHint")}
        clearLabel={t("clearField", { field: t("search") })}
        maxLength={SEARCH_LENGTH_MAX}
        value={filters.q}
        onChange={(q) => setFilters({ q }, "replace")}
        className="min-w-48 flex-1 sm:max-w-72"
      />
      <Segments
        legend={t("state")}
        value={preset}
        onChange={(name) => setFilters({ states: PRESETS[name] })}
        options={(Object.keys(PRESETS) as Preset[]).map((name) => ({ value: name, label: t(`presets.${name}`) }))}
      />
      <Select className="max-w-48" label={t("state")} value={one ?? ""} active={one !== undefined} onChange={(value) => setFilters({ states: STATES.filter((state) => state === value) })}>
        <option value="">{t("oneState")}</option>
        {STATES.map((state) => (
          <option key={state} value={state}>{states(state)}</option>
        ))}
      </Select>
      <Select className="max-w-48" label={t("age")} value={filters.minAgeSeconds ?? ""} active={filters.minAgeSeconds !== null} onChange={(value) => setFilters({ minAgeSeconds: value === "" ? null : Number(value) })}>
        <option value="">{t("anyAge")}</option>
        {withOwn(AGES_SECONDS, filters.minAgeSeconds).map((seconds) => (
          <option key={seconds} value={seconds}>{t("olderThan", { age: ageLabel(t, seconds) })}</option>
        ))}
      </Select>
      <Select className="max-w-48" label={t("attempts")} value={filters.minAttempts ?? ""} active={filters.minAttempts !== null} onChange={(value) => setFilters({ minAttempts: value === "" ? null : Number(value) })}>
        <option value="">{t("anyAttempts")}</option>
        {withOwn(ATTEMPTS, filters.minAttempts).map((attempts) => (
          <option key={attempts} value={attempts}>{t("attemptsOrMore", { attempts })}</option>
        ))}
      </Select>
      <Select className="max-w-48" label={t("cause")} value={filters.cause ?? ""} active={filters.cause !== null} onChange={(value) => setFilters({ cause: value === "" ? null : (value as Cause) })}>
        <option value="">{t("anyCause")}</option>
        {CAUSES.map((cause) => (
          <option key={cause} value={cause}>{t(`causes.${cause}`)}</option>
        ))}
      </Select>
      <Select className="max-w-48" label={t("store")} value={filters.storeId ?? ""} active={filters.storeId !== null} onChange={(value) => setFilters({ storeId: value === "" ? null : value })}>
        <option value="">{t("anyStore")}</option>
        {stores.map(({ storeId, names: own }) => (
          <option key={storeId} value={storeId}>{names.own(own)}</option>
        ))}
        {filters.storeId !== null && !stores.some(({ storeId }) => storeId === filters.storeId) && <option value={filters.storeId}>{filters.storeId}</option>}
      </Select>
      <SearchField
        label={t("dish")}
        hint={t("dishHint")}
        clearLabel={t("clearField", { field: t("dish") })}
        maxLength={SEARCH_LENGTH_MAX}
        value={filters.dishId ?? ""}
        valid={(value) => value === "" || ID_PATTERN.test(value)}
        onChange={(dishId) => setFilters({ dishId: dishId === "" ? null : dishId }, "replace")}
        className="w-36"
      />
      {filters.fingerprint !== null && (
        <span className="inline-flex h-8 items-center gap-1.5 rounded-md border border-accent bg-accent-soft pr-1 pl-2.5 text-xs text-accent">
          <span className="font-mono">{filters.fingerprint}</span>
          <button type="button" aria-label={t("anyFingerprint")} onClick={() => setFilters({ fingerprint: null })} className="grid size-6 place-items-center rounded hover:bg-surface">
            <X aria-hidden className="size-3.5" />
          </button>
        </span>
      )}
      {isFiltered(filters) && (
        <Button kind="ghost" size="sm" className="h-8" onClick={() => setFilters(EVERYTHING)}>
          {t("clearFilters")}
        </Button>
      )}
    </search>
  );
}

/** What an address asks for is offered, whatever the usual choices are. */
function withOwn(usual: readonly number[], own: number | null): number[] {
  return own === null || usual.includes(own) ? [...usual] : [...usual, own].sort((a, b) => a - b);
}

function ageLabel(t: ReturnType<typeof useTranslations<"txList">>, seconds: number): string {
  if (seconds % 86_400 === 0) return t("ages.days", { count: seconds / 86_400 });
  if (seconds % 3_600 === 0) return t("ages.hours", { count: seconds / 3_600 });
  if (seconds % 60 === 0) return t("ages.minutes", { count: seconds / 60 });
  return t("ages.seconds", { count: seconds });
}
