"use client";
/** Where the 800 ms of its Try went. The long bar is the whole budget; below, the part that was spent, drawn large. */
import { useFormatter, useTranslations } from "next-intl";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { cn } from "../../ui/cn";
import { Panel } from "../../ui/panel";

const BUDGET_MS = 800;

const STAGES = [
  ["access", "accessMs", "bg-text-3"],
  ["cas", "casMs", "bg-ok"],
  ["lock", "lockMs", "bg-warn"],
  ["redis", "redisMs", "bar-frozen"],
  ["ledger", "ledgerMs", "bg-accent"],
] as const;

export function WaterfallPanel({ sheet }: { sheet: DecisionSheet }) {
  const t = useTranslations("sheet.waterfall");
  const format = useFormatter();
  const { stages } = sheet.transaction;
  const spent = STAGES.reduce((sum, [, field]) => sum + (stages[field] ?? 0), 0);
  const known = STAGES.some(([, field]) => stages[field] !== null);
  const ms = (value: number) => t("ms", { ms: format.number(value, { maximumFractionDigits: value < 10 ? 2 : 0 }) });
  let before = 0;
  return (
    <Panel id="waterfall" title={t("title")} note={known ? t("spent", { spent: ms(spent), budget: BUDGET_MS }) : undefined}>
      {!known ? (
        <p className="px-4 py-4 text-text-3">{t("unknown")}</p>
      ) : (
        <div className="px-4 py-3">
          <div role="img" aria-label={t("spent", { spent: ms(spent), budget: BUDGET_MS })} className="relative h-2 overflow-hidden rounded-full bg-sunken">
            <div className="absolute inset-y-0 left-0 min-w-0.5 rounded-full bg-accent" style={{ width: `${Math.min(100, (100 * spent) / BUDGET_MS)}%` }} />
          </div>
          <div className="mt-1 flex justify-between text-2xs text-text-3">
            <span>0</span>
            <span>{t("ms", { ms: BUDGET_MS })}</span>
          </div>
          <dl className="mt-2 grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1.5">
            {STAGES.map(([name, field, look]) => {
              const value = stages[field];
              const from = before;
              before += value ?? 0;
              return (
                <div key={name} className="contents">
                  <dt className="text-xs text-text-2" title={t(`${name}Meaning`)}>{t(name)}</dt>
                  <dd className="relative h-4 rounded bg-sunken">
                    {value !== null && spent > 0 && (
                      <span className={cn("absolute inset-y-0.5 min-w-0.5 rounded-sm", look)} style={{ left: `${(100 * from) / spent}%`, width: `${(100 * value) / spent}%` }} />
                    )}
                  </dd>
                  <dd className="text-right text-xs text-text-2">{value === null ? "–" : ms(value)}</dd>
                </div>
              );
            })}
          </dl>
        </div>
      )}
    </Panel>
  );
}
