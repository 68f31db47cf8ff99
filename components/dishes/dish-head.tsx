"use client";
/** Which dish this is, its figures now, and the verbs. Buttons keep their places whatever the dish's state. */
import { ChevronLeft, CirclePause, CirclePlay, PackageMinus, PackagePlus } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { useState } from "react";
import type { DishVerb } from "@/server/contracts/dish-page";
import { MoodBadge } from "../overview/mood-badge";
import { useMoney } from "../overview/money";
import { useNames } from "../overview/names";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { DishActionDialog } from "./dish-action-dialog";
import { useDishPage } from "./dish-screen";
import { minutesToSellOut } from "./query";
import { useMinutes } from "./use-minutes";

const ACTIONS_ID = "dish-actions";
type AskedVerb = Exclude<DishVerb, "reload-cells">;

export function DishHead({ mayAct }: { mayAct: boolean }) {
  const t = useTranslations("dishPage");
  const money = useMoney();
  const names = useNames();
  const dish = useDishPage((view) => view.dish);
  const [asked, setAsked] = useState<AskedVerb | null>(null);
  const { card, mood } = dish;
  const paused = mood === "paused";
  const verbs = [
    { verb: "restock", icon: PackagePlus },
    { verb: "write-off", icon: PackageMinus },
    paused ? ({ verb: "resume", icon: CirclePlay } as const) : ({ verb: "pause", icon: CirclePause } as const),
  ] as const;
  return (
    <section aria-labelledby="dish-name" className="shrink-0 rounded-panel border bg-surface px-4 py-3 shadow-panel">
      <div className="flex flex-wrap items-start gap-x-6 gap-y-3">
        <div className="min-w-0 flex-1 basis-72">
          <Link href="/dishes" prefetch={false} className="-ml-1 inline-flex items-center gap-0.5 rounded text-xs text-text-3 hover:text-text">
            <ChevronLeft aria-hidden className="size-3.5" />
            {t("back")}
          </Link>
          <div className="mt-0.5 flex min-h-7 flex-wrap items-center gap-x-2.5">
            <h2 id="dish-name" className="min-w-0 text-xl font-semibold tracking-tight break-words">{names.own(card.names)}</h2>
            <MoodBadge dish={dish} />
          </div>
          <p className="mt-0.5 flex flex-wrap gap-x-2 text-xs text-text-3">
            <span lang={names.otherLocale}>{names.other(card.names)}</span>
            <span aria-hidden>·</span>
            <Link href={`/dishes?store=${encodeURIComponent(card.storeId)}`} prefetch={false} className="underline-offset-2 hover:text-text hover:underline">
              {names.own(card.storeNames)}
            </Link>
            <span aria-hidden>·</span>
            <span>{money(card.priceCents)}</span>
            <span aria-hidden>·</span>
            <span className="font-mono break-all">{card.dishId}</span>
          </p>
        </div>
        <Figures />
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields */}
        <div id={ACTIONS_ID} role="group" aria-label={t("actions")} tabIndex={-1} className="flex flex-wrap gap-2 self-center">
          {verbs.map(({ verb, icon: Icon }) => (
            <Button
              key={verb}
              size="sm"
              className="h-8 min-w-22"
              disabled={!mayAct}
              title={mayAct ? undefined : t("roleNeeded")}
              onClick={() => setAsked(verb)}
              data-testid={verb}
            >
              <Icon aria-hidden className="size-3.5" />
              {t(`${verb}.verb`)}
            </Button>
          ))}
        </div>
      </div>
      {asked !== null && <DishActionDialog verb={asked} returnFocusTo={ACTIONS_ID} onClose={() => setAsked(null)} />}
    </section>
  );
}

function Figures() {
  const t = useTranslations("dishPage.figures");
  const format = useFormatter();
  const minutes = useMinutes();
  const dish = useDishPage((view) => view.dish);
  const { available, frozen, sold, supplied, perMinute, mood } = dish;
  const out = minutesToSellOut(dish);
  return (
    <dl className="figures grid shrink-0 grid-cols-[repeat(3,4.5rem)] gap-x-4 gap-y-2 self-center sm:grid-cols-[repeat(5,4.5rem)_6rem]">
      <Figure label={t("left")} strong danger={mood === "soldOut"} testId="figure-left">{format.number(available)}</Figure>
      <Figure label={t("held")}>{format.number(frozen)}</Figure>
      <Figure label={t("sold")}>{format.number(sold)}</Figure>
      <Figure label={t("supplied")}>{format.number(supplied)}</Figure>
      <Figure label={t("rate")}>{format.number(perMinute)}</Figure>
      <Figure label={t("out")}>{mood === "soldOut" || mood === "paused" || !Number.isFinite(out) ? "–" : minutes(out)}</Figure>
    </dl>
  );
}

interface FigureProps {
  label: string;
  children: string;
  strong?: boolean;
  danger?: boolean;
  testId?: string;
}

function Figure({ label, children, strong = false, danger = false, testId }: FigureProps) {
  return (
    <div className="flex min-w-0 flex-col-reverse justify-end text-right">
      <dd data-testid={testId} className={cn("text-xl leading-7 tracking-tight whitespace-nowrap", strong ? "font-semibold" : "font-medium text-text-2", danger && "text-danger")}>{children}</dd>
      <dt className="text-2xs whitespace-nowrap text-text-3">{label}</dt>
    </div>
  );
}
