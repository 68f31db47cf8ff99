/**
 * Every metric of our own: its name, and how it is read off the counters at a scrape. docs/operations/observing.md shows the
 * same table, and a test compares them. Nothing is counted here.
 */
import type { EngineHistograms, EngineStats } from "../../engine/kernel/types.ts";
import type { HistogramSnapshot } from "../../engine/kernel/histogram.ts";
import type { ParticipantState } from "../../engine/tiers/tcc/participants.ts";
import type { InstanceView } from "../../engine/feed/instances.ts";
import type { PaymentCounters } from "../../engine/payments/payments.ts";
import type { FallbackView, TellingCounters } from "../ports.ts";
import type { RequestTimes } from "../request-times.ts";

/** One moment of everything that is read, so that the numbers of a scrape agree with each other. */
export interface Scrape {
  stats: EngineStats;
  histograms: EngineHistograms;
  instances: readonly InstanceView[];
  suspects: number;
  participants: readonly ParticipantState[];
  sampleEvery: number;
  requests: RequestTimes;
  fallback: FallbackView;
  payments: PaymentCounters;
  tellings: TellingCounters;
}

export interface Reading<V> {
  value: V;
  labels?: Record<string, string>;
}

interface Described {
  name: `eightysix_${string}`;
  help: string;
  labels: readonly string[];
}

export type MetricRow = Described &
  (
    | { type: "counter" | "gauge"; read(scrape: Scrape): Reading<number>[] }
    /** `scale` turns the unit it is kept in into the unit of its name. */
    | { type: "histogram"; scale: number; read(scrape: Scrape): Reading<HistogramSnapshot>[] }
  );

const MS_TO_SECONDS = 1e-3;

function counter(name: MetricRow["name"], help: string, read: (stats: EngineStats) => number): MetricRow {
  return { name, type: "counter", help, labels: [], read: ({ stats }) => [{ value: read(stats) }] };
}

function payment(name: MetricRow["name"], type: "counter" | "gauge", help: string, read: (counters: PaymentCounters) => number): MetricRow {
  return { name, type, help, labels: [], read: ({ payments }) => [{ value: read(payments) }] };
}

function gauge(name: MetricRow["name"], help: string, read: (scrape: Scrape) => number): MetricRow {
  return { name, type: "gauge", help, labels: [], read: (scrape) => [{ value: read(scrape) }] };
}

