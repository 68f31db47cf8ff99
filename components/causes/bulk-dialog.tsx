"use client";
/**
 * One frozen list: what the verb would do to all of it, then the act with a reason, then its course. What cannot be undone
 * begins ten seconds later, on the server; closing this dialog changes nothing.
 */
import { LoaderCircle, Plug, TicketPercent } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { useCallback, useState } from "react";
import { CANARY, GRACED_VERBS, RATE_PER_SECOND, type BulkSheet } from "@/server/contracts/bulk";
import { roleIncludes, VERB_ROLES, type Operator } from "@/server/contracts/console";
import { useFailure } from "../console-failure";
import { StockChanges } from "../overview/stock-changes";
import { useNowMs } from "../live/live-provider";
import { usePoll } from "../live/use-poll";
import { useNames } from "../overview/names";
import { useMoney } from "../overview/money";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Fact } from "../ui/fact";
import { Notice } from "../ui/notice";
import { TextArea } from "../ui/text-area";
import { useAct } from "../use-act";
import { BulkBadge, Progress, Steer } from "./bulks-panel";
import { readBulk, startBulk } from "./client";

const READ_EVERY_MS = 700;
const REASON_ID = "bulk-reason";
const RUNNING: ReadonlySet<string> = new Set(["GRACE", "CANARY", "WATCHING", "RUNNING", "HELD"]);

interface BulkDialogProps {
  bulkId: string;
  operator: Operator;
  returnFocusTo: string;
  onClose(): void;
}

export function BulkDialog({ bulkId, operator, returnFocusTo, onClose }: BulkDialogProps) {
  const t = useTranslations("bulk");
  const action = useTranslations("action");
  const sentenceOf = useFailure();
  const { busy, failure, perform } = useAct();
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const read = useCallback((signal: AbortSignal) => readBulk(bulkId, signal), [bulkId]);
  const [runs, setRuns] = useState(true);
  const { value: sheet, failure: unread, again: load } = usePoll<BulkSheet | null>(null, read, runs ? READ_EVERY_MS : null);
  const running = sheet === null || RUNNING.has(sheet.state);
  if (runs !== running) setRuns(running);
  const wrong = failure ?? unread;

  const start = async () => {
    if (reason.trim() === "") {
      setMissing(true);
      document.getElementById(REASON_ID)?.focus();
      return;
    }
    await perform(async (actionKey) => {
      await startBulk(bulkId, actionKey, reason.trim());
      load();
    });
  };

  const role = sheet === null ? null : VERB_ROLES[sheet.verb];
  const mayStart = role !== null && roleIncludes(operator.role, role);
  return (
    <Dialog
      onClose={() => busy || onClose()}
      returnFocusTo={returnFocusTo}
      title={sheet === null ? t("loading") : t(`what.${sheet.verb}`, { count: sheet.total })}
      description={sheet === null ? bulkId : sheet.state === "DRAFT" ? t("frozen") : <BulkBadge state={sheet.state} />}
      closeLabel={action("close")}
      footer={
        sheet?.state === "DRAFT" ? (
          <>
            <Button kind="ghost" onClick={onClose} disabled={busy}>{action("keep")}</Button>
            <Button kind={sheet.verb === "retry" || sheet.verb === "confirm" ? "primary" : "danger"} busy={busy} disabled={!mayStart} onClick={() => void start()} data-testid="bulk-start">
              {t(`what.${sheet.verb}`, { count: sheet.total })}
            </Button>
          </>
        ) : (
          <>
            <Button kind="ghost" onClick={onClose}>{action("close")}</Button>
            {sheet !== null && roleIncludes(operator.role, "operator") && <Steer bulk={sheet} onChanged={load} large />}
          </>
        )
      }
    >
      {wrong !== null && <Notice className="mb-4">{sentenceOf(wrong)}</Notice>}
      {sheet === null ? (
        wrong === null && (
          <div className="flex h-40 items-center justify-center gap-2 text-text-3">
            <LoaderCircle aria-hidden className="size-4 animate-spin" />
            {t("loading")}
          </div>
        )
      ) : sheet.state === "DRAFT" ? (
        <>
          {!mayStart && role !== null && <Notice className="mb-4">{t("roleNeeded", { role })}</Notice>}
          <p className="text-text-2">{t(GRACED_VERBS.has(sheet.verb) ? "courseGraced" : "course", { canary: Math.min(CANARY, sheet.total), rate: RATE_PER_SECOND })}</p>
          <Effect sheet={sheet} />
          <div className="mt-4">
            <TextArea
              id={REASON_ID}
              label={action("reason")}
              note={action("needed")}
              value={reason}
              missing={missing && reason.trim() === "" ? t("reasonMissing") : null}
              placeholder={t("reasonHint")}
              onChange={setReason}
            />
          </div>
        </>
      ) : (
        <Course sheet={sheet} />
      )}
    </Dialog>
  );
}

