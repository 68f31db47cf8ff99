"use client";
/** One ticket: what is in the way, who has it, what was found out; claim, note, hand over, force-end. */
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { useState } from "react";
import { roleIncludes, VERB_ROLES, type Operator } from "@/server/contracts/console";
import type { Person, ReviewTicket } from "@/server/contracts/review";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { codeOf } from "../console-client";
import { useFailure } from "../console-failure";
import { useNowMs } from "../live/live-provider";
import { useErrorClass } from "../causes/words";
import { ActionDialog } from "../overview/action-dialog";
import { useAge } from "../overview/ages";
import { useNames } from "../overview/names";
import { readSheet } from "../transactions/client";
import { CopyButton } from "../transactions/sheet/copy-button";
import { ForceEndDialog } from "../transactions/sheet/force-end-dialog";
import { StateBadge } from "../transactions/state-badge";
import { Button } from "../ui/button";
import { Fact } from "../ui/fact";
import { Notice } from "../ui/notice";
import { Panel } from "../ui/panel";
import { Select } from "../ui/select";
import { TextArea } from "../ui/text-area";
import { claimTicket, handOverTicket, noteTicket } from "./client";

interface TicketPanelProps {
  ticket: ReviewTicket;
  operator: Operator;
  people: readonly Person[];
  mayAct: boolean;
  onChanged(): void;
}

export function TicketPanel({ ticket, operator, people, mayAct, onChanged }: TicketPanelProps) {
  const t = useTranslations("review");
  const sheetWords = useTranslations("sheet");
  const sentenceOf = useFailure();
  const names = useNames();
  const [text, setText] = useState("");
  const [to, setTo] = useState("");
  const [busy, setBusy] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [retrying, setRetrying] = useState(false);
  const [ending, setEnding] = useState<DecisionSheet | null>(null);
  const errorWords = useErrorClass();
  const { ticketId, kind, txId, orderId, state, storeNames, claimedBy, participant, errorClass, failures, lastError, fingerprint, notes, endRequest } = ticket;
  const mine = claimedBy?.operatorId === operator.operatorId;
  const mayEnd = roleIncludes(operator.role, VERB_ROLES["force-end"]);

  const run = async (what: string, act: () => Promise<unknown>) => {
    setBusy(what);
    setFailure(null);
    try {
      await act();
      setText("");
      setTo("");
      onChanged();
    } catch (error) {
      setFailure(codeOf(error) === "ILLEGAL_STATE" ? t("faster") : sentenceOf(error));
      onChanged();
    } finally {
      setBusy(null);
    }
  };

  return (
    <Panel id="ticket" className="min-h-0" title={<span tabIndex={-1}>{t(`kinds.${kind}`, { ticketId })}</span>} note={<StateBadge state={state} />}>
      <div className="scroll-quiet flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto px-4 py-3">
        {failure !== null && <Notice>{failure}</Notice>}
        <dl className="grid grid-cols-2 gap-x-4 gap-y-2.5">
          <Fact label={sheetWords("txId")}>
            <span className="flex items-center gap-0.5">
              <Link href={`/transactions/${encodeURIComponent(txId)}`} prefetch={false} className="min-w-0 truncate rounded font-mono text-xs text-accent hover:underline">{txId}</Link>
              <CopyButton text={txId} what={sheetWords("txId")} className="-my-1" />
            </span>
          </Fact>
          <Fact label={sheetWords("order")}><span className="font-mono text-xs break-all">{orderId}</span></Fact>
          <Fact label={sheetWords("store")}>{names.own(storeNames)}</Fact>
          <Ages ticket={ticket} />
        </dl>
        {participant !== null && (
          <div>
            <h3 className="text-xs font-medium text-text-2">{t("inTheWay")}</h3>
            <p className="mt-0.5 break-words">
              {t("failed", { participant, failures })}
              {errorClass !== null && <span className="text-text-3"> · {errorWords(errorClass)}</span>}
            </p>
            {lastError !== null && <p className="text-xs break-words text-text-3">{lastError}</p>}
            {fingerprint !== null && (
              <Link href={`/causes?fingerprint=${encodeURIComponent(fingerprint)}`} prefetch={false} className="rounded text-xs text-accent hover:underline">
                {sheetWords("sameCause")}
              </Link>
            )}
          </div>
        )}
        <div className="flex flex-wrap gap-2">
          {!mine && (
            <Button size="sm" kind="primary" busy={busy === "claim"} disabled={!mayAct || claimedBy !== null} onClick={() => void run("claim", () => claimTicket(ticketId, crypto.randomUUID()))} data-testid="claim">
              {claimedBy === null ? t("claim") : t("with", { name: claimedBy.name })}
            </Button>
          )}
          {kind === "REFUND" && (
            <Link href={`/inbox?ticket=${encodeURIComponent(ticketId)}`} prefetch={false} className="inline-flex h-7 items-center rounded-md border border-line-strong bg-surface px-2.5 text-xs font-medium hover:bg-sunken">
              {t("settle")}
            </Link>
          )}
          {kind === "REVIEW" && (
            <>
              <Button size="sm" disabled={!mayAct} onClick={() => setRetrying(true)} data-testid="ticket-retry">{sheetWords("verb.retry")}</Button>
              <Button
                size="sm"
                disabled={!mayEnd}
                title={mayEnd ? undefined : t("leadNeeded")}
                busy={busy === "end"}
                onClick={() => void run("end", async () => setEnding(await readSheet(txId, AbortSignal.timeout(5_000))))}
                data-testid="ticket-force-end"
              >
                {sheetWords(endRequest === null ? "verb.force-end" : "verb.force-end-decide")}
              </Button>
            </>
          )}
        </div>
        {endRequest !== null && (
          <div className="rounded-lg bg-warn-soft px-3 py-2 text-warn">
            <p className="font-medium">{t("endAsked", { name: endRequest.askedBy })}</p>
            <p className="text-xs break-words">{endRequest.reason}</p>
            <p className="text-xs break-words">{endRequest.evidence}</p>
          </div>
        )}
        <Notes notes={notes} />
        {mayAct && (
          <div className="flex flex-col gap-2">
            <TextArea label={t("note")} value={text} onChange={setText} placeholder={t("noteHint")} />
            <div className="flex flex-wrap items-center gap-2">
              <Button size="sm" busy={busy === "note"} disabled={text.trim() === ""} onClick={() => void run("note", () => noteTicket(ticketId, crypto.randomUUID(), text.trim()))} data-testid="add-note">
                {t("addNote")}
              </Button>
              <span className="ml-auto flex items-center gap-2 text-xs text-text-2">
                {t("handOverTo")}
                <Select label={t("handOverTo")} value={to} onChange={setTo} className="h-7 max-w-40">
                  <option value="">–</option>
                  {people.filter(({ operatorId }) => operatorId !== claimedBy?.operatorId).map(({ operatorId, name }) => (
                    <option key={operatorId} value={operatorId}>{name}</option>
                  ))}
                </Select>
              </span>
              <Button size="sm" busy={busy === "hand-over"} disabled={to === "" || !(mine || roleIncludes(operator.role, "lead"))} onClick={() => void run("hand-over", () => handOverTicket(ticketId, crypto.randomUUID(), to, text.trim()))} data-testid="hand-over">
                {t("handOver")}
              </Button>
            </div>
          </div>
        )}
      </div>
      {retrying && (
        <ActionDialog
          txId={txId}
          verb="retry"
          returnFocusTo="ticket-title"
          onClose={() => {
            setRetrying(false);
            onChanged();
          }}
        />
      )}
      {ending !== null && (
        <ForceEndDialog
          sheet={ending}
          operator={operator}
          returnFocusTo="ticket-title"
          onClose={() => {
            setEnding(null);
            onChanged();
          }}
        />
      )}
    </Panel>
  );
}

