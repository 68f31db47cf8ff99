/**
 * The closing report: the same figures as text for a person and as JSON for a program. It computes nothing but shares.
 */
import type { AuditReport } from "./audit/audit.ts";
import { INVARIANTS, type Verdict } from "./audit/verdict.ts";
import type { Attempt } from "./history.ts";
import type { Kitchen } from "./kitchen.ts";
import type { Call, Recorder } from "./recorder.ts";
import { type StuckFigures, stuckInWords } from "./stuck/orders.ts";

/** Contract: an expired reservation is EXPIRED within this. */
const SWEEP_MS_MAX = 5_000;
/** Below this the client's own lateness does not change the picture. */
const CLIENT_LATE_MS = 10;
const CALLS: readonly Call[] = ["try", "confirm", "cancel", "reverse", "restock", "coupon", "menu"];

export interface Rush {
  run: string;
  url: string;
  seed: number;
  customers: number;
  rate: number | null;
  /** From opening to the last customer's leaving. */
  seconds: number;
  /** Why it was cut short; null: it was not. */
  interrupted: string | null;
  recorder: Recorder;
  kitchen: Kitchen;
  /** Null: none were asked for. */
  stuck: StuckFigures | null;
  /** Null: it could not be made. */
  audit: AuditReport | null;
}

export interface LatencyFigures {
  answers: number;
  p50Ms: number;
  p90Ms: number;
  p99Ms: number;
  maxMs: number;
}

export interface ReportFigures {
  run: string;
  url: string;
  seed: number;
  customers: number;
  rate: number | null;
  seconds: number;
  interrupted: string | null;
  orders: number;
  dropped: number;
  requests: number;
  requestsPerSecond: number;
  acceptedPerSecond: number;
  accepted: number;
  replayed: number;
  confirmed: number;
  cancelled: number;
  reversed: number;
  refundsDue: number;
  /** Null: without an audit nobody knows. */
  expired: number | null;
  sweptLateMsMax: number | null;
  hungUp: number;
  /** This program's own lateness. */
  clientLateMsP99: number;
  /** Answers to a Try other than yes, and 5xx aside. */
  refused: Record<string, number>;
  /** 5xx and transport errors. */
  errors: Record<string, number>;
  silenceMs: number;
  errorBurstMs: number;
  answers: Record<string, Record<string, number>>;
  latencies: Record<string, LatencyFigures>;
  restocks: number;
  soldOutDishes: number;
  complaints: string[];
  stuck: StuckFigures | null;
  /** What happened to the transactions that findings and notes name. */
  histories: Record<string, Attempt[]>;
  audit: (Omit<AuditReport, "verdicts"> & { verdicts: (Verdict & { sentence: string })[] }) | null;
}

