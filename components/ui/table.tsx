/** A table that fills a panel: its head stays while the rows scroll. What stands in its cells is each table's own. */
import type { ComponentProps, ReactNode } from "react";
import { cn } from "./cn";
import { ScrollArea } from "./scroll-area";

interface TableProps extends Omit<ComponentProps<typeof ScrollArea>, "children"> {
  /** The cells of the head. */
  head: ReactNode;
  headClassName?: string;
  /** Absent: columns have the widths that the head gives them. */
  tableClassName?: string;
  children: ReactNode;
}

const HEAD = "text-2xs text-text-3 [&>th]:sticky [&>th]:top-0 [&>th]:z-10 [&>th]:border-b [&>th]:bg-surface [&>th]:px-2 [&>th]:py-1 [&>th]:font-medium [&>th]:whitespace-nowrap";

/** For the rows: lines between them, none below the last. */
export const ROW = "[&>td]:border-b [&>td]:px-2 [&>td]:py-1 last:[&>td]:border-b-0 hover:bg-sunken";

export function Table({ head, headClassName, tableClassName = "table-fixed", children, ...scroll }: TableProps) {
  return (
    <ScrollArea {...scroll}>
      <table className={cn("w-full border-separate border-spacing-0", tableClassName)}>
        <thead>
          <tr className={cn(HEAD, headClassName)}>{head}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </ScrollArea>
  );
}
