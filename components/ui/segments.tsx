"use client";
/** One of a few, side by side. Radio buttons: the arrow keys go from one to the next. */
import { useId } from "react";
import type { ReactNode } from "react";
import { cn } from "./cn";

interface SegmentsProps<V extends string | number> {
  legend: string;
  options: readonly { value: V; label: ReactNode }[];
  /** None of them when it is not among the options. */
  value: V | null;
  onChange(value: V): void;
  small?: boolean;
}

export function Segments<V extends string | number>({ legend, options, value, onChange, small = false }: SegmentsProps<V>) {
  const name = useId();
  return (
    <fieldset className="flex min-w-0 rounded-md border bg-surface p-0.5">
      <legend className="sr-only">{legend}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className={cn(
            "flex cursor-pointer items-center gap-1.5 rounded px-2 text-xs font-medium whitespace-nowrap has-focus-visible:outline-2 has-focus-visible:outline-accent",
            small ? "h-6" : "h-7 sm:px-2.5",
            option.value === value ? "bg-accent-soft text-accent" : "text-text-2 hover:bg-sunken",
          )}
        >
          <input type="radio" name={name} value={option.value} checked={option.value === value} onChange={() => onChange(option.value)} className="sr-only" />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