export function figuresOf(rush: Rush): ReportFigures {
  const { recorder, kitchen, audit } = rush;
  const trys = recorder.answers.get("try") ?? new Map<string, number>();
  const refused = [...trys].filter(([label]) => !/^(2\d\d|hung up|lost: .*)$/.test(label) && !isError(label));
  return {
    run: rush.run,
    url: rush.url,
    seed: rush.seed,
    customers: rush.customers,
    rate: rush.rate,
    seconds: rush.seconds,
    interrupted: rush.interrupted,
    orders: recorder.orders,
    dropped: recorder.dropped,
    requests: recorder.requests,
    requestsPerSecond: recorder.requests / rush.seconds,
    acceptedPerSecond: recorder.accepted / rush.seconds,
    accepted: recorder.accepted,
    replayed: recorder.replayed,
    confirmed: recorder.confirmed,
    cancelled: recorder.cancelled,
    reversed: recorder.reversed,
    refundsDue: recorder.refundsDue,
    expired: audit ? (audit.states.EXPIRED ?? 0) : null,
    sweptLateMsMax: audit?.sweptLateMsMax ?? null,
    hungUp: recorder.hungUp,
    clientLateMsP99: recorder.pulse.lateMsP99,
    refused: Object.fromEntries(refused.sort(([, a], [, b]) => b - a)),
    errors: Object.fromEntries([...recorder.errors].sort(([, a], [, b]) => b - a)),
    silenceMs: recorder.pulse.silenceMs,
    errorBurstMs: recorder.pulse.burstMs,
    answers: Object.fromEntries([...recorder.answers].map(([call, labels]) => [call, Object.fromEntries(labels)])),
    latencies: Object.fromEntries(
      CALLS.flatMap((call) => {
        const histogram = recorder.latencies.get(call);
        if (!histogram) return [];
        const figures: LatencyFigures = {
          answers: histogram.count,
          p50Ms: histogram.quantileMs(0.5),
          p90Ms: histogram.quantileMs(0.9),
          p99Ms: histogram.quantileMs(0.99),
          maxMs: histogram.maxMs,
        };
        return [[call, figures]];
      }),
    ),
    restocks: [...recorder.restocks.values()].filter(({ acknowledged }) => acknowledged).length,
    soldOutDishes: kitchen.soldOutSeen,
    complaints: [...kitchen.complaints.values()],
    stuck: rush.stuck,
    histories: historiesOf(rush),
    audit: audit && {
      ...audit,
      verdicts: audit.verdicts.map((verdict) => ({ ...verdict, sentence: INVARIANTS[verdict.invariant] })),
    },
  };
}

function historiesOf({ audit, recorder }: Rush): Record<string, Attempt[]> {
  if (!audit) return {};
  const named = [...audit.verdicts.flatMap(({ findings }) => findings.flatMap(({ ids }) => ids)), ...audit.overtaken, ...audit.split];
  return Object.fromEntries(
    named.flatMap((id) => {
      const history = recorder.histories.get(id);
      return history ? [[id, history.attempts]] : [];
    }),
  );
}

/** Codes that come with a 5xx: they are counted as errors, not as refusals. */
function isError(label: string): boolean {
  return /^HTTP 5/.test(label) || ["UNAVAILABLE", "OVERLOADED", "PARTICIPANT_UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL"].includes(label);
}

export function inWords(figures: ReportFigures): string {
  const f = figures;
  const loop = f.rate === null ? "" : `, ${f.rate} orders/s offered`;
  const lines = [
    "",
    `Lunch rush ${f.run} · ${f.url} · ${f.seconds.toFixed(1)} s · ${f.customers} customers${loop} · seed ${f.seed}`,
  ];
  if (f.interrupted) lines.push(`Cut short: ${f.interrupted}`);
  for (const complaint of f.complaints) lines.push(`The kitchen stopped: ${complaint}`);
  lines.push(
    "",
    row("orders", f.orders, f.dropped > 0 ? `${number(f.dropped)} more dropped: every customer was busy` : ""),
    row("accepted", f.accepted, `${f.acceptedPerSecond.toFixed(0)} a second`),
    row("replayed", f.replayed, "asked again, answered as the first time"),
    row("confirmed", f.confirmed),
    row("cancelled", f.cancelled),
    row("reversed", f.reversed),
    row("expired", f.expired, f.sweptLateMsMax === null ? "" : `swept at most ${(f.sweptLateMsMax / 1000).toFixed(1)} s after their time`),
    row("refund due", f.refundsDue, f.refundsDue > 0 ? "paid too late, and the portions were gone" : ""),
    row("restocked", f.restocks, `${number(f.soldOutDishes)} dishes seen sold out on the way`),
    "",
    `Trys refused      ${listed(f.refused) || "none"}`,
    `Errors            ${listed(f.errors) || "none"}`,
  );
  if (f.errorBurstMs > 0) lines.push(`Longest burst     ${(f.errorBurstMs / 1000).toFixed(1)} s of errors less than half a second apart`);
  if (f.silenceMs > 1_000) lines.push(`Longest silence   ${(f.silenceMs / 1000).toFixed(1)} s`);
  lines.push(
    `Hung up           ${number(f.hungUp)} requests, on purpose`,
    `Requests          ${number(f.requests)}, ${f.requestsPerSecond.toFixed(0)} a second`,
    "",
    "                    answers         p50         p90         p99         max",
  );
  for (const [call, l] of Object.entries(f.latencies)) {
    const times = [l.p50Ms, l.p90Ms, l.p99Ms, l.maxMs].map((ms) => `${ms.toFixed(1)} ms`.padStart(12)).join("");
    lines.push(`  ${call.padEnd(12)}${number(l.answers).padStart(13)}${times}`);
  }
  if (f.clientLateMsP99 > CLIENT_LATE_MS) {
    const late = f.clientLateMsP99.toFixed(0);
    lines.push(`  This program itself was up to ${late} ms late (p99): the machine is busy, and the latencies include that.`);
  }
  lines.push("", ...auditInWords(f));
  if (f.stuck) lines.push("", ...stuckInWords(f.stuck, f.url));
  return lines.join("\n");
}

