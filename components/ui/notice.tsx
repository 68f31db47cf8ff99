/** A sentence that must not be missed, read out at once. */
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "./cn";

interface NoticeProps {
  tone?: "danger" | "warn";
  /** What can be done about it. */
  action?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Notice({ tone = "danger", action, className, children }: NoticeProps) {
  return (
    <div role="alert" className={cn("flex items-start gap-2 rounded-lg px-3 py-2", tone === "danger" ? "bg-danger-soft text-danger" : "bg-warn-soft text-warn", className)}>
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <span className="min-w-0 flex-1">{children}</span>
      {action}
    </div>
  );
}
