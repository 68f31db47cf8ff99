"use client";
/** Force-end: asked with a reason and evidence that names every undone branch; decided by a second person. */
import { useTranslations } from "next-intl";
import { useState } from "react";
import type { Operator } from "@/server/contracts/console";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { EVIDENCE_LENGTH_MAX } from "@/server/contracts/review";
import { codeOf } from "../../console-client";
import { useFailure } from "../../console-failure";
import { useNowMs } from "../../live/live-provider";
import { useAge } from "../../overview/ages";
import { askForceEnd, decideForceEnd } from "../../review/client";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Notice } from "../../ui/notice";
import { TextArea } from "../../ui/text-area";
import { useToast } from "../../ui/toast";
import { useAct } from "../../use-act";

interface ForceEndDialogProps {
  sheet: Pick<DecisionSheet, "transaction" | "branches" | "forceEnd">;
  operator: Operator;
  returnFocusTo: string;
  onClose(): void;
}

export function ForceEndDialog({ sheet, operator, returnFocusTo, onClose }: ForceEndDialogProps) {
  const t = useTranslations("forceEnd");
  const action = useTranslations("action");
  const sentenceOf = useFailure();
  const states = useTranslations("pending.states");
  const toast = useToast();
  const age = useAge();
  const nowMs = useNowMs();
  const { busy: acting, failure, perform } = useAct();
  const [reason, setReason] = useState("");
  const [evidence, setEvidence] = useState("");
  const [asked, setAsked] = useState<"ask" | "approve" | "reject">("ask");
  const busy = acting ? asked : null;
  const { transaction, branches, forceEnd } = sheet;
  const [request] = useState(forceEnd.request);
  const [undone] = useState(() => branches.filter(({ nextAttemptAtMs }) => nextAttemptAtMs !== null));
  const mine = request?.askedById === operator.operatorId && !forceEnd.selfApproval;

  const run = async (which: "ask" | "approve" | "reject") => {
    setAsked(which);
    await perform(async (actionKey) => {
      if (which === "ask") await askForceEnd(transaction.txId, actionKey, { reason: reason.trim(), evidence: evidence.trim(), branches: undone.map(({ branchId }) => branchId) });
      else if (request !== null) await decideForceEnd(request.requestId, which, `${actionKey}-${which}`, reason.trim());
      toast(t(`done.${which}`), transaction.txId);
      onClose();
    });
  };

  return (
    <Dialog
      onClose={() => busy === null && onClose()}
      returnFocusTo={returnFocusTo}
      title={t(request === null ? "title" : "decideTitle")}
      description={<span className="font-mono break-all">{transaction.txId}</span>}
      closeLabel={action("close")}
      footer={
        request === null ? (
          <>
            <Button kind="ghost" onClick={onClose} disabled={busy !== null}>{action("keep")}</Button>
            <Button kind="danger" busy={busy === "ask"} disabled={reason.trim() === "" || evidence.trim() === "" || undone.length === 0} onClick={() => void run("ask")} data-testid="ask-force-end">{t("ask")}</Button>
          </>
        ) : (
          <>
            <Button kind="plain" busy={busy === "reject"} disabled={busy !== null} onClick={() => void run("reject")} data-testid="reject-force-end">{t(mine ? "withdraw" : "reject")}</Button>
            <Button kind="danger" busy={busy === "approve"} disabled={busy !== null || mine} onClick={() => void run("approve")} data-testid="approve-force-end">{t("approve")}</Button>
          </>
        )
      }
    >
      {failure !== null && <Notice className="mb-4">{codeOf(failure) === "FORBIDDEN" ? t("secondPerson") : sentenceOf(failure)}</Notice>}
      <p className="text-text-2">{t("meaning", { state: states(transaction.state) })}</p>
      {request === null ? (
        <>
          <h3 className="mt-4 mb-1 text-xs font-medium text-text-2">{t("branches")}</h3>
          <ul className="divide-y rounded-lg border">
            {undone.map(({ branchId, participant, lastError }) => (
              <li key={branchId} className="px-3 py-2">
                <span className="font-medium">{participant}</span> <span className="font-mono text-2xs text-text-3">{branchId}</span>
                {lastError !== null && <div className="truncate text-xs text-text-3" title={lastError}>{lastError}</div>}
              </li>
            ))}
          </ul>
          <div className="mt-4 flex flex-col gap-4">
            <TextArea label={t("reason")} placeholder={t("reasonHint")} value={reason} onChange={setReason} />
            <TextArea label={t("evidence")} placeholder={t("evidenceHint")} value={evidence} maxLength={EVIDENCE_LENGTH_MAX} onChange={setEvidence} />
          </div>
        </>
      ) : (
        <>
          {mine && <Notice tone="warn" className="my-3">{t("secondPerson")}</Notice>}
          <dl className="mt-4 grid gap-2.5">
            <Said label={t("askedBy")}>{t("asked", { name: request.askedBy, age: age(nowMs - request.askedAtMs) })}</Said>
            <Said label={t("branches")}>{request.branchIds.map((branchId) => branches.find((branch) => branch.branchId === branchId)?.participant ?? branchId).join(", ")}</Said>
            <Said label={t("reason")}>{request.reason}</Said>
            <Said label={t("evidence")}>{request.evidence}</Said>
          </dl>
          <div className="mt-4">
            <TextArea label={t("remark")} placeholder={action("optional")} value={reason} onChange={setReason} />
          </div>
        </>
      )}
    </Dialog>
  );
}

function Said({ label, children }: { label: string; children: string }) {
  return (
    <div>
      <dt className="text-2xs text-text-3">{label}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  );
}