function auditInWords(figures: ReportFigures): string[] {
  const { audit } = figures;
  if (!audit) return ["Audit             not made: the server did not come back."];
  const source = audit.source === "database" ? "every row in Postgres" : "what the API shows; no database was reachable";
  const lines = [`Audit against ${source}, after ${(audit.waitedMs / 1000).toFixed(1)} s of waiting for the last to end`];
  for (const verdict of audit.verdicts) {
    const mark = { held: "ok ", broken: "BROKEN", "not checked": "-  " }[verdict.outcome];
    const count = verdict.outcome === "not checked" ? "not checked" : `${number(verdict.examined)} looked at`;
    lines.push(`  ${mark.padEnd(7)}${verdict.sentence} (${count})`);
    if (verdict.remark) lines.push(`         ${verdict.remark}`);
    for (const { message, ids } of verdict.findings) lines.push(`         ${ids.join(" ")}: ${message}`);
    if (verdict.broken > verdict.findings.length) lines.push(`         … ${number(verdict.broken)} in all`);
  }
  if (audit.byHand > 0) lines.push(`  ${audit.byHand} transactions were acted on by hand; nothing is asserted about their state.`);
  if (audit.overtaken.length > 0) {
    const example = audit.overtaken[0];
    const count = number(audit.overtaken.length);
    lines.push(`  Note: ${count} refused when asked again had been reserved by the copy whose answer was lost, and expired (${example}).`);
  }
  if (audit.split.length > 0) {
    lines.push(`  Note: of ${number(audit.split.length)} double clicks one copy was reserved and the other refused (${audit.split[0]}).`);
  }
  if (audit.sweptLateMsMax !== null && audit.sweptLateMsMax > SWEEP_MS_MAX) {
    const excuse = figures.silenceMs > 1_000 ? " The server was away in between." : "";
    lines.push(`  Note: a reservation expired ${(audit.sweptLateMsMax / 1000).toFixed(1)} s after its time; 5 s are promised.${excuse}`);
  }
  lines.push("", conclusion(audit.verdicts));
  return lines;
}

function conclusion(verdicts: readonly Verdict[]): string {
  const broken = verdicts.filter(({ outcome }) => outcome === "broken");
  const open = verdicts.filter(({ outcome }) => outcome === "not checked").length;
  if (broken.length > 0) return `Broken: ${broken.map(({ invariant }) => invariant).join(", ")}.`;
  return open > 0 ? `Everything that could be checked held; ${open} invariants could not be checked.` : "Everything held.";
}

export function isBroken(audit: AuditReport): boolean {
  return audit.verdicts.some(({ outcome }) => outcome === "broken");
}

function row(label: string, value: number | null, remark = ""): string {
  return `  ${label.padEnd(12)}${(value === null ? "unknown" : number(value)).padStart(13)}   ${remark}`.trimEnd();
}

function listed(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([label, count]) => `${label} ${number(count)}`)
    .join(" · ");
}

function number(value: number): string {
  return value.toLocaleString("en-US").replaceAll(",", " ");
}
