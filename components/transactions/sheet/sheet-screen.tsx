"use client";
/** One transaction as a decision sheet: where it stands, what each participant said, and what each verb would do. */
import { useTranslations } from "next-intl";
import { useCallback, useState } from "react";
import type { ManualVerb, Operator } from "@/server/contracts/console";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { ActionDialog } from "../../overview/action-dialog";
import { ConsolePage } from "../../shell/console-page";
import { BranchesPanel } from "./branches-panel";
import { EffectsPanel } from "./effects-panel";
import { ForceEndDialog } from "./force-end-dialog";
import { RawPanel } from "./raw-panel";
import { SheetHead } from "./sheet-head";
import { StatePanel } from "./state-panel";
import { TimelinePanel } from "./timeline-panel";
import { useSheet } from "./use-sheet";
import { WaterfallPanel } from "./waterfall-panel";

const HEAD_ID = "sheet-head";

interface SheetScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  first: DecisionSheet;
}

export function SheetScreen({ operator, overview, first }: SheetScreenProps) {
  const t = useTranslations("sheet");
  const { sheet, stale, again, following } = useSheet(first);
  const [also] = useState(() => [following]);
  const [asked, setAsked] = useState<ManualVerb | "force-end" | null>(null);
  const close = useCallback(() => {
    setAsked(null);
    again();
  }, [again]);
  const { txId } = sheet.transaction;
  return (
    <ConsolePage operator={operator} title={t("title", { txId })} overview={overview} also={also}>
      <div data-stale={stale || undefined} className="flex flex-col gap-3 xl:min-h-0 xl:flex-1 xl:overflow-y-auto xl:scroll-quiet">
        <SheetHead id={HEAD_ID} sheet={sheet} ask={setAsked} />
        <div className="grid items-start gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(22rem,30rem)]">
          <div className="flex min-w-0 flex-col gap-3">
            <StatePanel sheet={sheet} />
            <BranchesPanel sheet={sheet} />
            <EffectsPanel sheet={sheet} ask={setAsked} />
          </div>
          <div className="flex min-w-0 flex-col gap-3">
            <WaterfallPanel sheet={sheet} />
            <TimelinePanel sheet={sheet} />
            <RawPanel sheet={sheet} />
          </div>
        </div>
      </div>
      {asked === "force-end" && <ForceEndDialog sheet={sheet} operator={operator} returnFocusTo={HEAD_ID} onClose={close} />}
      {asked !== null && asked !== "force-end" && <ActionDialog txId={txId} verb={asked} returnFocusTo={HEAD_ID} onClose={close} />}
    </ConsolePage>
  );
}
