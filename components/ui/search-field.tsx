"use client";
/**
 * Words that narrow a list. What is typed counts after a moment; Esc empties the field, then leaves it.
 * The page's own search is where `/` goes.
 */
import { Search, X } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { cn } from "./cn";

/** The address follows the typing after this; browsers allow about one change of it every 300 ms. */
const TYPING_MS = 300;

interface SearchFieldProps {
  label: string;
  hint: string;
  clearLabel: string;
  value: string;
  maxLength: number;
  /** Told at each letter, before it counts. */
  onType?(words: string): void;
  onChange(words: string): void;
  valid?(words: string): boolean;
  /** Of the page, not of one field among many. */
  main?: boolean;
  className?: string;
}

export function SearchField({ label, hint, clearLabel, value, maxLength, onType, onChange, valid = () => true, main = false, className }: SearchFieldProps) {
  const [typed, setTyped] = useState(value);
  const [seen, setSeen] = useState(value);
  const [written, setWritten] = useState(value);
  const field = useRef<HTMLInputElement>(null);
  const words = typed.trim();
  const isValid = valid(words);
  // Back and Forward change the words too, at once: else the old ones would be written again. What was typed here comes round as it left.
  if (value !== seen) {
    setSeen(value);
    setWritten(value);
    if (value !== written) setTyped(value);
  }
  const write = () => {
    if (words === value.trim() || !isValid) return;
    setWritten(words);
    onChange(words);
  };
  const say = useEffectEvent(() => onType?.(words));
  const writeLater = useEffectEvent(write);
  useEffect(() => {
    if (words === value.trim() || !isValid) return;
    say();
    const timer = window.setTimeout(() => writeLater(), TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [words, value, isValid]);
  return (
    <div className={cn("relative flex items-center", className)}>
      {main && <Search aria-hidden className="pointer-events-none absolute left-2.5 size-3.5 text-text-3" />}
      <input
        ref={field}
        type="search"
        data-page-search={main || undefined}
        autoComplete="off"
        spellCheck={false}
        maxLength={maxLength}
        value={typed}
        aria-label={label}
        aria-invalid={!isValid || undefined}
        placeholder={hint}
        onChange={(event) => setTyped(event.target.value)}
        // Who leaves the field may be on the way to another page: a change of the address in mid-way would call that off.
        onBlur={write}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (typed === "") event.currentTarget.blur();
          else setTyped("");
        }}
        className={cn(
          "h-8 w-full rounded-md border border-line-strong bg-surface pr-8 pl-2.5 text-xs placeholder:text-text-3 aria-invalid:border-danger [&::-webkit-search-cancel-button]:hidden",
          main && "pl-8 text-sm",
        )}
      />
      {typed !== "" ? (
        <button
          type="button"
          aria-label={clearLabel}
          onClick={() => {
            setTyped("");
            field.current?.focus();
          }}
          className="absolute right-1 grid size-6 place-items-center rounded text-text-3 hover:bg-sunken hover:text-text"
        >
          <X aria-hidden className="size-3.5" />
        </button>
      ) : (
        main && <kbd aria-hidden className="pointer-events-none absolute right-2 rounded border bg-sunken px-1.5 font-mono text-2xs text-text-3">/</kbd>
      )}
    </div>
  );
}