function Ages({ ticket }: { ticket: ReviewTicket }) {
  const t = useTranslations("review");
  const age = useAge();
  const nowMs = useNowMs();
  const { openedAtMs, claimedAtMs, nextAttemptAtMs } = ticket;
  return (
    <>
      <Fact label={t("openedFor")}><span className="figures">{age(nowMs - openedAtMs)}</span></Fact>
      {claimedAtMs !== null && <Fact label={t("claimedFor")}><span className="figures">{age(nowMs - claimedAtMs)}</span></Fact>}
      {nextAttemptAtMs !== null && <Fact label={t("nextTry")}><span className="figures">{nextAttemptAtMs <= nowMs ? t("now") : age(nextAttemptAtMs - nowMs)}</span></Fact>}
    </>
  );
}

function Notes({ notes }: { notes: ReviewTicket["notes"] }) {
  const t = useTranslations("review");
  const format = useFormatter();
  if (notes.length === 0) return null;
  return (
    <div>
      <h3 className="text-xs font-medium text-text-2">{t("notes")}</h3>
      <ol className="mt-1 flex flex-col gap-2">
        {notes.map(({ author, text, atMs }) => (
          <li key={`${atMs}-${author}`} className="rounded-lg bg-sunken px-3 py-2">
            <p className="flex justify-between gap-3 text-2xs text-text-3">
              <span>{author}</span>
              <time dateTime={new Date(atMs).toISOString()} suppressHydrationWarning>{format.dateTime(atMs, "dayClock")}</time>
            </p>
            <p className="break-words whitespace-pre-wrap">{text}</p>
          </li>
        ))}
      </ol>
    </div>
  );
}
