"use client";
/**
 * Says that the money of a refund ticket was returned, with the reason and what the bank calls the transfer. Nothing is paid
 * here.
 */
import { ArrowRight } from "lucide-react";
import { useTranslations } from "next-intl";
import { useId, useState } from "react";
import { REFERENCE_LENGTH_MAX } from "@/server/contracts/inbox";
import type { RefundRow } from "@/server/contracts/inbox";
import { useFailure } from "../console-failure";
import { useNowMs } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { useMoney } from "../overview/money";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Fact } from "../ui/fact";
import { Notice } from "../ui/notice";
import { TextArea } from "../ui/text-area";
import { useToast } from "../ui/toast";
import { useAct } from "../use-act";
import { settleRefund } from "./client";

interface SettleDialogProps {
  refund: RefundRow;
  returnFocusTo: string;
  onClose(): void;
  onSettled(): void;
}

export function SettleDialog({ refund, returnFocusTo, onClose, onSettled }: SettleDialogProps) {
  const t = useTranslations("inbox");
  const action = useTranslations("action");
  const states = useTranslations("pending.states");
  const yuan = useMoney();
  const sentenceOf = useFailure();
  const toast = useToast();
  const age = useAge();
  const nowMs = useNowMs();
  const referenceId = useId();
  const reasonId = useId();
  const { busy, failure, perform } = useAct();
  const [reason, setReason] = useState("");
  const [reference, setReference] = useState("");
  const [missing, setMissing] = useState(false);
  const { ticketId, txId, orderId, storeId, txState, openedAtMs, amountCents, payments } = refund;
  const money = (cents: number | null) => (cents === null ? t("amountUnknown") : yuan(cents));

  const settle = async () => {
    if (reason.trim() === "") {
      setMissing(true);
      document.getElementById(reasonId)?.focus();
      return;
    }
    await perform(async (actionKey) => {
      await settleRefund(ticketId, actionKey, reason.trim(), reference.trim());
      toast(t("settled"), `${ticketId} · ${money(amountCents)}`);
      onSettled();
      onClose();
    });
  };

  return (
    <Dialog
      onClose={() => busy || onClose()}
      returnFocusTo={returnFocusTo}
      title={t("settleTitle", { amount: money(amountCents) })}
      description={<span className="font-mono break-all">{`${ticketId} · ${txId}`}</span>}
      closeLabel={action("close")}
      footer={
        <>
          <Button kind="ghost" onClick={onClose} disabled={busy}>{action("keep")}</Button>
          <Button kind="primary" busy={busy} onClick={() => void settle()} data-testid="settle">{t("settleAct")}</Button>
        </>
      }
    >
      {failure !== null && <Notice className="mb-4">{sentenceOf(failure)}</Notice>}
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2.5 sm:grid-cols-4">
        <Fact label={t("order")}>{orderId ?? "–"}</Fact>
        <Fact label={action("store")}>{storeId ?? "–"}</Fact>
        <Fact label={action("state")}>{states(txState)}</Fact>
        <Fact label={t("openSince")}>{age(nowMs - openedAtMs)}</Fact>
      </dl>
      <section aria-label={t("effect")} className="mt-5" data-testid="settle-effect">
        <h3 className="mb-1.5 text-xs font-medium text-text-2">{t("effect")}</h3>
        <ul className="divide-y rounded-lg border">
          <Effect what={t("ticketOf", { ticketId })} from={t("refundViews.open")} to={t("refundViews.settled")} />
          {payments.map(({ paymentKey, source, eventId, amountCents: cents }) => (
            <Effect key={paymentKey} what={`${source} · ${eventId} · ${money(cents)}`} from={t("outcomes.REFUND_DUE")} to={t("outcomes.REFUNDED")} />
          ))}
        </ul>
        <p className="mt-2 text-xs text-text-3">{t("effectNote")}</p>
      </section>
      <div className="mt-4 flex flex-col gap-4">
        <TextArea
          id={reasonId}
          label={action("reason")}
          note={action("needed")}
          value={reason}
          required
          missing={missing && reason.trim() === "" ? action("reasonMissing") : null}
          placeholder={t("reasonHint")}
          onChange={setReason}
        />
        <div>
          <label htmlFor={referenceId} className="text-xs font-medium text-text-2">
            {t("reference")} <span className="font-normal text-text-3">{action("optional")}</span>
          </label>
          <input
            id={referenceId}
            value={reference}
            maxLength={REFERENCE_LENGTH_MAX}
            autoComplete="off"
            spellCheck={false}
            placeholder={t("referenceHint")}
            onChange={(event) => setReference(event.target.value)}
            className="mt-1 block h-9 w-full rounded-md border border-line-strong bg-surface px-3 text-sm placeholder:text-text-3"
          />
        </div>
      </div>
    </Dialog>
  );
}

function Effect({ what, from, to }: { what: string; from: string; to: string }) {
  return (
    <li className="flex items-center gap-3 px-3 py-2">
      <span className="min-w-0 flex-1 truncate" title={what}>{what}</span>
      <span className="text-xs text-text-3">{from}</span>
      <ArrowRight aria-hidden className="size-3 shrink-0 text-text-3" />
      <span className="text-xs font-semibold">{to}</span>
    </li>
  );
}
