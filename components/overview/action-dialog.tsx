"use client";
/** One verb for one transaction by hand: first what will happen, then the act, then what became of it. */
import { ArrowRight, LoaderCircle, Plug, TicketPercent } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { useCallback, useEffect, useState } from "react";
import { REASONED_VERBS } from "@/server/contracts/console";
import type { ActionPreview, BranchEffect, LineEffect, ManualVerb, TransactionState } from "@/server/contracts/console";
import { act, previewAction } from "../console-client";
import { useFailure } from "../console-failure";
import { useLive, useNowMs } from "../live/live-provider";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Dialog } from "../ui/dialog";
import { Fact } from "../ui/fact";
import { Notice } from "../ui/notice";
import { TextArea } from "../ui/text-area";
import { useToast } from "../ui/toast";
import { useAct } from "../use-act";
import { useAge } from "./ages";
import { useMoney } from "./money";
import { useNames } from "./names";

const REASON_ID = "action-reason";

interface ActionDialogProps {
  txId: string;
  verb: ManualVerb;
  /** Element that takes the focus when the button that opened this is gone. */
  returnFocusTo: string;
  onClose(): void;
  /** Told when it is done. */
  onDone?(state: TransactionState): void;
}

export function ActionDialog({ txId, verb, returnFocusTo, onClose, onDone }: ActionDialogProps) {
  const t = useTranslations("action");
  const states = useTranslations("pending.states");
  const sentenceOf = useFailure();
  const toast = useToast();
  const { store } = useLive();
  const { busy, failure, perform } = useAct();
  const [reason, setReason] = useState("");
  const [preview, setPreview] = useState<ActionPreview | null>(null);
  const [unread, setUnread] = useState<unknown>(null);
  const wrong = failure ?? unread;
  /** The act was asked for without a reason. */
  const [unreasoned, setUnreasoned] = useState(false);

  // The list keeps still while somebody decides about one of its rows.
  useEffect(() => {
    store.holdPending("dialog", true);
    return () => store.holdPending("dialog", false);
  }, [store]);

  const load = useCallback(
    (signal: AbortSignal) => {
      setUnread(null);
      previewAction(txId, verb, signal).then(setPreview, (error: unknown) => {
        if (!signal.aborted) setUnread(error);
      });
    },
    [txId, verb],
  );
  useEffect(() => {
    const aborter = new AbortController();
    load(aborter.signal);
    return () => aborter.abort();
  }, [load]);

  const run = async () => {
    if (REASONED_VERBS.has(verb) && reason.trim() === "") {
      setUnreasoned(true);
      document.getElementById(REASON_ID)?.focus();
      return;
    }
    await perform(async (actionKey) => {
      const { state } = await act(txId, verb, actionKey, reason.trim());
      if (verb !== "retry") store.acted(txId, state);
      onDone?.(state);
      toast(t(`${verb}.done`), txId);
      onClose();
    });
  };

  return (
    <Dialog
      onClose={() => busy || onClose()}
      returnFocusTo={returnFocusTo}
      title={t(`${verb}.title`)}
      description={<span className="font-mono break-all">{txId}</span>}
      closeLabel={t("close")}
      footer={
        <>
          <Button kind="ghost" onClick={onClose} disabled={busy}>
            {t("keep")}
          </Button>
          <Button
            kind={verb === "cancel" || verb === "reverse" ? "danger" : "primary"}
            busy={busy}
            disabled={preview?.legal !== true}
            onClick={() => void run()}
            data-testid="act"
          >
            {t(`${verb}.act`)}
          </Button>
        </>
      }
    >
      {wrong !== null && (
        <Notice
          className="mb-4"
          action={
            preview === null && (
              <Button kind="ghost" size="sm" className="h-6 text-danger" onClick={() => load(new AbortController().signal)}>
                {t("lookAgain")}
              </Button>
            )
          }
        >
          {sentenceOf(wrong)}
        </Notice>
      )}
      {preview === null ? (
        wrong === null && (
          <div className="flex h-40 items-center justify-center gap-2 text-text-3">
            <LoaderCircle aria-hidden className="size-4 animate-spin" />
            {t("loading")}
          </div>
        )
      ) : (
        <>
          {preview.because !== null && (
            <Notice tone="warn" className="mb-4">
              {t(`because.${preview.because}`, { state: preview.transaction === null ? "" : states(preview.transaction.state) })}
            </Notice>
          )}
          <Effect preview={preview} />
          {preview.legal && (
            <ReasonField verb={verb} reason={reason} missing={unreasoned && reason.trim() === ""} onChange={setReason} />
          )}
        </>
      )}
    </Dialog>
  );
}

