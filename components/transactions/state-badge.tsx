"use client";
/** A transaction's state: a word, a shape and a colour, the same on every page. */
import { ArrowRightLeft, Ban, Check, Clock3, Hourglass, LoaderCircle, RotateCcw } from "lucide-react";
import { useTranslations } from "next-intl";
import type { TransactionState } from "@/server/contracts/console";
import { Badge } from "../ui/badge";
import type { Look } from "../ui/badge";

const LOOKS: Record<TransactionState, Look> = {
  TRYING: { tone: "neutral", icon: LoaderCircle },
  RESERVED: { tone: "accent", icon: Hourglass },
  CONFIRMING: { tone: "warn", icon: ArrowRightLeft },
  CONFIRMED: { tone: "ok", icon: Check },
  CANCELLING: { tone: "warn", icon: ArrowRightLeft },
  CANCELLED: { tone: "neutral", icon: Ban },
  EXPIRED: { tone: "neutral", icon: Clock3 },
  REVERSING: { tone: "warn", icon: ArrowRightLeft },
  REVERSED: { tone: "neutral", icon: RotateCcw },
};

export function StateBadge({ state, className }: { state: TransactionState; className?: string }) {
  const t = useTranslations("pending.states");
  return <Badge {...LOOKS[state]} className={className}>{t(state)}</Badge>;
}
