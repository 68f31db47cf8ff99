/**
 * For whoever watches an instance: metrics, contention profiles, traces, and how closely contention is measured.
 * Each answers for this process alone, and asks no database.
 */
import { z } from "zod";
import {
  Locks,
  LOCKS_CHAINS_MAX,
  LOCKS_DISHES_MAX,
  LocksQuery,
  ProfileQuery,
  Sampling,
  SamplingBody,
  SUSPECT_DISHES_MAX,
  TraceFile,
  TraceQuery,
} from "../../contracts/observing.ts";
import { fingerprint } from "../../engine/kernel/basket.ts";
import type { InstanceView } from "../../engine/feed/instances.ts";
import { pprofOf, type ProfileView } from "../exports/pprof.ts";
import { ApiError } from "../problem.ts";
import { type Answer, type Call, route } from "../route.ts";
import { within } from "../serve.ts";

const PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
const PROFILE_TYPE = "application/octet-stream";

const Bytes = z.string().meta({ documented: { contentMediaType: PROFILE_TYPE } });

export const metrics = route({
  method: "GET",
  path: "/api/metrics",
  summary: "Metrics of this process, as Prometheus text.",
  scope: "observe",
  answers: { 200: { description: "Names begin with eightysix_.", body: z.string(), contentType: PROMETHEUS_TEXT } },
  handle: async ({ metrics }) => ({ status: 200, body: null, text: await metrics(), contentType: PROMETHEUS_TEXT }),
});

export const mutexProfile = route({
  method: "GET",
  path: "/api/debug/pprof/mutex",
  summary: "Whose batches made others wait, in the last seconds: a gzipped pprof profile.",
  scope: "observe",
  query: ProfileQuery,
  answers: { 200: { description: "For `go tool pprof` and its successors.", body: Bytes, contentType: PROFILE_TYPE } },
  handle: (call) => profile(call, "mutex", call.query.seconds),
});

export const blockProfile = route({
  method: "GET",
  path: "/api/debug/pprof/block",
  summary: "Who waited, in the last seconds: a gzipped pprof profile.",
  scope: "observe",
  query: ProfileQuery,
  answers: { 200: { description: "For `go tool pprof` and its successors.", body: Bytes, contentType: PROFILE_TYPE } },
  handle: (call) => profile(call, "block", call.query.seconds),
});

function profile({ engine, clock }: Call, view: ProfileView, seconds: number): Answer {
  const bytes = pprofOf(engine.profile.window(seconds), view, clock.nowMs());
  return { status: 200, body: null, bytes, contentType: PROFILE_TYPE, headers: attached(`${view}.pb.gz`) };
}

export const trace = route({
  method: "GET",
  path: "/api/debug/trace",
  summary: "Batches, waits and holds of the next seconds, for Perfetto. Answers when they are over.",
  scope: "observe",
  query: TraceQuery,
  answers: { 200: { description: "Trace Event Format.", body: TraceFile } },
  async handle({ traces, query, engine }) {
    const text = await traces.capture(query.seconds);
    return { status: 200, body: null, text, headers: attached(`trace-${engine.instance}.json`) };
  },
});

function attached(filename: string): Record<string, string> {
  return { "content-disposition": `attachment; filename="${filename}"` };
}

export const locks = route({
  method: "GET",
  path: "/api/debug/locks",
  summary: "Who makes whom wait: contention of the last seconds, queues now, suspects, instances.",
  scope: "observe",
  query: LocksQuery,
  answers: { 200: { description: "As this instance sees it.", body: Locks } },
  handle({ engine, clock, query }) {
    const nowMs = clock.monotonicMs();
    const { dishes, segments, sampleEvery } = engine.profile.window(query.seconds);
    const { waiting, inFlight } = engine.stats().lock;
    const body: Locks = {
      instance: engine.instance,
      at: new Date(clock.nowMs()).toISOString(),
      seconds: query.seconds,
      sampleEvery,
      waiting,
      inFlight,
      dishes: dishes.slice(0, LOCKS_DISHES_MAX),
      segments,
      chains: engine.waitChains(LOCKS_CHAINS_MAX),
      suspects: engine.suspects().map(({ lane, startedAtMs, operations, dishIds }) => ({
        lane,
        heldMs: nowMs - startedAtMs,
        operations,
        dishIds: [...dishIds].slice(0, SUSPECT_DISHES_MAX),
      })),
      instances: engine.instances().map(shownInstance),
    };
    return { status: 200, body };
  },
});

function shownInstance({ instance, alive, silentMs, startedAtMs, stats, contention, chains }: InstanceView): Locks["instances"][number] {
  const { waiting, inFlight } = stats.lock;
  const circuits = { postgres: stats.tcc.circuit, redis: stats.redis.circuit };
  const startedAt = new Date(startedAtMs).toISOString();
  return { instance, alive, silentMs, startedAt, waiting, inFlight, circuits, dishes: contention.dishes, chains };
}

export const setSampling = route({
  method: "POST",
  path: "/api/debug/sampling",
  summary: "How closely contention is measured, in every instance, until all have ended or are told otherwise.",
  scope: "observe",
  idempotencyKey: "optional",
  body: SamplingBody,
  answers: { 200: { description: "Done.", body: Sampling } },
  errors: ["IDEMPOTENCY_MISMATCH"],
  async handle(call) {
    const { every } = call.body;
    if (call.idempotent) {
      const action = { actionKey: call.actionKey, requestHash: fingerprint([every]), verb: "SAMPLING", actor: call.actor };
      if (!(await within(call, call.claims.claim(action)))) {
        throw new ApiError("IDEMPOTENCY_MISMATCH", "This Idempotency-Key was used for another request.");
      }
    }
    call.engine.setSampling(every);
    return { status: 200, body: { every } };
  },
});

export const OBSERVING_ROUTES = [metrics, mutexProfile, blockProfile, trace, locks, setSampling];
