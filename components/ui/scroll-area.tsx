/** What scrolls inside a panel: named by the panel's title, and reachable by keyboard. */
import type { ComponentProps } from "react";
import { cn } from "./cn";

interface ScrollAreaProps extends ComponentProps<"div"> {
  /** The id of what names it. */
  labelledBy: string;
}

export function ScrollArea({ labelledBy, className, ...rest }: ScrollAreaProps) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
    <div
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-labelledby={labelledBy}
      {...rest}
      className={cn("scroll-quiet min-h-0 flex-1 overflow-auto", className)}
    />
  );
}
