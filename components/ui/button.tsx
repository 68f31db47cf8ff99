import type { ComponentProps } from "react";
import { LoaderCircle } from "lucide-react";
import { cn } from "./cn";

const KINDS = {
  primary: "bg-accent text-on-accent hover:bg-accent-hover border-transparent",
  danger: "bg-danger text-bg hover:brightness-90 border-transparent dark:text-on-accent",
  plain: "bg-surface text-text hover:bg-sunken border-line-strong",
  ghost: "bg-transparent text-text-2 hover:bg-sunken hover:text-text border-transparent",
} as const;

const SIZES = {
  sm: "h-7 px-2.5 text-xs gap-1.5",
  md: "h-9 px-3.5 text-sm gap-2",
  icon: "size-8 justify-center",
} as const;

interface ButtonProps extends ComponentProps<"button"> {
  kind?: keyof typeof KINDS;
  size?: keyof typeof SIZES;
  /** Keeps its width and place, shows that it works, and takes no second click. */
  busy?: boolean;
}

export function Button({ kind = "plain", size = "md", busy = false, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      className={cn(
        "relative inline-flex shrink-0 items-center justify-center rounded-md border font-medium whitespace-nowrap",
        "transition-colors duration-100 select-none disabled:cursor-not-allowed disabled:opacity-55",
        KINDS[kind],
        SIZES[size],
        className,
      )}
    >
      {busy && <LoaderCircle aria-hidden className="absolute size-4 animate-spin" />}
      <span className={cn("inline-flex items-center gap-[inherit]", busy && "opacity-0")}>{children}</span>
    </button>
  );
}
