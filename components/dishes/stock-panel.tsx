"use client";
/** The last five minutes of the dish's stock: what is left, and what is held. Stands still while the tab is hidden. */
import { useFormatter, useTranslations } from "next-intl";
import dynamic from "next/dynamic";
import { Panel } from "../ui/panel";
import { useDishPage } from "./dish-screen";

const StockChart = dynamic(() => import("./stock-chart"), { ssr: false, loading: () => <div className="h-full" /> });

export function StockPanel() {
  const t = useTranslations("dishPage.chart");
  const format = useFormatter();
  const { available, frozen } = useDishPage((view) => view.dish);
  const points = useDishPage((view) => view.points);
  return (
    <Panel
      id="stock"
      title={t("title")}
      note={t("note")}
      tools={
        <span className="figures flex gap-3 text-2xs text-text-2">
          <Key mark="solid">{t("left", { portions: format.number(available) })}</Key>
          <Key mark="dashed">{t("held", { portions: format.number(frozen) })}</Key>
        </span>
      }
    >
      <div className="figures relative mx-3 my-2 min-h-50 flex-1">
        <StockChart points={points} />
      </div>
    </Panel>
  );
}

function Key({ mark, children }: { mark: "solid" | "dashed"; children: string }) {
  return (
    <span className="flex min-w-20 items-center gap-1.5 whitespace-nowrap">
      <svg viewBox="0 0 12 4" aria-hidden className="h-1 w-3">
        <path d="M0 2H12" strokeWidth="2" strokeDasharray={mark === "dashed" ? "3 2" : undefined} className={mark === "dashed" ? "stroke-text-2" : "stroke-accent"} />
      </svg>
      {children}
    </span>
  );
}
