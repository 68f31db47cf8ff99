/** A page of two panels before its first read: where they will stand, so that nothing moves when they come. */
import { cn } from "../ui/cn";

export function TwoPanelsOutline({ head = false }: { head?: boolean }) {
  const block = "rounded-panel border bg-surface animate-breathe";
  return (
    <div aria-busy className="flex min-h-dvh flex-col xl:h-dvh">
      <div className="h-13 shrink-0 border-b bg-surface" />
      <div className="flex min-h-0 flex-1 flex-col gap-3 p-3">
        {head && <div className={cn("h-28 shrink-0", block)} />}
        <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(22rem,30rem)]">
          <div className={cn("min-h-64", block)} />
          <div className={cn("min-h-64", block)} />
        </div>
      </div>
    </div>
  );
}
