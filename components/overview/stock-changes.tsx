"use client";
/** What an act would do to a dish's stock: only the figures that change. */
import { ArrowRight } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";

const COLUMNS = ["available", "frozen", "sold"] as const;
type Figures = Record<(typeof COLUMNS)[number], number>;

export function StockChanges({ before, after }: { before: Figures; after: Figures }) {
  const t = useTranslations("action");
  const format = useFormatter();
  return (
    <span className="flex flex-wrap gap-x-3 text-xs">
      {COLUMNS.filter((column) => before[column] !== after[column]).map((column) => (
        <span key={column} className="inline-flex items-center gap-1">
          <span className="text-text-3">{t(column)}</span>
          <span className="text-text-3">{format.number(before[column])}</span>
          <ArrowRight aria-hidden className="size-3 text-text-3" />
          <span className="font-semibold">{format.number(after[column])}</span>
        </span>
      ))}
    </span>
  );
}
