"use client";
/** Every participant's part: its state, its fence, what it last said, and when it is asked again. */
import { Check, CircleAlert, Clock3, LoaderCircle } from "lucide-react";
import { useTranslations } from "next-intl";
import Link from "next/link";
import type { DecisionSheet, SheetBranch } from "@/server/contracts/transaction-page";
import { useNowMs } from "../../live/live-provider";
import { useAge } from "../../overview/ages";
import { Badge } from "../../ui/badge";
import { cn } from "../../ui/cn";
import { Panel } from "../../ui/panel";
import { CopyButton } from "./copy-button";

export function BranchesPanel({ sheet }: { sheet: DecisionSheet }) {
  const t = useTranslations("sheet");
  const remote = sheet.branches.filter(({ kind }) => kind === "remote");
  const undone = remote.filter(({ nextAttemptAtMs }) => nextAttemptAtMs !== null).length;
  return (
    <Panel id="branches" title={t("branches")} note={remote.length === 0 ? t("localOnly") : t("undone", { undone, all: remote.length })}>
      {sheet.branches.length === 0 ? (
        <p className="px-4 py-4 text-text-3">{t("noBranches")}</p>
      ) : (
        <ul className="divide-y">
          {sheet.branches.map((branch) => (
            <Branch key={branch.branchId} branch={branch} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Branch({ branch }: { branch: SheetBranch }) {
  const t = useTranslations("sheet");
  const states = useTranslations("pending.states");
  const { branchId, participant, kind, state, attempt, failures, errorClass, lastError, httpStatus, nextAttemptAtMs, fingerprint, url } = branch;
  const done = nextAttemptAtMs === null;
  const failing = !done && failures > 0;
  return (
    <li className="grid gap-x-4 gap-y-1 px-4 py-2.5 sm:grid-cols-[minmax(0,1fr)_auto]" data-testid={`branch-${branchId}`} data-state={state}>
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-2">
          <span className="font-medium">{kind === "local" ? t(`local.${participant as "stock" | "coupon" | "order"}`) : participant}</span>
          {kind === "remote" && <span className="font-mono text-2xs text-text-3">{branchId}</span>}
          <Badge tone={done ? (state === "RESERVED" ? "accent" : "ok") : failing ? "danger" : "warn"} icon={done ? Check : failing ? CircleAlert : LoaderCircle}>
            {states(state)}
          </Badge>
        </div>
        {kind === "remote" && (
          <div className="mt-0.5 flex items-center gap-1 text-2xs text-text-3">
            <span className="truncate font-mono" title={url ?? undefined}>{url}</span>
            {url !== null && <CopyButton text={url} what={t("url")} className="-my-1" />}
          </div>
        )}
        {lastError !== null && (
          <p className={cn("mt-1 flex items-start gap-1.5 text-xs break-words", failing ? "text-danger" : "text-text-3")}>
            {failing && <CircleAlert aria-hidden className="mt-px size-3.5 shrink-0" />}
            <span>
              {[errorClass, httpStatus].filter((part) => part !== null).join(" · ")}
              {(errorClass !== null || httpStatus !== null) && ": "}
              {lastError}
            </span>
          </p>
        )}
        {fingerprint !== null && (
          <Link href={`/causes?fingerprint=${encodeURIComponent(fingerprint)}`} prefetch={false} className="mt-1 inline-block rounded text-xs text-accent hover:underline">
            {t("sameCause")}
          </Link>
        )}
      </div>
      {kind === "remote" && (
        <dl className="flex gap-5 text-right sm:self-center">
          <Figure label={t("fence")} title={t("fenceMeaning")} value={String(attempt)} />
          <Figure label={t("failures")} value={String(failures)} strong={failures > 0 && !done} />
          <Next atMs={nextAttemptAtMs} />
        </dl>
      )}
    </li>
  );
}

function Next({ atMs }: { atMs: number | null }) {
  const t = useTranslations("sheet");
  const nowMs = useNowMs();
  const age = useAge();
  return <Figure label={t("nextTry")} value={atMs === null ? "–" : atMs <= nowMs ? t("now") : t("in", { age: age(atMs - nowMs) })} icon={atMs !== null} />;
}

function Figure({ label, value, title, strong = false, icon = false }: { label: string; value: string; title?: string; strong?: boolean; icon?: boolean }) {
  return (
    <div className="min-w-14" title={title}>
      <dt className="text-2xs text-text-3">{label}</dt>
      <dd className={cn("figures inline-flex items-center gap-1 whitespace-nowrap", strong ? "font-semibold text-danger" : "text-text-2")}>
        {icon && <Clock3 aria-hidden className="size-3 text-text-3" />}
        {value}
      </dd>
    </div>
  );
}