/** Why, in a word or two: the usual ones are one key away. */
function ReasonField({ verb, reason, missing, onChange }: { verb: ManualVerb; reason: string; missing: boolean; onChange(reason: string): void }) {
  const t = useTranslations("action");
  const needed = REASONED_VERBS.has(verb);
  return (
    <div className="mt-4">
      <TextArea
        id={REASON_ID}
        label={t("reason")}
        note={t(needed ? "needed" : "optional")}
        value={reason}
        required={needed}
        missing={missing ? t("reasonMissing") : null}
        onChange={onChange}
        placeholder={t("reasonHint")}
      />
      {needed && (
        <div className="mt-1.5 flex flex-wrap gap-1.5">
          {(["one", "two", "three"] as const).map((which) => {
            const words = t(`${verb as "confirm" | "cancel" | "reverse"}.reasons.${which}`);
            return (
              <Button key={which} size="sm" className="h-6.5 border-line px-2 font-normal text-text-2" onClick={() => onChange(words)}>
                {words}
              </Button>
            );
          })}
        </div>
      )}
    </div>
  );
}

function Effect({ preview }: { preview: ActionPreview }) {
  const t = useTranslations("action");
  const money = useMoney();
  const states = useTranslations("pending.states");
  const names = useNames();
  const nowMs = useNowMs();
  const age = useAge();
  const { transaction, lines, coupon, verb, legal } = preview;
  const remote = preview.branches.filter(({ kind }) => kind === "remote");
  if (transaction === null) return null;
  return (
    <>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2.5 sm:grid-cols-4">
        <Fact label={t("state")}>{states(transaction.state)}</Fact>
        <Fact label={t("age")}>{age(nowMs - transaction.createdAtMs)}</Fact>
        <Fact label={t("store")}>{names.own(transaction.storeNames)}</Fact>
        <Fact label={t("amount")}>{money(transaction.amountCents)}</Fact>
      </dl>
      <h3 className="mt-5 mb-1.5 text-xs font-medium text-text-2">{t(legal ? `${verb}.effect` : "lines")}</h3>
      <ul className="divide-y rounded-lg border">
        {lines.map((line) => (
          <Line key={line.dishId} line={line} verb={verb} legal={legal} />
        ))}
        {coupon !== null && legal && (
          <li className="flex items-center gap-2 px-3 py-2">
            <TicketPercent aria-hidden className="size-4 text-text-3" />
            <span className="min-w-0 flex-1 truncate">{t("coupon", { couponId: coupon.couponId })}</span>
            <span className="text-text-2">{t(`couponBecomes.${coupon.becomes}`)}</span>
          </li>
        )}
        {legal && remote.map((branch) => <RemoteBranch key={branch.branchId} branch={branch} />)}
      </ul>
      {legal && <p className="mt-2 text-xs text-text-3">{t(`${verb}.after`, { orderId: transaction.orderId })}</p>}
    </>
  );
}

/** Another service is told, or has nothing left to do. */
function RemoteBranch({ branch }: { branch: BranchEffect }) {
  const t = useTranslations("action");
  const states = useTranslations("pending.states");
  return (
    <li className="flex items-center gap-2 px-3 py-2" data-testid={`effect-branch-${branch.branchId}`}>
      <Plug aria-hidden className="size-4 shrink-0 text-text-3" />
      <span className="min-w-0 flex-1 truncate">{t("remote", { participant: branch.participant, branchId: branch.branchId })}</span>
      <span className="text-text-2">{branch.call === null ? t("remoteDone", { state: states(branch.from) }) : t(`remoteCall.${branch.call}`)}</span>
    </li>
  );
}

function Line({ line, verb, legal }: { line: LineEffect; verb: ManualVerb; legal: boolean }) {
  const t = useTranslations("action");
  const names = useNames();
  const { before, after } = line;
  const column = verb === "cancel" ? "available" : "sold";
  const moves = legal && verb !== "retry";
  return (
    <li className="flex items-center gap-3 px-3 py-2" data-testid={`effect-${line.dishId}`}>
      <span className="w-8 shrink-0 text-right text-text-3">{line.quantity}&thinsp;×</span>
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">{names.own(line.names)}</span>
        <span lang={names.otherLocale} className="block truncate text-xs text-text-3">{names.other(line.names)}</span>
      </span>
      {moves && before !== null && after !== null && (
        <span className={cn("flex shrink-0 items-center gap-3 text-xs text-text-2")}>
          <Change label={t(column)} from={before[column]} to={after[column]} strong />
          {verb === "reverse" && <Change label={t("available")} from={before.available} to={after.available} />}
          {before.frozen !== after.frozen && <Change label={t("frozen")} from={before.frozen} to={after.frozen} />}
        </span>
      )}
    </li>
  );
}

function Change({ label, from, to, strong = false }: { label: string; from: number; to: number; strong?: boolean }) {
  const format = useFormatter();
  return (
    <span className="text-right">
      <span className="block text-2xs text-text-3">{label}</span>
      <span className="flex items-center justify-end gap-1">
        <span className="text-text-3">{format.number(from)}</span>
        <ArrowRight aria-hidden className="size-3 text-text-3" />
        <span className={cn(strong && "font-semibold text-text")}>{format.number(to)}</span>
      </span>
    </span>
  );
}
