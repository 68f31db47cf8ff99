/** A label and what it stands for, in a <dl>. Plain words are cut where there is no room; the whole of them is told on hover. */
import type { ReactNode } from "react";
import { cn } from "./cn";

export function Fact({ label, children }: { label: string; children: ReactNode }) {
  const plain = typeof children === "string";
  return (
    <div className="min-w-0">
      <dt className="truncate text-2xs text-text-3" title={label}>{label}</dt>
      <dd className={cn("font-medium", plain && "truncate")} title={plain ? children : undefined}>{children}</dd>
    </div>
  );
}
