/**
 * Builds an Engine on real parts: Postgres, Redis, the real clock. Twins are put together by tests and the simulator.
 */
import { Redis, type RedisOptions } from "ioredis";
import { nanoid } from "nanoid";
import { Engine } from "./engine.ts";
import { MemoryFilter } from "./dedup/memory-filter.ts";
import { RedisFilter } from "./dedup/redis-filter.ts";
import { RedisFeed } from "./feed/redis-feed.ts";
import { realClock, sleep, sleepAwake } from "./kernel/clock.ts";
import { realRandom } from "./kernel/random.ts";
import { HOLD_MS } from "./paths/batch-flight.ts";
import type { FailpointListener } from "./kernel/failpoints.ts";
import { ParticipantDirectory } from "./kernel/participant-directory.ts";
import { Payments } from "./payments/payments.ts";
import { PostgresPayments } from "./payments/postgres-payments.ts";
import { RedisCells } from "./tiers/cas/redis-cells.ts";
import { HttpParticipants } from "./tiers/tcc/http-participants.ts";
import { LEDGER_CALL_MS_MAX } from "./tiers/tcc/postgres-calls.ts";
import { PostgresLedger } from "./tiers/tcc/postgres-ledger.ts";

/** A take that has not answered by then is not worth waiting for: Postgres decides without it. */
const REDIS_COMMAND_MS_MAX = 100;

/** What lies between a take and the call it precedes: a pause of this process, no more. */
const HOLD_MARGIN_MS = 500;

/** How long a start waits for Redis; it is not needed, only better to have at once. */
const REDIS_READY_MS_MAX = 1_000;

/** Pauses between attempts to reach Redis again: soon at first, then once a second. */
const RECONNECT_MS_MAX = 1_000;

/** Questions to Postgres at a start, a second apart: it answered the migrations a moment ago. */
const START_ATTEMPTS = 10;

export interface EngineOptions {
  databaseUrl: string;
  redisUrl: string;
  /** Who may take part in transactions. Absent: nobody. */
  directory?: ParticipantDirectory;
  /** For tests: told whenever the engine comes by a named place between two writes. */
  failpoint?: FailpointListener;
  /** Told of a connection's trouble, in words; the engine goes on. */
  onTrouble?(what: string, error: unknown): void;
}

export interface RunningEngine {
  engine: Engine;
  /** Payment callbacks, carried out by this engine. */
  payments: Payments;
  instance: string;
  /** For readiness checks. @throws when Redis does not answer in time. */
  pingRedis(): Promise<void>;
  /** Stops the engine and closes its connections. */
  close(): Promise<void>;
}

export async function createEngine(options: EngineOptions): Promise<RunningEngine> {
  if (HOLD_MS < LEDGER_CALL_MS_MAX + HOLD_MARGIN_MS) throw new Error("a hold would end before its batch can commit");
  const instance = nanoid(10);
  const trouble = options.onTrouble ?? (() => {});
  const ledger = new PostgresLedger({ databaseUrl: options.databaseUrl, onTrouble: (error: unknown) => trouble("postgres", error) });
  const prefix = `e86:${await firstAnswer(() => ledger.databaseId())}:`;

  await ledger.warm();

  const connect = (extra: RedisOptions): Redis => {
    const redis = new Redis(options.redisUrl, {
      enableOfflineQueue: false, // a queued take is a late take
      maxRetriesPerRequest: 0, // what was in flight when the connection broke is answered now, not later
      retryStrategy: (attempt) => Math.min(20 * 2 ** attempt, RECONNECT_MS_MAX),
      ...extra,
    });
    redis.on("error", (error) => trouble("redis", error));
    return redis;
  };
  const commands = connect({ commandTimeout: REDIS_COMMAND_MS_MAX });
  const reader = connect({});
  await Promise.race([Promise.all([commands, reader].map(ready)), sleep(realClock, REDIS_READY_MS_MAX)]);

  const participants = new HttpParticipants({ directory: options.directory ?? new ParticipantDirectory() });
  const cells = new RedisCells(commands, prefix, HOLD_MS);
  const engine = new Engine({
    instance,
    clock: realClock,
    random: realRandom,
    ledger,
    cells,
    cellCare: cells,
    feed: new RedisFeed(commands, reader, prefix, instance),
    participants,
    failpoint: options.failpoint,
  });
  engine.start();
  const paymentLedger = new PostgresPayments({ databaseUrl: options.databaseUrl, onTrouble: (error: unknown) => trouble("postgres", error) });
  const payments = new Payments({
    clock: realClock,
    random: realRandom,
    ledger: paymentLedger,
    verbs: engine,
    filters: [new MemoryFilter(), new RedisFilter(commands, prefix, "payments", realClock)],
  });
  engine.onDue("payments", (inMs) => payments.expect(inMs));
  payments.start();
  return {
    engine,
    payments,
    instance,
    pingRedis: async () => void (await commands.ping()),
    close: async () => {
      await payments.stop();
      await engine.stop();
      await participants.close();
      commands.disconnect();
      reader.disconnect();
      await paymentLedger.close();
      await ledger.close();
    },
  };
}

/** A start may be patient where a request may not: a machine that starts everything at once is busy. */
async function firstAnswer<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
      await sleepAwake(RECONNECT_MS_MAX);
    }
  }
}

function ready(redis: Redis): Promise<void> {
  return new Promise((resolve) => {
    if (redis.status === "ready") resolve();
    else redis.once("ready", () => resolve());
  });
}
