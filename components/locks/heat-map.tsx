"use client";
/**
 * The 64 segments by how long was waited in each. A cell says it three times: by its number, its shade, and hatching from
 * 100 ms a second on. Choosing one shows its dishes alone; the arrow keys go from cell to cell.
 */
import { useTranslations } from "next-intl";
import { memo, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import { SEGMENTS } from "@/server/contracts/contention";
import type { ContentionWindow } from "@/server/contracts/contention";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Panel } from "../ui/panel";
import { Segments } from "../ui/segments";
import { HEAT_LEVELS, heatLabel, heatLevel } from "./heat";
import { MEASURES, useDuration } from "./use-locks";
import type { Choice, Measure } from "./use-locks";

const COLUMNS = 8;
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS };
/** The upper end of each level, in ms waited per second. */
const SCALE = ["0", "<1", "<10", "<100", "<1k", "≥1k"];

interface HeatMapProps {
  window: ContentionWindow;
  choice: Choice;
  choose(change: Partial<Choice>): void;
}

export function HeatMap({ window, choice, choose }: HeatMapProps) {
  const t = useTranslations("locks.heat");
  const { measure, segment: chosen } = choice;
  const grid = useRef<HTMLDivElement>(null);
  const [reachable, setReachable] = useState(chosen ?? 0);
  const counts = new Map<number, number>();
  for (const { segment } of window.dishes) counts.set(segment, (counts.get(segment) ?? 0) + 1);
  const go = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = reachable + step;
    if (next < 0 || next >= SEGMENTS) return;
    setReachable(next);
    grid.current?.querySelector<HTMLElement>(`[data-segment="${next}"]`)?.focus();
  };
  return (
    <Panel
      id="heat"
      title={t("title")}
      note={t("note")}
      tools={<Segments small legend={t("measure")} value={measure} onChange={(next) => choose({ measure: next })} options={MEASURES.map((each) => ({ value: each, label: t(each) }))} />}
    >
      <div className="flex min-h-0 flex-1 flex-col gap-2 p-3">
        {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields */}
        <div ref={grid} role="group" aria-labelledby="heat-title" onKeyDown={go} className="grid min-h-56 flex-1 grid-cols-8 grid-rows-8 gap-0.5">
          {window.segments.map(({ blameMs, painMs }, segment) => (
            <Cell
              // biome-ignore lint/suspicious/noArrayIndexKey: a segment is its place
              key={segment}
              segment={segment}
              blameMs={blameMs}
              painMs={painMs}
              seconds={window.seconds}
              measure={measure}
              dishes={counts.get(segment) ?? 0}
              chosen={chosen === segment}
              reachable={reachable === segment}
              onChoose={() => {
                setReachable(segment);
                choose({ segment: chosen === segment ? null : segment });
              }}
            />
          ))}
        </div>
        <div className="flex h-6 shrink-0 items-center justify-between gap-2 text-2xs text-text-3">
          {chosen === null ? (
            <span className="truncate" title={t(`${measure}Meaning`)}>{t(`${measure}Meaning`)}</span>
          ) : (
            <>
              <span>{t("only", { segment: chosen })}</span>
              <Button kind="ghost" size="sm" className="h-6 px-1.5 text-2xs" onClick={() => choose({ segment: null })}>
                {t("everySegment")}
              </Button>
            </>
          )}
        </div>
        <div className="flex shrink-0 items-center gap-0.5" aria-hidden>
          {Array.from({ length: HEAT_LEVELS }, (_, level) => (
            <span key={SCALE[level]} data-level={level} className="heat grid h-5 flex-1 place-items-center rounded-xs text-2xs">
              {SCALE[level]}
            </span>
          ))}
        </div>
      </div>
    </Panel>
  );
}

interface CellProps {
  segment: number;
  blameMs: number;
  painMs: number;
  seconds: number;
  measure: Measure;
  dishes: number;
  chosen: boolean;
  reachable: boolean;
  onChoose(): void;
}

const Cell = memo(
  function Cell({ segment, blameMs, painMs, seconds, measure, dishes, chosen, reachable, onChoose }: CellProps) {
    const t = useTranslations("locks.heat");
    const duration = useDuration();
    const waitedMs = measure === "blame" ? blameMs : painMs;
    const level = heatLevel(waitedMs, seconds);
    const label = t("cell", { segment, blame: duration(blameMs), pain: duration(painMs), dishes });
    return (
      <button
        type="button"
        data-segment={segment}
        data-level={level}
        aria-label={label}
        aria-pressed={chosen}
        title={label}
        tabIndex={reachable ? 0 : -1}
        onClick={onChoose}
        className={cn(
          "heat figures grid min-w-0 place-items-center overflow-hidden rounded-xs text-2xs leading-none outline-offset-0 focus-visible:z-10",
          chosen && "z-10 ring-2 ring-accent",
        )}
      >
        {heatLabel(waitedMs, seconds)}
      </button>
    );
  },
  (before, after) =>
    before.blameMs === after.blameMs &&
    before.painMs === after.painMs &&
    before.seconds === after.seconds &&
    before.measure === after.measure &&
    before.dishes === after.dishes &&
    before.chosen === after.chosen &&
    before.reachable === after.reachable,
);
