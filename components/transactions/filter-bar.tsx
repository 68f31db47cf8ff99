"use client";
/** What is listed: words, states, store, dish, age, attempts, cause, fingerprint. Everything lands in the address. */
import { ChevronDown, Search, X } from "lucide-react";
import { useTranslations } from "next-intl";
import { useEffect, useRef, useState } from "react";
import type { ReactNode } from "react";
import type { Names } from "@/server/contracts/console";
import { ID_PATTERN } from "@/server/contracts/limits";
import { useNames } from "../overview/names";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { AGES_SECONDS, ATTEMPTS, CAUSES, EVERYTHING, isFiltered, PRESETS, presetOf, SEARCH_LENGTH_MAX, STATES, type Cause, type Preset, type TransactionFilters } from "./query";
import type { SetFilters } from "./transactions-screen";

export const SEARCH_ID = "transaction-search";

/** The address follows the typing after this. */
const TYPING_MS = 300;

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
      <TypedField
        id={SEARCH_ID}
        label={t("search")}
        hint={t("searchHint")}
        value={filters.q}
        onChange={(q) => setFilters({ ...filters, q }, "replace")}
        className="min-w-48 flex-1 sm:max-w-72"
        withSlash
      />
      <fieldset className="flex min-w-0 rounded-md border bg-surface p-0.5">
        <legend className="sr-only">{t("state")}</legend>
        {(Object.keys(PRESETS) as Preset[]).map((name) => (
          <label
            key={name}
            className={cn(
              "flex h-7 cursor-pointer items-center rounded px-2 text-xs font-medium whitespace-nowrap has-focus-visible:outline-2 has-focus-visible:outline-accent sm:px-2.5",
              preset === name ? "bg-accent-soft text-accent" : "text-text-2 hover:bg-sunken",
            )}
          >
            <input type="radio" name="preset" checked={preset === name} onChange={() => setFilters({ ...filters, states: PRESETS[name] })} className="sr-only" />
            {t(`presets.${name}`)}
          </label>
        ))}
      </fieldset>
      <Choice label={t("state")} value={one ?? ""} active={one !== undefined} onChange={(value) => setFilters({ ...filters, states: STATES.filter((state) => state === value) })}>
        <option value="">{t("oneState")}</option>
        {STATES.map((state) => (
          <option key={state} value={state}>{states(state)}</option>
        ))}
      </Choice>
      <Choice label={t("age")} value={filters.minAgeSeconds ?? ""} active={filters.minAgeSeconds !== null} onChange={(value) => setFilters({ ...filters, minAgeSeconds: value === "" ? null : Number(value) })}>
        <option value="">{t("anyAge")}</option>
        {withOwn(AGES_SECONDS, filters.minAgeSeconds).map((seconds) => (
          <option key={seconds} value={seconds}>{t("olderThan", { age: ageLabel(t, seconds) })}</option>
        ))}
      </Choice>
      <Choice label={t("attempts")} value={filters.minAttempts ?? ""} active={filters.minAttempts !== null} onChange={(value) => setFilters({ ...filters, minAttempts: value === "" ? null : Number(value) })}>
        <option value="">{t("anyAttempts")}</option>
        {withOwn(ATTEMPTS, filters.minAttempts).map((attempts) => (
          <option key={attempts} value={attempts}>{t("attemptsOrMore", { attempts })}</option>
        ))}
      </Choice>
      <Choice label={t("cause")} value={filters.cause ?? ""} active={filters.cause !== null} onChange={(value) => setFilters({ ...filters, cause: value === "" ? null : (value as Cause) })}>
        <option value="">{t("anyCause")}</option>
        {CAUSES.map((cause) => (
          <option key={cause} value={cause}>{t(`causes.${cause}`)}</option>
        ))}
      </Choice>
      <Choice label={t("store")} value={filters.storeId ?? ""} active={filters.storeId !== null} onChange={(value) => setFilters({ ...filters, storeId: value === "" ? null : value })}>
        <option value="">{t("anyStore")}</option>
        {stores.map(({ storeId, names: own }) => (
          <option key={storeId} value={storeId}>{names.own(own)}</option>
        ))}
        {filters.storeId !== null && !stores.some(({ storeId }) => storeId === filters.storeId) && <option value={filters.storeId}>{filters.storeId}</option>}
      </Choice>
      <TypedField
        id="transaction-dish"
        label={t("dish")}
        hint={t("dishHint")}
        value={filters.dishId ?? ""}
        valid={(value) => value === "" || ID_PATTERN.test(value)}
        onChange={(dishId) => setFilters({ ...filters, dishId: dishId === "" ? null : dishId }, "replace")}
        className="w-36"
      />
      {filters.fingerprint !== null && (
        <span className="inline-flex h-8 items-center gap-1.5 rounded-md border border-accent bg-accent-soft pr-1 pl-2.5 text-xs text-accent">
          <span className="font-mono">{filters.fingerprint}</span>
          <button type="button" aria-label={t("anyFingerprint")} onClick={() => setFilters({ ...filters, fingerprint: null })} className="grid size-6 place-items-center rounded hover:bg-surface">
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

function Choice({ label, value, active, onChange, children }: { label: string; value: string | number; active: boolean; onChange(value: string): void; children: ReactNode }) {
  return (
    <span className="relative flex items-center text-xs text-text-2">
      <select
        aria-label={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className={cn("h-8 max-w-48 appearance-none truncate rounded-md border bg-surface pr-7 pl-2.5 text-xs font-medium hover:bg-sunken", active && "border-accent bg-accent-soft text-accent")}
      >
        {children}
      </select>
      <ChevronDown aria-hidden className="pointer-events-none absolute right-2 size-3.5 text-text-3" />
    </span>
  );
}

interface TypedFieldProps {
  id: string;
  label: string;
  hint: string;
  value: string;
  valid?(value: string): boolean;
  onChange(value: string): void;
  className?: string;
  withSlash?: boolean;
}

function TypedField({ id, label, hint, value, valid = () => true, onChange, className, withSlash = false }: TypedFieldProps) {
  const t = useTranslations("txList");
  const [typed, setTyped] = useState(value);
  const written = useRef(value);
  // Back and Forward change the words too; what was typed here comes round as it left.
  useEffect(() => {
    if (value !== written.current) setTyped(value);
    written.current = value;
  }, [value]);
  const isValid = valid(typed.trim());
  useEffect(() => {
    if (typed.trim() === value || !isValid) return;
    const timer = window.setTimeout(() => {
      written.current = typed.trim();
      onChange(typed.trim());
    }, TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [typed, value, isValid, onChange]);
  return (
    <div className={cn("relative flex items-center", className)}>
      {withSlash && <Search aria-hidden className="pointer-events-none absolute left-2.5 size-3.5 text-text-3" />}
      <input
        id={id}
        type="search"
        autoComplete="off"
        spellCheck={false}
        maxLength={SEARCH_LENGTH_MAX}
        value={typed}
        aria-label={label}
        aria-invalid={!isValid || undefined}
        placeholder={hint}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (typed === "") event.currentTarget.blur();
          else setTyped("");
        }}
        className={cn(
          "h-8 w-full rounded-md border border-line-strong bg-surface pr-8 pl-2.5 text-xs placeholder:text-text-3 aria-invalid:border-danger [&::-webkit-search-cancel-button]:hidden",
          withSlash && "pl-8 text-sm",
        )}
      />
      {typed !== "" ? (
        <button type="button" aria-label={t("clearField", { field: label })} onClick={() => setTyped("")} className="absolute right-1 grid size-6 place-items-center rounded text-text-3 hover:bg-sunken hover:text-text">
          <X aria-hidden className="size-3.5" />
        </button>
      ) : (
        withSlash && <kbd aria-hidden className="pointer-events-none absolute right-2 rounded border bg-sunken px-1.5 font-mono text-2xs text-text-3">/</kbd>
      )}
    </div>
  );
}