export const METRICS: readonly MetricRow[] = [
  {
    name: "eightysix_http_request_duration_seconds",
    type: "histogram",
    scale: MS_TO_SECONDS,
    help: "Requests to the API, until the answer was ready.",
    labels: ["method", "route", "status"],
    read: ({ requests }) =>
      requests.snapshots().map(({ method, route, status, times }) => ({ value: times, labels: { method, route, status: String(status) } })),
  },
  {
    name: "eightysix_refused_total",
    type: "counter",
    help: "Trys that were told no, by the tier that said it.",
    labels: ["tier", "code"],
    read: ({ stats, requests }) => {
      const tiers = { ...stats.refusals, access: added(stats.refusals.access, requests.refusedByCode) };
      return Object.entries(tiers).flatMap(([tier, codes]) => Object.entries(codes).map(([code, value]) => ({ value, labels: { tier, code } })));
    },
  },
  {
    name: "eightysix_stage_duration_seconds",
    type: "histogram",
    scale: MS_TO_SECONDS,
    help: "Time of a Try in each stage, for Trys that the ledger was asked about.",
    labels: ["stage"],
    read: ({ histograms: { stageMs } }) => Object.entries(stageMs).map(([stage, value]) => ({ value, labels: { stage: stage.replace(/Ms$/, "") } })),
  },

  counter("eightysix_cas_admitted_total", "Trys whose every line was admitted in memory; one that was turned back counts again.", ({ cas }) => cas.admitted),
  counter("eightysix_cas_retries_total", "Compare-and-swaps that lost and went again.", ({ cas }) => cas.casRetries),
  counter("eightysix_cas_cell_reads_total", "Reads of stock cells from the ledger, many cells in one.", ({ cas }) => cas.cellReads),
  counter("eightysix_cas_parked_total", "Times a Try waited because its portions were promised to others.", ({ cas }) => cas.parked),

  {
    name: "eightysix_lock_wait_seconds",
    type: "histogram",
    scale: MS_TO_SECONDS,
    help: "Time from joining the queue to leaving with a batch.",
    labels: ["lane"],
    read: ({ histograms: { lockWaitMs } }) => Object.entries(lockWaitMs).map(([lane, value]) => ({ value, labels: { lane } })),
  },
  {
    name: "eightysix_lock_batch_operations",
    type: "histogram",
    scale: 1,
    help: "Operations in a batch.",
    labels: [],
    read: ({ histograms }) => [{ value: histograms.batchOperations }],
  },
  counter("eightysix_lock_timed_out_total", "Operations whose deadline passed while they waited.", ({ lock }) => lock.timedOut),
  counter("eightysix_lock_shed_total", "Trys turned away because the queue was too old.", ({ lock }) => lock.shed),
  gauge("eightysix_lock_waiting_operations", "Operations that wait for a batch now.", ({ stats }) => stats.lock.waiting),
  gauge("eightysix_lock_in_flight_batches", "Batches in flight now.", ({ stats }) => stats.lock.inFlight),
  gauge("eightysix_lock_suspect_batches", "Batches that hold their dishes suspiciously long now.", ({ suspects }) => suspects),
  gauge("eightysix_lock_sampled_every_waits", "One wait in this many is measured by the contention profile.", ({ sampleEvery }) => sampleEvery),

  counter("eightysix_redis_takes_total", "Takes sent to Redis.", ({ redis }) => redis.takes),
  counter("eightysix_redis_short_total", "Operations turned back because Redis granted too little.", ({ redis }) => redis.short),
  counter("eightysix_redis_failures_total", "Takes and settles that failed.", ({ redis }) => redis.failures),
  counter("eightysix_redis_expired_holds_total", "Holds nobody settled in time, dropped by this instance's takes.", ({ redis }) => redis.expiredHolds),

  counter("eightysix_tcc_reserved_total", "Trys that were reserved.", ({ tcc }) => tcc.reserved),
  counter("eightysix_tcc_replayed_total", "Trys that got an earlier answer again.", ({ tcc }) => tcc.replayed),
  counter("eightysix_tcc_guard_refused_total", "Trys the ledger refused after memory and Redis had let them through.", ({ tcc }) => tcc.refused),
  {
    name: "eightysix_tcc_moved_total",
    type: "counter",
    help: "Transactions this instance moved, by the state they moved to.",
    labels: ["to"],
    read: ({ stats: { tcc } }) => [
      { value: tcc.confirmed, labels: { to: "CONFIRMED" } },
      { value: tcc.cancelled, labels: { to: "CANCELLED" } },
      { value: tcc.expired, labels: { to: "EXPIRED" } },
      { value: tcc.reversed, labels: { to: "REVERSED" } },
    ],
  },
  counter("eightysix_tcc_resent_batches_total", "Batches sent again after a conflict or a lost connection.", ({ tcc }) => tcc.resent),
  counter("eightysix_tcc_bisected_batches_total", "Batches cut in two to find a request that breaks them.", ({ tcc }) => tcc.bisected),

  {
    name: "eightysix_tcc_branch_calls_total",
    type: "counter",
    help: "Calls of remote branches, by operation and what came of them.",
    labels: ["operation", "outcome"],
    read: ({ stats: { tcc } }) =>
      Object.entries(tcc.calls).flatMap(([operation, outcomes]) => Object.entries(outcomes).map(([outcome, value]) => ({ value, labels: { operation, outcome } }))),
  },
  counter("eightysix_tcc_recovered_branches_total", "Due branches this instance took up, its own and others'.", ({ tcc }) => tcc.recovered),
  counter("eightysix_tcc_review_tickets_total", "Review tickets this instance opened.", ({ tcc }) => tcc.tickets),
  {
    name: "eightysix_participant_circuit_state",
    type: "gauge",
    help: "1 for the state a participant's circuit breaker is in, 0 for the others.",
    labels: ["participant", "state"],
    read: ({ participants }) =>
      participants.flatMap(({ participant, circuit }) =>
        Object.entries(CIRCUIT_STATES).map(([key, state]) => ({ value: key === circuit ? 1 : 0, labels: { participant, state } })),
      ),
  },
  {
    name: "eightysix_participant_in_flight_calls",
    type: "gauge",
    help: "Calls of a participant under way now.",
    labels: ["participant"],
    read: ({ participants }) => participants.map(({ participant, inFlight }) => ({ value: inFlight, labels: { participant } })),
  },

  {
    name: "eightysix_circuit_state",
    type: "gauge",
    help: "1 for the state a circuit breaker is in, 0 for the others.",
    labels: ["dependency", "state"],
    read: ({ stats, fallback }) =>
      Object.entries({ postgres: stats.tcc.circuit, postgres_reads: fallback.circuit, redis: stats.redis.circuit }).flatMap(([dependency, circuit]) =>
        Object.entries(CIRCUIT_STATES).map(([key, state]) => ({ value: key === circuit ? 1 : 0, labels: { dependency, state } })),
      ),
  },
  { name: "eightysix_reads_stale_total", type: "counter", help: "Reads answered from the last snapshot.", labels: [], read: ({ fallback }) => [{ value: fallback.answered }] },
  gauge("eightysix_reads_snapshot_dishes", "Dishes remembered for reads without Postgres.", ({ fallback }) => fallback.remembered),

  {
    name: "eightysix_dedup_messages_total",
    type: "counter",
    help: "Messages by who knew them already: `nobody` (it took effect), a `filter` in memory or Redis, or only the `ledger`.",
    labels: ["consumer", "known_to"],
    read: ({ payments: { callbacks } }) =>
      Object.entries({ nobody: callbacks.first, filter: callbacks.filtered, ledger: callbacks.repeated }).map(([known_to, value]) => ({ value, labels: { consumer: "payments", known_to } })),
  },
  {
    name: "eightysix_payments_settled_total",
    type: "counter",
    help: "Payments that this instance brought to an outcome.",
    labels: ["outcome"],
    read: ({ payments }) => Object.entries(payments.outcomes).map(([outcome, value]) => ({ value, labels: { outcome } })),
  },
  payment("eightysix_payments_failed_attempts_total", "counter", "Attempts to carry a payment out that failed; each is followed by another.", ({ failed }) => failed),
  payment("eightysix_payments_recovered_total", "counter", "Due payments this instance took up, its own and others'.", ({ recovered }) => recovered),
  payment("eightysix_payments_tickets_total", "counter", "Refund and review tickets this instance opened for payments.", ({ tickets }) => tickets),
  payment("eightysix_payments_in_flight", "gauge", "Payments being carried out now.", ({ inFlight }) => inFlight),
  {
    name: "eightysix_notifications_total",
    type: "counter",
    help: "Messages to people outside, by what they are about and whether they were taken.",
    labels: ["kind", "outcome"],
    read: ({ tellings }) =>
      Object.entries({ sent: tellings.sent, failed: tellings.failed }).flatMap(([outcome, kinds]) => Object.entries(kinds).map(([kind, value]) => ({ value, labels: { kind, outcome } }))),
  },

  counter("eightysix_feed_dropped_total", "Messages of the live feed that were not sent, or could not be read.", ({ feed }) => feed.dropped),
  counter("eightysix_feed_gaps_total", "Times the live feed was followed anew; the first at the start.", ({ feed }) => feed.gaps),
  {
    name: "eightysix_instances",
    type: "gauge",
    help: "Instances on this stock, as this one hears them.",
    labels: ["state"],
    read: ({ instances }) => {
      const alive = instances.filter((instance) => instance.alive).length;
      return [
        { value: alive, labels: { state: "alive" } },
        { value: instances.length - alive, labels: { state: "silent" } },
      ];
    },
  },
];

const CIRCUIT_STATES = { closed: "closed", halfOpen: "half_open", open: "open" } as const;

function added(...counts: Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const part of counts) for (const [code, count] of Object.entries(part)) sums[code] = (sums[code] ?? 0) + count;
  return sums;
}
