/** Nothing to show, and why: in the middle of the panel that is empty. */
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "./cn";

interface EmptyProps {
  icon?: LucideIcon;
  /** Empty because all is well, because nothing fits, or because something failed. */
  tone?: "ok" | "quiet" | "danger";
  title: ReactNode;
  meaning?: ReactNode;
  /** What can be done about it. */
  action?: ReactNode;
  className?: string;
  testId?: string;
}

export function Empty({ icon: Icon, tone = "quiet", title, meaning, action, className, testId }: EmptyProps) {
  return (
    <div data-testid={testId} className={cn("flex flex-1 flex-col items-center justify-center gap-1 px-6 py-8 text-center", className)}>
      {Icon !== undefined && <Icon aria-hidden className={cn("mb-1 size-5", tone === "ok" ? "text-ok" : tone === "danger" ? "text-danger" : "text-text-3")} strokeWidth={1.75} />}
      <p className="font-medium">{title}</p>
      {meaning !== undefined && <p className="max-w-96 text-xs text-text-3">{meaning}</p>}
      {action !== undefined && <div className="mt-2">{action}</div>}
    </div>
  );
}
