import { Ban, CirclePause, TriangleAlert } from "lucide-react";
import { useTranslations } from "next-intl";
import type { Mood } from "@/server/contracts/socket-events";
import { Badge } from "../ui/badge";

export function MoodBadge({ mood }: { mood: Mood }) {
  const t = useTranslations("dishes.moods");
  if (mood === "soldOut") return <Badge tone="danger" icon={Ban}>{t("soldOut")}</Badge>;
  if (mood === "low") return <Badge tone="warn" icon={TriangleAlert}>{t("low")}</Badge>;
  if (mood === "paused") return <Badge tone="neutral" icon={CirclePause}>{t("paused")}</Badge>;
  return null;
}
