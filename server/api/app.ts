/**
 * The API: one Hono application, mounted twice (node-mount.ts, and Next's app/api). It routes; `serve.ts` is the way a
 * request goes, `routes/` what each one does.
 */
import { Hono } from "hono";
import { ApiError, problemAnswer } from "./problem.ts";
import { type NodeBindings, respond } from "./exchange.ts";
import { openApiDocument } from "./openapi.ts";
import { Metrics } from "./exports/metrics.ts";
import { TraceFile } from "./exports/trace-file.ts";
import type { ApiDependencies, FallbackView } from "./ports.ts";
import { TransactionRate } from "./rate-limit.ts";
import { ReadinessCheck } from "./readiness.ts";
import { RequestTimes, UNKNOWN_ROUTE } from "./request-times.ts";
import { ROUTES } from "./routes/index.ts";
import { type Pipeline, serve } from "./serve.ts";
import { traceIdOf } from "./trace.ts";

export interface Api {
  /**
   * Answers every request, with a problem document when it must; never rejects.
   * `node`: given by a node:http mount, and then the answer is written there.
   */
  fetch(request: Request, node?: NodeBindings): Promise<Response>;
}

/** Unexpected failures that are logged a second: one broken dependency fails every request. */
const REPORTS_PER_SECOND = 10;

const NO_FALLBACK: FallbackView = { answered: 0, remembered: 0, circuit: "closed" };

export function createApi(dependencies: ApiDependencies): Api {
  const { clock, config, engine, payments, probes, reads, tellings } = dependencies;
  const requests = new RequestTimes();
  let documentText: string | undefined;
  let metrics: Metrics | undefined;
  const pipeline: Pipeline = {
    ...dependencies,
    rate: new TransactionRate(clock, config.rateLimitPerSecond),
    readiness: new ReadinessCheck(probes, clock),
    requests,
    // Made when somebody first asks: what is measured of the process itself costs a little from then on.
    metrics: () => (metrics ??= new Metrics({ engine, requests, fallback: reads.fallback ?? NO_FALLBACK, payments: payments.counters, tellings })).text(),
    traces: new TraceFile(engine, clock),
    openApi: () => (documentText ??= JSON.stringify(openApiDocument(ROUTES))),
    unexpected: reporter(dependencies),
  };
  const app = new Hono<{ Bindings: NodeBindings }>();
  for (const spec of ROUTES) {
    app.on(spec.method, spec.path.replaceAll(/\{(\w+)\}/g, ":$1"), (c) => serve(spec, pipeline, c));
  }
  app.notFound((c) => {
    const askedAtMs = clock.monotonicMs();
    const traceId = traceIdOf(c.req.raw.headers.get("traceparent") ?? undefined);
    const error = new ApiError("UNKNOWN_ROUTE", `There is no ${c.req.method} ${c.req.path} here.`);
    const answer = problemAnswer(error, { traceId, txId: undefined, route: c.req.path, mayHaveWritten: false, unexpected: pipeline.unexpected });
    requests.saw(UNKNOWN_ROUTE, answer.status, clock.monotonicMs() - askedAtMs);
    return respond(c, answer, traceId);
  });
  app.onError((error, c) => {
    const traceId = traceIdOf(undefined);
    return respond(c, problemAnswer(error, { traceId, txId: undefined, route: c.req.path, mayHaveWritten: c.req.method !== "GET", unexpected: pipeline.unexpected }), traceId);
  });
  return { fetch: async (request, node) => app.fetch(request, node) };
}

function reporter({ clock, log }: ApiDependencies): Pipeline["unexpected"] {
  let windowAtMs = Number.NEGATIVE_INFINITY;
  let reports = 0;
  let suppressed = 0;
  return (error, traceId, route) => {
    const nowMs = clock.monotonicMs();
    if (nowMs - windowAtMs >= 1_000) {
      windowAtMs = nowMs;
      reports = 0;
    }
    if (++reports > REPORTS_PER_SECOND) {
      suppressed++;
      return;
    }
    log.error({ err: error, traceId, route, suppressed }, "a request failed unexpectedly");
    suppressed = 0;
  };
}
