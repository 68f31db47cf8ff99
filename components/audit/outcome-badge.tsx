"use client";
/** What came of it: a word, a shape and a colour. */
import { Check, CircleHelp, X } from "lucide-react";
import { useTranslations } from "next-intl";
import type { AuditOutcome } from "@/server/contracts/audit";
import { Badge, type Look } from "../ui/badge";

const LOOKS: Record<AuditOutcome, Look> = {
  DONE: { tone: "ok", icon: Check },
  REFUSED: { tone: "warn", icon: X },
  ASKED: { tone: "neutral", icon: CircleHelp },
};

export function OutcomeBadge({ outcome }: { outcome: AuditOutcome | null }) {
  const t = useTranslations("audit.outcomes");
  const shown = outcome ?? "ASKED";
  return <Badge {...LOOKS[shown]}>{t(shown)}</Badge>;
}
