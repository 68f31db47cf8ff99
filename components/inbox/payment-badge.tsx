"use client";
/** Where a payment stands: a word, a shape and a colour. What became of it says more than its state, once it is known. */
import { Ban, Banknote, Check, Clock3, Hourglass, LoaderCircle, TriangleAlert, UserRound } from "lucide-react";
import { useTranslations } from "next-intl";
import type { PaymentOutcome, PaymentRow, PaymentState } from "@/server/contracts/inbox";
import { Badge } from "../ui/badge";
import type { Look } from "../ui/badge";

const STATES: Record<PaymentState, Look> = {
  PENDING: { tone: "neutral", icon: Clock3 },
  PROCESSING: { tone: "accent", icon: LoaderCircle },
  FAILED: { tone: "neutral", icon: Ban },
  COMPLETED: { tone: "ok", icon: Check },
  COMPENSATING: { tone: "warn", icon: Hourglass },
  MANUAL_REVIEW: { tone: "danger", icon: UserRound },
};

const OUTCOMES: Record<PaymentOutcome, Look> = {
  SOLD: { tone: "ok", icon: Check },
  REPEATED: { tone: "neutral", icon: Check },
  REFUND_DUE: { tone: "danger", icon: Banknote },
  REFUNDED: { tone: "ok", icon: Banknote },
  CANCELLED: { tone: "neutral", icon: Ban },
  OVERRULED: { tone: "neutral", icon: Ban },
  TOO_LATE: { tone: "warn", icon: TriangleAlert },
  NO_ORDER: { tone: "neutral", icon: Ban },
};

export function PaymentBadge({ payment: { state, outcome, txId } }: { payment: Pick<PaymentRow, "state" | "outcome" | "txId"> }) {
  const t = useTranslations("inbox");
  if (outcome !== null) {
    return (
      <span title={t(`outcomesMeaning.${outcome}`)}>
        <Badge {...OUTCOMES[outcome]}>{t(`outcomes.${outcome}`)}</Badge>
      </span>
    );
  }
  const waits = state === "PENDING" && txId === null;
  return (
    <span title={t(waits ? "waitsMeaning" : `statesMeaning.${state}`)}>
      <Badge {...(waits ? { tone: "warn", icon: Clock3 } : STATES[state])}>{t(waits ? "waits" : `states.${state}`)}</Badge>
    </span>
  );
}
