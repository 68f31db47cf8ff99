/**
 * Metrics as Prometheus text, put together when somebody scrapes: between scrapes it costs nothing, and the engine knows
 * nothing of it. The text and the metrics of the process are prom-client's, in a registry of our own.
 */
import { collectDefaultMetrics, type Metric, Registry } from "prom-client";
import type { PaymentCounters } from "../../engine/payments/payments.ts";
import type { ApiEngineView, FallbackView, TellingCounters } from "../ports.ts";
import type { RequestTimes } from "../request-times.ts";
import { METRICS, type MetricRow, type Reading, type Scrape } from "./metric-table.ts";
import type { HistogramSnapshot } from "../../engine/kernel/histogram.ts";

export interface MetricSources {
  engine: ApiEngineView;
  requests: RequestTimes;
  fallback: FallbackView;
  payments?: (() => PaymentCounters) | undefined;
  tellings?: (() => TellingCounters) | undefined;
}

/** Where nothing is counted: all of it, so that every metric is there from the first scrape on. */
const NO_PAYMENTS: PaymentCounters = {
  callbacks: { first: 0, filtered: 0, repeated: 0 },
  outcomes: { SOLD: 0, REPEATED: 0, REFUND_DUE: 0, REFUNDED: 0, CANCELLED: 0, OVERRULED: 0, TOO_LATE: 0, NO_ORDER: 0 },
  failed: 0,
  recovered: 0,
  tickets: 0,
  inFlight: 0,
};
const NO_KINDS = { REVIEW: 0, REFUND: 0, PARTICIPANT: 0, PAYMENT: 0 };

interface Line {
  value: number;
  labels: Record<string, string | number>;
  metricName?: string;
}

export class Metrics {
  private readonly registry = new Registry();
  private scrape: Scrape;

  constructor(private readonly sources: MetricSources) {
    this.scrape = this.read();
    for (const row of METRICS) {
      const get = async () => ({ name: row.name, help: row.help, type: row.type, values: linesOf(row, this.scrape), aggregator: "sum" });
      // The registry asks a metric for its name and its values.
      this.registry.registerMetric({ name: row.name, type: row.type, get } as unknown as Metric);
    }
    collectDefaultMetrics({ register: this.registry, prefix: "eightysix_" });
    // What is no counter must not be called one.
    for (const { name, type } of described(this.registry)) {
      if (type !== "counter" && name.endsWith("_total")) this.registry.removeSingleMetric(name);
    }
  }

  text(): Promise<string> {
    this.scrape = this.read();
    return this.registry.metrics();
  }

  private read(): Scrape {
    const { engine, requests, fallback, payments, tellings } = this.sources;
    return {
      stats: engine.stats(),
      histograms: engine.histograms(),
      instances: engine.instances(),
      suspects: engine.suspects().length,
      participants: engine.participantStates(),
      sampleEvery: engine.profile.sampleEvery,
      requests,
      fallback,
      payments: payments?.() ?? NO_PAYMENTS,
      tellings: tellings?.() ?? { sent: NO_KINDS, failed: NO_KINDS },
    };
  }
}

/** prom-client's types do not say so, but each metric knows what it is. */
function described(registry: Registry): { name: string; type: string }[] {
  return registry.getMetricsAsArray() as unknown as { name: string; type: string }[];
}

function linesOf(row: MetricRow, scrape: Scrape): Line[] {
  if (row.type !== "histogram") return row.read(scrape).map(({ value, labels = {} }) => ({ value, labels }));
  return row.read(scrape).flatMap((reading) => bucketsOf(row.name, reading, row.scale));
}

/** Prometheus' buckets add up: each counts everything at or below its bound. */
function bucketsOf(name: string, { value: { bounds, counts, sum }, labels = {} }: Reading<HistogramSnapshot>, scale: number): Line[] {
  let total = 0;
  const lines: Line[] = counts.map((count, bucket) => {
    total += count;
    const bound = bounds[bucket];
    return { value: total, labels: { le: bound === undefined ? "+Inf" : rounded(bound * scale), ...labels }, metricName: `${name}_bucket` };
  });
  lines.push({ value: sum * scale, labels, metricName: `${name}_sum` }, { value: total, labels, metricName: `${name}_count` });
  return lines;
}

/** 0.1 ms is 0.0001 s, not 0.00010000000000000002. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
