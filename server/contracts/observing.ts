/**
 * What is read of a running instance: who waits for whom, and how closely that is measured. For people who look for a
 * cause, and their tools; nothing here decides anything.
 */
import { z } from "zod";
import { Id, Instant, wholeNumber } from "./scalars.ts";

/** Seconds of contention that are kept, and so the longest window there is. */
export const WINDOW_SECONDS_MAX = 300;
const PROFILE_SECONDS_DEFAULT = 60;
const LOCKS_SECONDS_DEFAULT = 10;

/** A trace is an answer that somebody waits for. */
export const TRACE_SECONDS_MAX = 30;
const TRACE_SECONDS_DEFAULT = 5;

/** At 1 every wait is measured; at 1 000 a quiet dish is hardly ever seen. */
export const SAMPLE_EVERY_MAX = 1_000;

/** Rows of one answer: the worst ones are what is looked for. */
export const LOCKS_DISHES_MAX = 100;
export const LOCKS_CHAINS_MAX = 50;
export const SUSPECT_DISHES_MAX = 50;

const seconds = (max: number, fallback: number) =>
  z.strictObject({ seconds: wholeNumber(1, max).default(fallback).describe(`${fallback} when absent.`) });

export const ProfileQuery = seconds(WINDOW_SECONDS_MAX, PROFILE_SECONDS_DEFAULT);
export const LocksQuery = seconds(WINDOW_SECONDS_MAX, LOCKS_SECONDS_DEFAULT);
export const TraceQuery = seconds(TRACE_SECONDS_MAX, TRACE_SECONDS_DEFAULT);

export const SamplingBody = z.strictObject({
  every: z.int().min(1).max(SAMPLE_EVERY_MAX).describe("One wait in this many is measured, and counts as many times."),
});
export const Sampling = z.object({ every: z.int() });

const DishContention = z.object({
  dishId: z.string().describe("Or `(other dishes)`: what came on top of those that are told apart."),
  segment: z.int(),
  blameMs: z.number().describe("How long this dish's batches kept others waiting, added up over those who waited."),
  painMs: z.number().describe("How long operations that want this dish waited, whatever for."),
  waits: z.int(),
  waitMsMax: z.number(),
  holds: z.int().describe("Batches that held it."),
  holdMs: z.number(),
});

const WaitChain = z.object({
  dishId: Id,
  heldMs: z.number().nullable().describe("How long the batch in flight has held it; null: nobody holds it."),
  lane: z.int().nullable().describe("The lane of that batch, as in a trace."),
  batch: z.int().nullable().describe("Its number."),
  operations: z.int().nullable().describe("How many are in it."),
  queue: z
    .array(z.object({ key: z.string(), lane: z.enum(["move", "try"]), waitedMs: z.number() }))
    .describe("The head of the queue, in order of arrival; `key` is `tx` or `action` and its id."),
  waiting: z.int(),
  longestWaitMs: z.number(),
});

const CircuitState = z.enum(["closed", "open", "halfOpen"]);

export const Locks = z.object({
  instance: z.string(),
  at: Instant,
  seconds: z.int(),
  sampleEvery: z.int(),
  waiting: z.int().describe("Operations that wait for a batch."),
  inFlight: z.int().describe("Batches in flight."),
  dishes: z.array(DishContention).describe(`Worst first, at most ${LOCKS_DISHES_MAX}.`),
  segments: z.array(z.object({ blameMs: z.number(), painMs: z.number() })).describe("In their order."),
  chains: z.array(WaitChain).describe(`Longest first, at most ${LOCKS_CHAINS_MAX}.`),
  suspects: z
    .array(z.object({ lane: z.int(), heldMs: z.number(), operations: z.int(), dishIds: z.array(Id) }))
    .describe("Batches that hold their dishes suspiciously long."),
  instances: z
    .array(
      z.object({
        instance: z.string(),
        alive: z.boolean(),
        silentMs: z.number().describe("How long ago it was heard."),
        startedAt: Instant,
        waiting: z.int(),
        inFlight: z.int(),
        circuits: z.object({ postgres: CircuitState, redis: CircuitState }),
        dishes: z.array(DishContention).describe("Its worst dishes of its last seconds, as it said when it was heard."),
        chains: z.array(WaitChain),
      }),
    )
    .describe("Everyone on this stock, this one too, in order of their start."),
});
export type Locks = z.infer<typeof Locks>;

/** Trace Event Format: what Perfetto and chrome://tracing open. */
export const TraceFile = z.object({
  traceEvents: z.array(z.record(z.string(), z.unknown())),
  displayTimeUnit: z.literal("ms"),
  otherData: z.object({ instance: z.string(), seconds: z.number(), dropped: z.int().describe("Events that found no place.") }),
});
