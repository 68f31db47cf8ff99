import { Ban, CirclePause, Hourglass, TriangleAlert } from "lucide-react";
import { useTranslations } from "next-intl";
import type { DishView } from "../live/dish-views";
import { minutesLeft } from "../live/dish-views";
import { Badge } from "../ui/badge";

/** A forecast beyond this is no reason to hurry; the share that is left is. */
const FORECAST_MINUTES_MAX = 5;

/** The one word about a dish that an operator needs, and nothing while all is well. */
export function MoodBadge({ dish }: { dish: DishView }) {
  const t = useTranslations("dishes.moods");
  const { mood } = dish;
  if (mood === "soldOut") return <Badge tone="danger" icon={Ban}>{t("soldOut")}</Badge>;
  if (mood === "paused") return <Badge tone="neutral" icon={CirclePause}>{t("paused")}</Badge>;
  if (mood !== "low") return null;
  const minutes = minutesLeft(dish);
  if (minutes === null || minutes > FORECAST_MINUTES_MAX) return <Badge tone="warn" icon={TriangleAlert}>{t("low")}</Badge>;
  return <Badge tone="warn" icon={Hourglass}>{t("goneIn", { minutes: Math.round(minutes) })}</Badge>;
}
