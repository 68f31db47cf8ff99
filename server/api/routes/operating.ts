/**
 * For load balancers, monitors and newcomers: open to everybody.
 */
import { z } from "zod";
import { Health, Readiness } from "../../contracts/operating.ts";
import { route } from "../route.ts";

export const health = route({
  method: "GET",
  path: "/api/health",
  summary: "The process lives.",
  scope: null,
  answers: { 200: { description: "It does.", body: Health } },
  handle: () => ({ status: 200, body: { status: "ok" } }),
});

export const ready = route({
  method: "GET",
  path: "/api/ready",
  summary: "Whether transactions are served: not without Postgres, and slower without Redis.",
  scope: null,
  answers: {
    200: { description: "ready, or degraded.", body: Readiness },
    503: { description: "unavailable.", body: Readiness },
  },
  async handle({ readiness }) {
    const body = await readiness.check();
    if (body.status === "unavailable") return { status: 503, body, headers: { "retry-after": "1" } };
    return { status: 200, body };
  },
});

export const openApiDocument = route({
  method: "GET",
  path: "/api/v1/openapi.json",
  summary: "This document.",
  scope: null,
  answers: { 200: { description: "OpenAPI 3.1.", body: z.record(z.string(), z.unknown()) } },
  handle: ({ openApi }) => ({ status: 200, body: null, text: openApi() }),
});

export const OPERATING_ROUTES = [health, ready, openApiDocument];
