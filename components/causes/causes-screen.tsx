"use client";
/** Stuck work by its cause, and what is done about many at once: canary, progress, stop. */
import { useTranslations } from "next-intl";
import { useSearchParams } from "next/navigation";
import { useCallback, useState } from "react";
import { roleIncludes, type ManualVerb, type Operator } from "@/server/contracts/console";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import type { Bulks, Cause, Causes } from "@/server/contracts/bulk";
import { codeOf } from "../console-client";
import { useFailure } from "../console-failure";
import { usePoll } from "../live/use-poll";
import { ConsolePage } from "../shell/console-page";
import { BulkDialog } from "./bulk-dialog";
import { BulksPanel } from "./bulks-panel";
import { CausesPanel } from "./causes-panel";
import { freeze, readBulks, readCauses } from "./client";

const CAUSES_EVERY_MS = 2_000;
/** Progress moves twice a second on the server. */
const BULKS_EVERY_MS = 1_000;

interface CausesScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  causes: Causes;
  bulks: Bulks;
}

export function CausesScreen({ operator, overview, causes: first, bulks: firstBulks }: CausesScreenProps) {
  const t = useTranslations("causes");
  const sentenceOf = useFailure();
  const params = useSearchParams();
  const { value: { causes }, stale: causesStale, again: againCauses } = usePoll(first, readCauses, CAUSES_EVERY_MS);
  const { value: { bulks }, stale: bulksStale, again: againBulks } = usePoll(firstBulks, readBulks, BULKS_EVERY_MS);
  const [bulkId, setBulkId] = useState(params.get("bulk"));
  const [freezing, setFreezing] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const act = useCallback(async (cause: Cause, verb: ManualVerb) => {
    setFreezing(cause.fingerprint);
    setFailure(null);
    try {
      setBulkId((await freeze(verb, { fingerprints: cause.fingerprints })).bulkId);
    } catch (error) {
      setFailure(codeOf(error) === "UNKNOWN_TRANSACTION" ? t("gone") : sentenceOf(error));
    } finally {
      setFreezing(null);
    }
  }, [t, sentenceOf]);
  const close = useCallback(() => {
    setBulkId(null);
    againBulks();
    againCauses();
    // A reload would open it again.
    if (window.location.search.includes("bulk=")) window.history.replaceState(null, "", "/causes");
  }, [againBulks, againCauses]);
  return (
    <ConsolePage operator={operator} title={t("title")} overview={overview}>
      <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(22rem,30rem)]">
        <CausesPanel
          causes={causes}
          stale={causesStale}
          marked={params.get("fingerprint")}
          mayAct={roleIncludes(operator.role, "operator")}
          freezing={freezing}
          failure={failure}
          onRetry={(cause) => void act(cause, "retry")}
        />
        <BulksPanel bulks={bulks} stale={bulksStale} mayAct={roleIncludes(operator.role, "operator")} onOpen={setBulkId} onChanged={againBulks} />
      </div>
      {bulkId !== null && <BulkDialog bulkId={bulkId} operator={operator} returnFocusTo="causes-title" onClose={close} />}
    </ConsolePage>
  );
}
