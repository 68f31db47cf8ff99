/**
 * The text is read back by another's parser and compared with what was done, and with the page that describes it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import parsePrometheusText from "parse-prometheus-text-format";
import { Registry } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import { Engine } from "../../engine/engine.ts";
import { MemoryFeedBus } from "../../engine/feed/memory-feed.ts";
import { realClock } from "../../engine/kernel/clock.ts";
import { realRandom } from "../../engine/kernel/random.ts";
import { HOLD_MS } from "../../engine/paths/batch-flight.ts";
import { MemorySharedCells } from "../../engine/tiers/cas/memory-shared-cells.ts";
import { MemoryLedger } from "../../engine/tiers/tcc/memory-ledger.ts";
import { MemoryParticipants, ParticipantTown, townDirectory } from "../../engine/tiers/tcc/memory-participants.ts";
import { BASKET, KEY, testApi } from "../testing.ts";
import { METRICS } from "./metric-table.ts";

const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop();
});

/** An API on an engine that works, on twins. */
function workingApi() {
  const engine = new Engine({
    instance: "i1",
    clock: realClock,
    random: realRandom,
    ledger: new MemoryLedger(realClock),
    cells: new MemorySharedCells(realClock, HOLD_MS),
    feed: new MemoryFeedBus(realClock).view("i1"),
    participants: new MemoryParticipants({ town: new ParticipantTown(realClock, realRandom), directory: townDirectory("points"), clock: realClock }),
    capacity: { cells: 64, baskets: 64 },
  });
  engine.start();
  engines.push(engine);
  const api = testApi({ engine });
  const attempt = (txId: string, dishId: string, more: object = {}) =>
    api.send("POST", "/api/v1/transactions", { body: { ...BASKET, txId, lines: [{ dishId, quantity: 1 }], ...more } });
  const dish = (dishId: string, supplied: number) =>
    api.send("POST", "/api/v1/dishes", { body: { dishId, storeId: "s1", names: { en: dishId, "zh-CN": dishId }, priceCents: 1, supplied } });
  const scrape = async () => {
    const { status, headers, body } = await api.send("GET", "/api/metrics");
    expect([status, headers.get("content-type")]).toEqual([200, Registry.PROMETHEUS_CONTENT_TYPE]);
    return body as string;
  };
  return { engine, api, attempt, dish, scrape };
}

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Line by line, as another's parser reads them. It would fold all series of a histogram into one, so it is not told of histograms. */
function samplesOf(text: string): Sample[] {
  const plain = [...text.matchAll(/^# TYPE (\w+) histogram$/gm)].reduce((rest, [, name]) => rest.replaceAll(new RegExp(`^# \\w+ ${name} .*\n`, "gm"), ""), text);
  return parsePrometheusText(plain).flatMap(({ name, metrics }) => metrics.map(({ labels = {}, value }) => ({ name, labels, value: Number(value) })));
}

/** By `name{label="value",…}`, labels in alphabetical order. */
function valuesOf(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const { name, labels, value } of samplesOf(text)) {
    const inside = Object.entries(labels).sort().map(([label, text]) => `${label}="${text}"`).join(",");
    const key = inside ? `${name}{${inside}}` : name;
    expect(values.has(key), `${key} stands twice`).toBe(false);
    values.set(key, value);
  }
  return values;
}

describe("metrics", () => {
  test("say what happened, by tier and code", async () => {
    const { api, attempt, dish, scrape, engine } = workingApi();
    await dish("noodles", 3);
    await dish("rice", 1);
    for (const txId of ["t1", "t2", "t3"]) expect((await attempt(txId, "noodles")).status).toBe(201);
    expect((await attempt("t1", "noodles")).status).toBe(200);
    expect((await attempt("t4", "noodles")).status).toBe(409);
    expect((await attempt("t5", "noodles")).status).toBe(409);
    expect((await attempt("t6", "nowhere")).status).toBe(404);
    expect((await attempt("t7", "rice", { couponId: "nobody" })).status).toBe(404);
    expect((await attempt("t8", "rice", { ttlSeconds: 0 })).status).toBe(400);
    expect((await attempt("t1", "rice")).status).toBe(422);
    const batch = [{ ...BASKET, txId: "no id" }, { ...BASKET, txId: "t9" }];
    expect((await api.send("POST", "/api/v1/transactions/batch", { body: { transactions: batch } })).status).toBe(207);
    expect((await api.send("POST", "/api/v1/transactions/t1/confirm")).status).toBe(200);
    expect((await api.send("POST", "/api/v1/transactions/t2/cancel")).status).toBe(200);
    await api.send("GET", "/api/nowhere");
    await api.send("GET", "/api/v1/dishes/noodles", { key: "not-a-key" });

    const values = valuesOf(await scrape());
    const refused = [...values].filter(([name]) => name.startsWith("eightysix_refused_total")).map(([name, value]) => [name.slice("eightysix_refused_total".length), value]);
    expect(Object.fromEntries(refused)).toEqual({
      '{code="VALIDATION",tier="access"}': 2,
      '{code="SOLD_OUT",tier="cas"}': 3,
      '{code="UNKNOWN_DISH",tier="cas"}': 1,
      '{code="UNKNOWN_COUPON",tier="tcc"}': 1,
      '{code="IDEMPOTENCY_MISMATCH",tier="tcc"}': 1,
    });
    const { lock } = engine.stats();
    expect(Object.fromEntries(values)).toMatchObject({
      eightysix_cas_admitted_total: 4, // t1 to t3, and t7 that the ledger refused; t1 again, whatever its basket, is looked for first
      eightysix_tcc_reserved_total: 3,
      eightysix_tcc_replayed_total: 1,
      eightysix_tcc_guard_refused_total: 1,
      'eightysix_tcc_moved_total{to="CONFIRMED"}': 1,
      'eightysix_tcc_moved_total{to="CANCELLED"}': 1,
      'eightysix_tcc_moved_total{to="EXPIRED"}': 0,
      eightysix_lock_batch_operations_count: lock.batches,
      eightysix_lock_batch_operations_sum: lock.batched,
      'eightysix_lock_wait_seconds_count{lane="try"}': 4,
      'eightysix_lock_wait_seconds_count{lane="move"}': 2,
      'eightysix_stage_duration_seconds_count{stage="ledger"}': 4,
      'eightysix_stage_duration_seconds_count{stage="access"}': 4,
      eightysix_lock_waiting_operations: 0,
      eightysix_lock_in_flight_batches: 0,
      'eightysix_instances{state="alive"}': 1,
      'eightysix_instances{state="silent"}': 0,
      'eightysix_circuit_state{dependency="redis",state="closed"}': 1,
      'eightysix_circuit_state{dependency="redis",state="open"}': 0,
      'eightysix_circuit_state{dependency="postgres",state="closed"}': 1,
      'eightysix_http_request_duration_seconds_count{method="POST",route="/api/v1/transactions",status="201"}': 3,
      'eightysix_http_request_duration_seconds_count{method="POST",route="/api/v1/transactions",status="409"}': 2,
      'eightysix_http_request_duration_seconds_count{method="POST",route="/api/v1/transactions/{txId}/confirm",status="200"}': 1,
      'eightysix_http_request_duration_seconds_count{method="GET",route="/api/v1/dishes/{dishId}",status="401"}': 1,
      'eightysix_http_request_duration_seconds_count{method="any",route="unknown",status="404"}': 1,
    });
    expect(values.get("eightysix_redis_takes_total")).toBeGreaterThanOrEqual(1);
    const took = values.get('eightysix_http_request_duration_seconds_sum{method="POST",route="/api/v1/transactions",status="201"}') as number;
    expect(took).toBeGreaterThan(0);
    expect(took).toBeLessThan(3 * 0.8); // seconds, not milliseconds
  });

  test("of two scrapes go on counting, and a scrape counts the one before it", async () => {
    const { scrape } = workingApi();
    const key = 'eightysix_http_request_duration_seconds_count{method="GET",route="/api/metrics",status="200"}';
    expect(valuesOf(await scrape()).get(key)).toBeUndefined();
    expect(valuesOf(await scrape()).get(key)).toBe(1);
    expect(valuesOf(await scrape()).get(key)).toBe(2);
  });

  test("are well-formed to the letter: types before samples, one block each, buckets that add up", async () => {
    const { attempt, dish, scrape } = workingApi();
    await dish("noodles", 3);
    await attempt("t1", "noodles");
    const text = await scrape();
    expect(text.endsWith("\n")).toBe(true);
    const seen = new Set<string>();
    let open = { name: "", type: "" };
    let bucket = { series: "", value: 0 };
    for (const line of text.split("\n").filter((line) => line !== "")) {
      const comment = /^# (HELP|TYPE) (eightysix_[a-z0-9_]+) (.+)$/.exec(line);
      if (comment?.[1] === "HELP") {
        expect(seen.has(comment[2] as string), line).toBe(false);
        seen.add(comment[2] as string);
        open = { name: comment[2] as string, type: "" };
        continue;
      }
      if (comment) {
        expect([comment[2], ["counter", "gauge", "histogram"].includes(comment[3] as string)]).toEqual([open.name, true]);
        open.type = comment[3] as string;
        continue;
      }
      const sample = /^([a-z0-9_]+)(?:\{((?:[a-z_]+="[^"\\\n]*",?)+)\})? (\S+)$/.exec(line);
      expect(sample, line).not.toBeNull();
      const [, name = "", labels = "", value = ""] = sample ?? [];
      expect(Number.isNaN(Number(value)) && value !== "Nan", line).toBe(false);
      if (open.type !== "histogram") expect(name, line).toBe(open.name);
      else expect([`${open.name}_bucket`, `${open.name}_sum`, `${open.name}_count`], line).toContain(name);
      if (open.type === "counter") expect(name, line).toMatch(/_total$/);
      else expect(name, line).not.toMatch(/_total$/);
      if (name.endsWith("_bucket")) {
        const series = `${name} ${labels.replace(/le="[^"]*",?/, "")}`;
        if (series === bucket.series) expect(Number(value), line).toBeGreaterThanOrEqual(bucket.value);
        bucket = { series, value: Number(value) };
      } else if (name.endsWith("_count") && open.type === "histogram") {
        expect(Number(value), line).toBe(bucket.value); // +Inf came last
      }
    }
    expect(seen.size).toBeGreaterThan(METRICS.length);
  });

  test("are exactly those of docs/operations/observing.md", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/operations/observing.md"), "utf8");
    const rows = [...page.matchAll(/^\| `(eightysix_\w+)` \| (\w+) \| ([^|]*)\| (.*) \|$/gm)].map(([, name, type, labels, meaning]) => ({
      name,
      type,
      labels: [...(labels as string).matchAll(/`(\w+)`/g)].map(([, label]) => label),
      meaning,
    }));
    const own = METRICS.map(({ name, type, labels, help }) => ({ name, type, labels: [...labels], meaning: help }));
    expect(rows.slice(0, own.length)).toEqual(own);
    const { scrape } = workingApi();
    const text = await scrape();
    const shown = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    const described = rows.map(({ name, type }) => `${name} ${type}`);
    expect(shown.filter((metric) => !described.includes(metric))).toEqual([]);
    // Some metrics of the process exist on Linux only.
    if (process.platform === "linux") expect(described.filter((metric) => !shown.includes(metric))).toEqual([]);
  });

  test("name every label that they carry", async () => {
    const { attempt, dish, engine, scrape } = workingApi();
    await dish("noodles", 2);
    const participants = [{ participant: "points", tryUrl: "http://points/try", confirmUrl: "http://points/confirm", cancelUrl: "http://points/cancel", body: null }];
    const call = { timeoutMs: 800, traceId: "0".repeat(32) };
    await engine.try({ txId: "t0", storeId: "s1", lines: [{ dishId: "noodles", quantity: 1 }], orderId: "t0", couponId: null, ttlSeconds: 60, participants }, call);
    await attempt("t1", "noodles");
    await attempt("t2", "noodles");
    const samples = samplesOf(await scrape());
    expect(samples).toContainEqual({ name: "eightysix_tcc_branch_calls_total", labels: { operation: "try", outcome: "DONE" }, value: 1 });
    expect(samples).toContainEqual({ name: "eightysix_participant_circuit_state", labels: { participant: "points", state: "closed" }, value: 1 });
    for (const { name: metric, labels } of METRICS) {
      const own = samples.filter(({ name }) => name.replace(/_(bucket|sum|count)$/, "") === metric);
      expect(own.length, metric).toBeGreaterThan(0);
      for (const sample of own) expect([metric, Object.keys(sample.labels).filter((label) => label !== "le").sort()]).toEqual([metric, [...labels].sort()]);
    }
  });

  test("say what came of payments, of repeated messages and of what was told outside", async () => {
    const api = testApi({
      payments: {
        accept: async () => ({ duplicate: false }),
        secrets: new Map(),
        counters: () => ({
          callbacks: { first: 7, filtered: 2, repeated: 1 },
          outcomes: { SOLD: 4, REPEATED: 0, REFUND_DUE: 1, REFUNDED: 0, CANCELLED: 0, OVERRULED: 0, TOO_LATE: 0, NO_ORDER: 0 },
          failed: 3,
          recovered: 5,
          tickets: 1,
          inFlight: 2,
        }),
      },
      tellings: () => ({ sent: { REFUND: 1, PAYMENT: 2 }, failed: { REFUND: 6 } }),
    });
    const values = valuesOf((await api.send("GET", "/api/metrics")).body as string);
    expect(Object.fromEntries(values)).toMatchObject({
      'eightysix_dedup_messages_total{consumer="payments",known_to="nobody"}': 7,
      'eightysix_dedup_messages_total{consumer="payments",known_to="filter"}': 2,
      'eightysix_dedup_messages_total{consumer="payments",known_to="ledger"}': 1,
      'eightysix_payments_settled_total{outcome="SOLD"}': 4,
      'eightysix_payments_settled_total{outcome="REFUND_DUE"}': 1,
      eightysix_payments_failed_attempts_total: 3,
      eightysix_payments_recovered_total: 5,
      eightysix_payments_tickets_total: 1,
      eightysix_payments_in_flight: 2,
      'eightysix_notifications_total{kind="PAYMENT",outcome="sent"}': 2,
      'eightysix_notifications_total{kind="REFUND",outcome="failed"}': 6,
    });
  });

  test("are for keys with the scope observe", async () => {
    const { api } = workingApi();
    expect((await api.send("GET", "/api/metrics", { key: null })).status).toBe(401);
    expect((await api.send("GET", "/api/metrics", { key: "only:orders" })).status).toBe(403);
    expect((await api.send("GET", "/api/metrics", { key: KEY })).status).toBe(200);
  });
});
