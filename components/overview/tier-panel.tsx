"use client";
/** The three tiers, in the order a Try passes them: what each let through and refused, per second, now and lately. */
import { useFormatter, useTranslations } from "next-intl";
import dynamic from "next/dynamic";
import type { ReactNode } from "react";
import { useGauges, useTiers } from "../live/live-provider";
import { cn } from "../ui/cn";
import { Panel } from "../ui/panel";

const TierChart = dynamic(() => import("./tier-chart"), { ssr: false, loading: () => <div className="h-full" /> });

const TIERS = ["cas", "lock", "tcc"] as const;

export function TierPanel({ className }: { className?: string }) {
  const t = useTranslations("tiers");
  return (
    <Panel id="tiers" className={className} title={t("title")} note={t("note")} tools={<Latency />}>
      <div className="scroll-quiet flex min-h-0 flex-1 flex-col divide-y overflow-y-auto">
        {TIERS.map((tier, index) => (
          <Tier key={tier} tier={tier} place={index + 1} />
        ))}
      </div>
    </Panel>
  );
}

/** Of 800 ms that a Try has. */
const SLOW_MS = 400;

function Latency() {
  const t = useTranslations("tiers");
  const format = useFormatter();
  const { tryMs } = useGauges();
  const ms = (value: number) => t("ms", { ms: format.number(value, { maximumFractionDigits: value < 10 ? 1 : 0 }) });
  return (
    <dl className="figures flex gap-3 text-xs whitespace-nowrap" title={t("latencyMeaning")} data-testid="latency" data-known={tryMs !== null}>
      {(["p50Ms", "p99Ms"] as const).map((which) => (
        <div key={which} className="flex items-baseline gap-1">
          <dt className="text-2xs text-text-3">{which.slice(0, 3)}</dt>
          <dd className={cn("min-w-10 text-right font-medium", tryMs === null ? "text-text-3" : tryMs[which] > SLOW_MS && "text-warn")}>{tryMs === null ? "–" : ms(tryMs[which])}</dd>
        </div>
      ))}
    </dl>
  );
}

function Tier({ tier, place }: { tier: (typeof TIERS)[number]; place: number }) {
  const t = useTranslations("tiers");
  const format = useFormatter();
  const samples = useTiers();
  const now = samples.at(-1)?.[tier] ?? { accepted: 0, refused: 0 };
  return (
    <section aria-labelledby={`tier-${tier}`} data-testid={`tier-${tier}`} className="flex min-h-44 flex-1 flex-col px-4 pt-3 pb-2 group-data-[kiosk=true]/wall:min-h-32">
      <div className="flex items-start gap-3">
        <div className="min-w-0 flex-1">
          <h3 id={`tier-${tier}`} className="flex items-center gap-2 text-sm font-semibold">
            <span aria-hidden className="grid size-4.5 place-items-center rounded bg-sunken text-2xs font-medium text-text-3">
              {place}
            </span>
            {t(`${tier}.name`)}
          </h3>
          <p className="mt-0.5 text-xs text-text-3 group-data-[kiosk=true]/wall:hidden">{t(`${tier}.meaning`)}</p>
        </div>
        <dl className="figures flex shrink-0 gap-4 text-right">
          <Figure label={t(`${tier}.accepted`)} mark="solid">{format.number(now.accepted)}</Figure>
          <Figure label={t(`${tier}.refused`)} mark="dashed" loud={now.refused > 0}>{format.number(now.refused)}</Figure>
        </dl>
      </div>
      <div className="figures relative mt-2 min-h-12 flex-1">
        <TierChart tier={tier} samples={samples} />
      </div>
      <p className="figures mt-1 truncate text-xs text-text-2 group-data-[kiosk=true]/wall:hidden">
        <Gauges tier={tier} />
      </p>
    </section>
  );
}

function Figure({ label, mark, loud = false, children }: { label: string; mark: "solid" | "dashed"; loud?: boolean; children: ReactNode }) {
  return (
    <div className="flex flex-col-reverse">
      <dt className="flex items-center justify-end gap-1 text-2xs whitespace-nowrap text-text-3">
        <svg viewBox="0 0 12 4" aria-hidden className="h-1 w-3">
          <path
            d="M0 2H12"
            strokeWidth="2"
            strokeDasharray={mark === "dashed" ? "3 2" : undefined}
            className={mark === "dashed" ? "stroke-danger" : "stroke-accent"}
          />
        </svg>
        {label}
      </dt>
      <dd className={cn("text-xl leading-tight font-semibold tracking-tight", mark === "dashed" && !loud && "text-text-3")}>
        {children}
      </dd>
    </div>
  );
}

function Gauges({ tier }: { tier: (typeof TIERS)[number] }) {
  const t = useTranslations("tiers");
  const gauges = useGauges();
  if (tier === "cas") return t("cas.gauges", { parked: gauges.parked, retries: gauges.casRetries });
  if (tier === "lock") {
    return t("lock.gauges", { mean: gauges.meanBatch, waiting: gauges.waiting, inFlight: gauges.inFlight });
  }
  return t("tcc.gauges", { confirmed: gauges.confirmed, cancelled: gauges.cancelled, expired: gauges.expired });
}
