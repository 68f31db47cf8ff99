"use client";
/** Batches by size, one bar for each doubling from 1 to 256. Its words carry the numbers. */
import { useFormatter, useTranslations } from "next-intl";
import { cn } from "../ui/cn";

export function BatchSizes({ sizes, className }: { sizes: readonly number[]; className?: string }) {
  const t = useTranslations("locks.figures");
  const format = useFormatter();
  const top = Math.max(1, ...sizes);
  const words = sizes.map((count, place) => t("sizeCount", { size: 2 ** place, count: format.number(count) }));
  return (
    <div role="img" aria-label={t("sizesChart", { list: words.join(", ") })} className={cn("figures flex items-end gap-px", className)}>
      {sizes.map((count, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a size is its place
        <span key={place} title={words[place]} className="flex h-full flex-1 items-end border-b">
          <span className={cn("w-full rounded-t-xs", count > 0 && "min-h-0.5 bg-accent")} style={{ height: `${(count / top) * 100}%` }} />
        </span>
      ))}
    </div>
  );
}
