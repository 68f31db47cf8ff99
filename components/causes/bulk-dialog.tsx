"use client";
/**
 * One frozen list: what the verb would do to all of it, then the act with a reason, then its course. What cannot be undone
 * begins ten seconds later, on the server; closing this dialog changes nothing.
 */
import { ArrowRight, CircleAlert, LoaderCircle, Plug, TicketPercent } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { useCallback, useEffect, useState } from "react";
import { CANARY, GRACED_VERBS, RATE_PER_SECOND, type BulkSheet } from "@/server/contracts/bulk";
import { roleIncludes, VERB_ROLES, type Operator } from "@/server/contracts/console";
import { ConsoleError } from "../console-client";
import { useNowMs } from "../live/live-provider";
import { useNames } from "../overview/names";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { BulkBadge, Progress, Steer } from "./bulks-panel";
import { readBulk, startBulk } from "./client";

const REASON_LENGTH_MAX = 500;
const READ_EVERY_MS = 700;
const REASON_ID = "bulk-reason";

interface BulkDialogProps {
  bulkId: string;
  operator: Operator;
  returnFocusTo: string;
  onClose(): void;
}

export function BulkDialog({ bulkId, operator, returnFocusTo, onClose }: BulkDialogProps) {
  const t = useTranslations("bulk");
  const action = useTranslations("action");
  const errors = useTranslations("errors");
  const [sheet, setSheet] = useState<BulkSheet | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [actionKey] = useState(() => crypto.randomUUID());
  const load = useCallback(() => {
    readBulk(bulkId, AbortSignal.timeout(5_000)).then(setSheet, (error: unknown) => setFailure(error instanceof ConsoleError ? error.code : "UNREACHABLE"));
  }, [bulkId]);
  useEffect(load, [load]);
  const state = sheet?.state;
  const runs = state !== undefined && ["GRACE", "CANARY", "WATCHING", "RUNNING", "HELD"].includes(state);
  useEffect(() => {
    if (!runs) return;
    const timer = window.setInterval(load, READ_EVERY_MS);
    return () => window.clearInterval(timer);
  }, [runs, load]);

  const start = async () => {
    if (reason.trim() === "") {
      setMissing(true);
      document.getElementById(REASON_ID)?.focus();
      return;
    }
    setBusy(true);
    setFailure(null);
    try {
      await startBulk(bulkId, actionKey, reason.trim());
      load();
    } catch (error) {
      setFailure(error instanceof ConsoleError ? error.code : "UNREACHABLE");
    } finally {
      setBusy(false);
    }
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
      {failure !== null && <Notice>{errors.has(failure) ? errors(failure, { ticketId: "–" }) : errors("UNREACHABLE")}</Notice>}
      {sheet === null ? (
        failure === null && (
          <div className="flex h-40 items-center justify-center gap-2 text-text-3">
            <LoaderCircle aria-hidden className="size-4 animate-spin" />
            {t("loading")}
          </div>
        )
      ) : sheet.state === "DRAFT" ? (
        <>
          {!mayStart && role !== null && <Notice>{t("roleNeeded", { role })}</Notice>}
          <p className="text-text-2">{t(GRACED_VERBS.has(sheet.verb) ? "courseGraced" : "course", { canary: Math.min(CANARY, sheet.total), rate: RATE_PER_SECOND })}</p>
          <Effect sheet={sheet} />
          <label className="mt-4 block">
            <span className="text-xs font-medium text-text-2">
              {action("reason")} <span className="font-normal text-text-3">{action("needed")}</span>
            </span>
            <textarea
              id={REASON_ID}
              value={reason}
              rows={2}
              maxLength={REASON_LENGTH_MAX}
              aria-invalid={(missing && reason.trim() === "") || undefined}
              placeholder={t("reasonHint")}
              onChange={(event) => setReason(event.target.value)}
              className="mt-1 block w-full resize-none rounded-md border border-line-strong bg-surface px-3 py-2 text-sm placeholder:text-text-3 aria-invalid:border-danger"
            />
          </label>
          {missing && reason.trim() === "" && <p role="alert" className="mt-1 text-xs text-danger">{t("reasonMissing")}</p>}
        </>
      ) : (
        <Course sheet={sheet} />
      )}
    </Dialog>
  );
}

function Notice({ children }: { children: string }) {
  return (
    <div role="alert" className="mb-4 flex items-start gap-2 rounded-lg bg-danger-soft px-3 py-2 text-danger">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      {children}
    </div>
  );
}

function Effect({ sheet }: { sheet: BulkSheet }) {
  const t = useTranslations("bulk");
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
        <Fact label={action("amount")}>{format.number(amountCents / 100, { style: "currency", currency: "CNY" })}</Fact>
      </dl>
      <h3 className="mt-4 mb-1.5 text-xs font-medium text-text-2">{t("effect")}</h3>
      <ul className="divide-y rounded-lg border" data-testid="bulk-effect">
        {dishes.map(({ dishId, names: dish, portions, before, after }) => (
          <li key={dishId} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
            <span className="w-10 shrink-0 text-right text-text-3">{format.number(portions)}&thinsp;×</span>
            <span className="min-w-24 flex-1 truncate font-medium">{names.own(dish)}</span>
            {after !== null && (
              <span className="flex gap-3 text-xs text-text-2">
                {(["available", "frozen", "sold"] as const)
                  .filter((column) => before[column] !== after[column])
                  .map((column) => (
                    <span key={column} className="inline-flex items-center gap-1">
                      <span className="text-text-3">{action(column)}</span>
                      <span className="text-text-3">{format.number(before[column])}</span>
                      <ArrowRight aria-hidden className="size-3 text-text-3" />
                      <span className="font-semibold text-text">{format.number(after[column])}</span>
                    </span>
                  ))}
              </span>
            )}
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
      {why !== null && why !== "PERSON" && <Notice>{t(`whyMeaning.${why}`)}</Notice>}
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

function Fact({ label, children }: { label: string; children: string }) {
  return (
    <div>
      <dt className="text-2xs text-text-3">{label}</dt>
      <dd className="font-medium">{children}</dd>
    </div>
  );
}
