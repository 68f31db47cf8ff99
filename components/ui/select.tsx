"use client";
/** A list to choose from, in the console's looks. `active` when it holds something back from what is listed. */
import { ChevronDown } from "lucide-react";
import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";
import { cn } from "./cn";

interface SelectProps extends Omit<ComponentProps<"select">, "onChange"> {
  label: string;
  icon?: LucideIcon;
  active?: boolean;
  onChange(value: string): void;
}

export function Select({ label, icon: Icon, active = false, onChange, className, ...rest }: SelectProps) {
  return (
    <span className="relative flex min-w-0 items-center text-xs text-text-2">
      {Icon !== undefined && <Icon aria-hidden className="pointer-events-none absolute left-2.5 size-3.5 text-text-3" />}
      <select
        aria-label={label}
        {...rest}
        onChange={(event) => onChange(event.target.value)}
        className={cn(
          "h-8 max-w-56 appearance-none truncate rounded-md border bg-surface pr-7 pl-2.5 text-xs font-medium hover:bg-sunken",
          Icon !== undefined && "pl-8",
          active && "border-accent bg-accent-soft text-accent",
          className,
        )}
      />
      <ChevronDown aria-hidden className="pointer-events-none absolute right-2 size-3.5 text-text-3" />
    </span>
  );
}
