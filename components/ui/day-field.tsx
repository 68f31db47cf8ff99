"use client";
/**
 * A day, written 2026-11-23 in every language: the browser's own date field writes it as the browser's language does, which is
 * not always the one the reader chose. Slashes, points, 年月日 and eight digits are taken too. Its calendar is the browser's.
 */
import { CalendarDays } from "lucide-react";
import { useTranslations } from "next-intl";
import { useId, useRef, useState } from "react";
import { cn } from "./cn";
import { dayOf } from "./day";

interface DayFieldProps {
  label: string;
  value: string | null;
  /** The first and the last day that make sense here. */
  min?: string | null;
  max?: string | null;
  onChange(day: string | null): void;
}

export function DayField({ label, value, min = null, max = null, onChange }: DayFieldProps) {
  const t = useTranslations("dayField");
  const problemId = useId();
  const calendar = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useState<string | null>(null);
  const [problem, setProblem] = useState<"format" | "tooEarly" | "tooLate" | null>(null);
  const typed = draft ?? value ?? "";
  const done = (day: string | null) => {
    setDraft(null);
    setProblem(null);
    if (day !== value) onChange(day);
  };
  const commit = () => {
    if (draft === null) return;
    if (draft.trim() === "") return done(null);
    const day = dayOf(draft);
    if (day === null) setProblem("format");
    else if (min !== null && day < min) setProblem("tooEarly");
    else if (max !== null && day > max) setProblem("tooLate");
    else done(day);
  };
  return (
    <span className="relative inline-flex items-center">
      <input
        type="text"
        inputMode="numeric"
        autoComplete="off"
        spellCheck={false}
        aria-label={label}
        aria-invalid={problem !== null || undefined}
        aria-describedby={problem === null ? undefined : problemId}
        placeholder={t("placeholder")}
        title={label}
        value={typed}
        maxLength={20}
        onChange={(event) => {
          setDraft(event.target.value);
          setProblem(null);
        }}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
          else if (event.key === "Escape") {
            setDraft(null);
            setProblem(null);
          }
        }}
        className={cn(
          "h-8 w-32 rounded-md border bg-surface pr-7 pl-2.5 text-xs tabular-nums placeholder:text-text-3 aria-invalid:border-danger",
          value !== null && draft === null && "border-accent bg-accent-soft text-accent",
        )}
      />
      <button type="button" aria-label={t("calendar", { label })} onClick={() => calendar.current?.showPicker()} className="absolute right-1 grid size-6 place-items-center rounded text-text-3 hover:bg-sunken hover:text-text">
        <CalendarDays aria-hidden className="size-3.5" />
      </button>
      <input
        ref={calendar}
        type="date"
        tabIndex={-1}
        aria-hidden
        value={value ?? ""}
        min={min ?? undefined}
        max={max ?? undefined}
        onChange={(event) => done(event.target.value || null)}
        className="pointer-events-none absolute bottom-0 left-0 size-px opacity-0"
      />
      {problem !== null && (
        <span id={problemId} role="alert" className="absolute top-full left-0 z-20 mt-1 rounded-md border bg-surface px-2 py-1 text-xs whitespace-nowrap text-danger shadow-panel">
          {t(problem, { min: min ?? "", max: max ?? "" })}
        </span>
      )}
    </span>
  );
}
