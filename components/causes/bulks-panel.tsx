"use client";
/** What is done to many: in its grace, under way, held, over. Whoever may act may stop it, whoever began it. */
import { Ban, Check, CirclePause, Hourglass, LoaderCircle, Undo2, ListChecks } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { useState } from "react";
import type { BulkState, BulkView } from "@/server/contracts/bulk";
import { codeOf } from "../console-client";
import { useFailure } from "../console-failure";
import { useNowMs } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { Badge } from "../ui/badge";
import type { Look } from "../ui/badge";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { steerBulk, type Steering } from "./client";

interface BulksPanelProps {
  bulks: readonly BulkView[];
  stale: boolean;
  mayAct: boolean;
  onOpen(bulkId: string): void;
  onChanged(): void;
}

export function BulksPanel({ bulks, stale, mayAct, onOpen, onChanged }: BulksPanelProps) {
  const t = useTranslations("bulk");
  return (
    <Panel id="bulks" className="min-h-0" stale={stale} title={t("title")}>
      {bulks.length === 0 ? (
        <Empty icon={ListChecks} title={t("empty")} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ul tabIndex={0} aria-labelledby="bulks-title" className="scroll-quiet min-h-0 flex-1 divide-y overflow-y-auto">
          {bulks.map((bulk) => (
            <li key={bulk.bulkId} className="px-4 py-3" data-testid={`bulk-${bulk.bulkId}`} data-state={bulk.state}>
              <div className="flex items-center gap-2">
                <button type="button" onClick={() => onOpen(bulk.bulkId)} className="min-w-0 flex-1 truncate rounded text-left font-medium hover:text-accent hover:underline">
                  {t(`what.${bulk.verb}`, { count: bulk.total })}
                </button>
                <BulkBadge state={bulk.state} />
              </div>
              <Progress bulk={bulk} />
              <div className="mt-1.5 flex items-center gap-2">
                <Since bulk={bulk} />
                {mayAct && <Steer bulk={bulk} onChanged={onChanged} />}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

const LOOKS: Record<BulkState, Look> = {
  DRAFT: { tone: "neutral", icon: Hourglass },
  GRACE: { tone: "warn", icon: Hourglass },
  CANARY: { tone: "accent", icon: LoaderCircle },
  WATCHING: { tone: "accent", icon: LoaderCircle },
  HELD: { tone: "danger", icon: CirclePause },
  RUNNING: { tone: "accent", icon: LoaderCircle },
  DONE: { tone: "ok", icon: Check },
  STOPPED: { tone: "neutral", icon: Ban },
  UNDONE: { tone: "neutral", icon: Undo2 },
};

export function BulkBadge({ state }: { state: BulkState }) {
  const t = useTranslations("bulk.states");
  return <Badge {...LOOKS[state]}>{t(state)}</Badge>;
}

export function Progress({ bulk }: { bulk: BulkView }) {
  const t = useTranslations("bulk");
  const format = useFormatter();
  const { total, counts } = bulk;
  const over = counts.done + counts.refused + counts.failed;
  return (
    <div className="mt-2">
      <div role="progressbar" aria-label={t("progress")} aria-valuemin={0} aria-valuemax={total} aria-valuenow={over} className="flex h-1.5 overflow-hidden rounded-full bg-sunken">
        <span className="bg-ok transition-[width] duration-300" style={{ width: `${(100 * counts.done) / total}%` }} />
        <span className="bg-bar-sold transition-[width] duration-300" style={{ width: `${(100 * counts.refused) / total}%` }} />
        <span className="bg-danger transition-[width] duration-300" style={{ width: `${(100 * counts.failed) / total}%` }} />
      </div>
      <div className="figures mt-1 flex flex-wrap gap-x-3 text-2xs text-text-3">
        <span data-testid="bulk-done">{t("done", { done: format.number(counts.done), total: format.number(total) })}</span>
        {counts.refused > 0 && <span>{t("refused", { count: counts.refused })}</span>}
        {counts.failed > 0 && <span className="text-danger">{t("failed", { count: counts.failed })}</span>}
      </div>
    </div>
  );
}

function Since({ bulk }: { bulk: BulkView }) {
  const t = useTranslations("bulk");
  const age = useAge();
  const nowMs = useNowMs();
  const { actor, startedAtMs, createdAtMs, reason, why, dueAtMs, state } = bulk;
  const left = dueAtMs === null ? null : Math.max(0, Math.ceil((dueAtMs - nowMs) / 1_000));
  return (
    <div className="min-w-0 flex-1 text-2xs text-text-3">
      {state === "GRACE" && left !== null ? (
        <span className="font-medium text-warn" role="timer">{t("beginsIn", { seconds: left })}</span>
      ) : (
        <span className={cn("block truncate", why !== null && why !== "PERSON" && "text-danger")}>{why !== null ? t(`why.${why}`) : t("since", { name: actor, age: age(nowMs - (startedAtMs ?? createdAtMs)) })}</span>
      )}
      {reason !== null && <span className="block truncate" title={reason}>{reason}</span>}
    </div>
  );
}

const STEERINGS: Partial<Record<BulkState, readonly Steering[]>> = {
  GRACE: ["undo"],
  CANARY: ["stop"],
  WATCHING: ["stop"],
  HELD: ["continue", "stop"],
  RUNNING: ["stop"],
};

export function Steer({ bulk, onChanged, large = false }: { bulk: BulkView; onChanged(): void; large?: boolean }) {
  const t = useTranslations("bulk");
  const [busy, setBusy] = useState<Steering | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const sentenceOf = useFailure();
  const run = async (steering: Steering) => {
    setBusy(steering);
    setFailure(null);
    try {
      await steerBulk(bulk.bulkId, steering, crypto.randomUUID());
    } catch (error) {
      // Over meanwhile, or steered by somebody else: the next look shows it.
      if (codeOf(error) !== "ILLEGAL_STATE") setFailure(sentenceOf(error));
    }
    onChanged();
    setBusy(null);
  };
  return (
    <>
      {failure !== null && <span role="alert" className="text-xs text-danger">{failure}</span>}
      {(STEERINGS[bulk.state] ?? []).map((steering) => (
        <Button key={steering} size={large ? "md" : "sm"} kind={steering === "continue" ? "plain" : "danger"} busy={busy === steering} onClick={() => void run(steering)} data-testid={`bulk-${steering}`}>
          {t(steering)}
        </Button>
      ))}
    </>
  );
}