function Effect({ sheet }: { sheet: BulkSheet }) {
  const t = useTranslations("bulk");
  const money = useMoney();
  const action = useTranslations("action");
  const states = useTranslations("pending.states");
  const format = useFormatter();
  const names = useNames();
  const { effect, sample, total } = sheet;
  const { dishes, otherDishes, coupons, participants, amountCents } = effect;
  return (
    <>
      <dl className="mt-4 flex flex-wrap gap-x-8 gap-y-2">
        {Object.entries(effect.states).map(([state, count]) => (
          <Fact key={state} label={states(state as "RESERVED")}>{format.number(count ?? 0)}</Fact>
        ))}
        <Fact label={action("amount")}>{money(amountCents)}</Fact>
      </dl>
      <h3 className="mt-4 mb-1.5 text-xs font-medium text-text-2">{t("effect")}</h3>
      <ul className="divide-y rounded-lg border" data-testid="bulk-effect">
        {dishes.map(({ dishId, names: dish, portions, before, after }) => (
          <li key={dishId} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
            <span className="w-10 shrink-0 text-right text-text-3">{format.number(portions)}&thinsp;×</span>
            <span className="min-w-24 flex-1 truncate font-medium">{names.own(dish)}</span>
            {after !== null && <StockChanges before={before} after={after} />}
          </li>
        ))}
        {otherDishes > 0 && <li className="px-3 py-2 text-text-3">{t("otherDishes", { count: otherDishes })}</li>}
        {coupons > 0 && (
          <li className="flex items-center gap-2 px-3 py-2">
            <TicketPercent aria-hidden className="size-4 text-text-3" />
            {t(sheet.verb === "confirm" ? "couponsUsed" : "couponsFree", { count: coupons })}
          </li>
        )}
        {participants.map(({ participant, calls }) => (
          <li key={participant} className="flex items-center gap-2 px-3 py-2">
            <Plug aria-hidden className="size-4 shrink-0 text-text-3" />
            <span className="min-w-0 flex-1 truncate">{participant}</span>
            <span className="text-text-2">{t("calls", { count: calls })}</span>
          </li>
        ))}
      </ul>
      <p className="mt-2 text-xs break-words text-text-3">
        {t("first")} <span className="font-mono">{sample.join(", ")}</span>
        {total > sample.length && ` ${t("andMore", { count: total - sample.length })}`}
      </p>
    </>
  );
}

function Course({ sheet }: { sheet: BulkSheet }) {
  const t = useTranslations("bulk");
  const nowMs = useNowMs();
  const { state, why, dueAtMs, problems, actor, reason } = sheet;
  return (
    <>
      {state === "GRACE" && dueAtMs !== null && (
        <p role="timer" className="rounded-lg bg-warn-soft px-3 py-2 font-medium text-warn">{t("graceMeaning", { seconds: Math.max(0, Math.ceil((dueAtMs - nowMs) / 1_000)) })}</p>
      )}
      {why !== null && why !== "PERSON" && <Notice className="mb-4">{t(`whyMeaning.${why}`)}</Notice>}
      <Progress bulk={sheet} />
      <p className="mt-3 text-text-2">{t(`meaning.${state}`)}</p>
      <p className="mt-1 text-xs text-text-3">{t("by", { name: actor, reason: reason ?? "–" })}</p>
      {problems.length > 0 && (
        <>
          <h3 className="mt-4 mb-1.5 text-xs font-medium text-text-2">{t("problems")}</h3>
          <ul className="divide-y rounded-lg border">
            {problems.map(({ txId, state: how, result }) => (
              <li key={txId} className="flex items-center gap-3 px-3 py-1.5 text-xs">
                <Link href={`/transactions/${encodeURIComponent(txId)}`} prefetch={false} className="min-w-0 flex-1 truncate rounded font-mono hover:text-accent hover:underline">{txId}</Link>
                <span className={how === "FAILED" ? "text-danger" : "text-text-3"}>{t(how === "FAILED" ? "itemFailed" : "itemRefused")}</span>
                <span className="font-mono text-2xs text-text-3">{result}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
