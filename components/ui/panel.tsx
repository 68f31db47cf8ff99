/** A titled surface. Its body scrolls, its header stays. */
import type { ReactNode } from "react";
import { cn } from "./cn";

interface PanelProps {
  id: string;
  title: ReactNode;
  /** Beside the title, quieter. */
  note?: ReactNode;
  tools?: ReactNode;
  /** Its figures may be old: they turn grey. */
  stale?: boolean;
  className?: string;
  children: ReactNode;
}

export function Panel({ id, title, note, tools, stale = false, className, children }: PanelProps) {
  return (
    <section
      aria-labelledby={`${id}-title`}
      data-stale={stale || undefined}
      className={cn("flex min-h-0 min-w-0 flex-col overflow-hidden contain-content rounded-panel border bg-surface shadow-panel", className)}
    >
      <header className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b px-4 py-1.5">
        <h2 id={`${id}-title`} className="text-sm font-semibold">
          {title}
        </h2>
        {note !== undefined && <div className="min-w-0 text-xs text-text-3">{note}</div>}
        {tools !== undefined && <div className="ml-auto flex min-w-0 flex-wrap items-center justify-end gap-2">{tools}</div>}
      </header>
      {children}
    </section>
  );
}
