"use client";
/** Postgres and Redis, as the engine's breakers see them. */
import { CircleCheck, CircleDot, CircleX } from "lucide-react";
import { useTranslations } from "next-intl";
import { useDependencies } from "../live/live-provider";
import { cn } from "../ui/cn";
import { Tooltip } from "../ui/tooltip";

const ICONS = { up: CircleCheck, probing: CircleDot, down: CircleX } as const;
const TONES = { up: "text-ok", probing: "text-warn", down: "text-danger" } as const;

export function Dependencies() {
  const t = useTranslations("dependencies");
  const dependencies = useDependencies();
  // On a phone there is room for trouble only.
  const well = dependencies.postgres === "up" && dependencies.redis === "up";
  return (
    <div className={cn("figures items-center gap-3 sm:flex", well ? "hidden" : "flex")} data-testid="dependencies">
      {(["postgres", "redis"] as const).map((name) => {
        const state = dependencies[name];
        const Icon = ICONS[state];
        return (
          <Tooltip key={name} text={t(`explained.${name}.${state}`)}>
            <span
              // biome-ignore lint/a11y/noNoninteractiveTabindex: the explanation opens on focus
              tabIndex={0}
              className={cn("inline-flex items-center gap-1 text-xs", state === "up" ? "text-text-3" : TONES[state])}
            >
              <Icon aria-hidden className={cn("size-3.5", TONES[state])} strokeWidth={2.25} />
              {t(name)}
              {state === "up" ? <span className="sr-only">{t("up")}</span> : <span className="font-medium">{t(state)}</span>}
            </span>
          </Tooltip>
        );
      })}
    </div>
  );
}
