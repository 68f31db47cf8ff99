/**
 * Everything that a campaign breaks, and how it is mended. Each fault is run under traffic: `strike` begins and ends it, and notes
 * what it hit, so that the report can say which dangerous windows were really met.
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FAILPOINTS } from "../../server/engine/kernel/failpoints.ts";
import { integerBetween, pick, type Random } from "../../server/engine/kernel/random.ts";
import { DEATHS, type Death, dieAndSurvive, Lived } from "./failpoints.ts";
import type { Mood } from "./proxy.ts";
import type { ServerProcess, Stage } from "./stage.ts";

export interface Strike {
  stage: Stage;
  random: Random;
  /** What is under way now is being hit. */
  hits(): void;
  /** A dangerous window was really met, so often. */
  met(window: string, times?: number): void;
  /** Something is wrong already. */
  wrong(sentence: string): void;
}

export interface Fault {
  name: string;
  strike(strike: Strike): Promise<void>;
  /** Why it cannot be done on this machine; null: it can. */
  unavailable?(stage: Stage): string | null;
}

/** A process that lives where it was to die has met nothing: another is sent. One that always lives is a fault. */
const LIVED_MAX = 2;

/** Longer than a hold in Redis, a lease of a refusal and one of a branch; a paused process wakes up in another world. */
const PAUSE_MS = 7_000;

/** A server that waits for its failpoint meets it within this: traffic comes by every few milliseconds, what is due every second. */
const FAILPOINT_MS_MAX = 8_000;

/** Looking for a batch that Postgres is carrying out: with traffic there is one every few looks. */
const ACTIVE_WAIT_MS_MAX = 1_000;

const anyServer = ({ stage, random }: Strike): ServerProcess => pick(random, stage.servers);

function proxied(name: string, store: "postgres" | "redis", mood: Mood, [least, most]: [number, number], delayMs = 0): Fault {
  return {
    name,
    async strike(strike) {
      const proxy = anyServer(strike)[store];
      const before = { lost: proxy.answersLost, cut: proxy.connectionsCut };
      proxy.be(mood, delayMs);
      strike.hits();
      await sleep(integerBetween(strike.random, least, most));
      strike.hits();
      proxy.be("open");
      proxy.cut(); // what was held back must not come out as noise
      if (mood === "deaf") strike.met(`answers of ${store} lost after their request had been carried out`, proxy.answersLost - before.lost);
      strike.met(`connections to ${store} cut`, proxy.connectionsCut - before.cut);
    },
  };
}

const killAtRandom: Fault = {
  name: "kill -9 of a server",
  async strike(strike) {
    const server = anyServer(strike);
    strike.hits();
    await server.kill();
    await sleep(integerBetween(strike.random, 0, 1_500));
    await server.start();
    strike.met("servers killed");
  },
};

/** Of the deaths in `failpoints.ts`, so many a strike: each is a process that has to be started. */
const DEATHS_A_STRIKE = 4;

/**
 * A server that stops itself between two writes, under traffic, at each of the named places in turn; and beside it processes of
 * their own, that nobody disturbs, at every place in every phase.
 */
function killAtFailpoint(): Fault {
  let at = 0;
  let deaths = 0;
  return {
    name: "kill -9 of a server at a failpoint",
    async strike(strike) {
      const failpoint = FAILPOINTS[at++ % FAILPOINTS.length] as (typeof FAILPOINTS)[number];
      const { participant } = strike.stage;
      const server = anyServer(strike);
      await server.kill();
      await participant.mode({ fail: "503", share: 0.3, operations: ["confirm", "cancel", "reverse"] }); // so that something becomes due
      const lives = await server.startToDieAt(failpoint);
      const died = !lives || (await server.died(FAILPOINT_MS_MAX));
      strike.hits();
      await participant.mode({});
      await server.kill();
      await server.start();
      if (died) strike.met(`servers died at ${failpoint} under traffic`);
      const next = Array.from({ length: DEATHS_A_STRIKE }, () => DEATHS[deaths++ % DEATHS.length] as Death);
      await Promise.all(next.map((death) => dieAlone(strike, death)));
    },
  };
}

async function dieAlone({ stage, met, wrong }: Strike, death: Death): Promise<void> {
  const name = `${death.failpoint} of a ${death.phase}`;
  for (let left = LIVED_MAX; ; left--) {
    try {
      const sentences = await stage.withDatabase((stores, folder) => dieAndSurvive(death, stores, folder));
      for (const sentence of sentences) wrong(`a process was killed at ${name}: ${sentence}`);
      met(`processes died at ${name}`);
      return;
    } catch (error) {
      if (!(error instanceof Lived) || left === 0) return wrong(`a process was to be killed at ${name}: ${(error as Error).message}`);
      met(`processes lived past ${name}`);
    }
  }
}

const pauseServer: Fault = {
  name: "SIGSTOP of a server past every lease, then SIGCONT",
  async strike(strike) {
    const server = anyServer(strike);
    strike.hits();
    server.signal("SIGSTOP");
    await sleep(PAUSE_MS);
    server.signal("SIGCONT");
    strike.met("servers paused");
  },
};

const killRedis: Fault = {
  name: "kill -9 of Redis",
  async strike({ stage, random, hits, met }) {
    hits();
    process.kill(stage.redis.pid, "SIGKILL");
    await sleep(integerBetween(random, 0, 3_000));
    await stage.startRedis();
    await stage.followPrimary();
    met("Redis killed");
  },
};

const flushRedis: Fault = {
  name: "FLUSHALL",
  async strike({ stage, hits, met }) {
    const redis = stage.redisClient();
    const keys = await redis.dbsize();
    hits();
    await redis.flushall();
    redis.disconnect();
    met("keys flushed", keys);
  },
};

const restoreRedis: Fault = {
  name: "Redis set back to an older snapshot",
  async strike({ stage, random, hits, met }) {
    const redis = stage.redisClient();
    const names = await redis.keys("*");
    const kept = await Promise.all(names.map(async (name) => [name, await redis.dumpBuffer(name), await redis.pttl(name)] as const));
    await sleep(integerBetween(random, 1_000, 3_000));
    hits();
    const back = redis.multi().flushall();
    for (const [name, dump, ttlMs] of kept) if (dump) back.restore(name, Math.max(0, ttlMs), dump, "REPLACE");
    await back.exec();
    redis.disconnect();
    met("keys set back", kept.length);
  },
};

const failOverRedis: Fault = {
  name: "Redis failed over to a lagging replica while the old primary still takes writes",
  async strike({ stage, random, hits, met }) {
    const { replication, replica, servers } = stage;
    replication.be("silent"); // the replica falls behind
    await sleep(integerBetween(random, 500, 1_500));
    const follower = stage.redisClient(replica);
    await follower.replicaof("NO", "ONE");
    follower.disconnect();
    const [alone, ...moved] = servers as [ServerProcess, ...ServerProcess[]];
    hits();
    for (const server of moved) server.redis.leadTo(Number(new URL(replica.url).port));
    await sleep(integerBetween(random, 1_000, 3_000)); // two primaries, and each has its customers
    hits();
    alone.redis.leadTo(Number(new URL(replica.url).port));
    await sleep(500);
    // And back, to what the old primary remembers.
    for (const server of servers) server.redis.leadTo(Number(new URL(stage.redis.url).port));
    replication.be("open");
    replication.cut();
    await stage.followPrimary();
    met("fail-overs of Redis");
  },
};

function stopPostgres(name: string, signal: NodeJS.Signals): Fault {
  return {
    name,
    async strike({ stage, random, hits, met }) {
      met("batches that Postgres was carrying out when it was stopped", await someActiveBatches(stage));
      hits();
      process.kill(stage.postgres.pid, signal);
      await sleep(integerBetween(random, 0, 1_000));
      await stage.startPostgres();
      met("Postgres stopped");
    },
  };
}

const ACTIVE = "application_name = 'eightysix ledger' AND state = 'active'";

/** Most of the time none is: a batch takes a few milliseconds. @returns how many were, the moment there were any. */
async function someActiveBatches(stage: Stage): Promise<number> {
  const untilMs = performance.now() + ACTIVE_WAIT_MS_MAX;
  for (;;) {
    const { rows } = await stage.sql.query<{ active: number }>(`SELECT count(*)::int AS active FROM pg_stat_activity WHERE ${ACTIVE}`);
    const active = rows[0]?.active ?? 0;
    if (active > 0 || performance.now() > untilMs) return active;
  }
}

const terminateBackends: Fault = {
  name: "backends of Postgres terminated in mid-statement",
  async strike({ stage, random, hits, met }) {
    let terminated = 0;
    const untilMs = performance.now() + integerBetween(random, 500, 1_500);
    hits();
    while (performance.now() < untilMs) {
      const { rowCount } = await stage.sql.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${ACTIVE} LIMIT 2`);
      terminated += rowCount ?? 0;
    }
    met("backends terminated while active", terminated);
  },
};

const restartParticipant: Fault = {
  name: "kill -9 of the participant",
  async strike({ stage, random, hits, met }) {
    hits();
    await stage.participant.kill();
    await sleep(integerBetween(random, 0, 3_000));
    await stage.participant.start();
    met("participants killed");
  },
};

const badParticipant: Fault = {
  name: "a participant that loses, delays and garbles its answers",
  async strike({ stage, random, hits, met }) {
    for (const fail of ["lose", "slow", "garbage", "503", "hang", "425", "409"]) {
      await stage.participant.mode({ fail, share: 0.5 });
      await sleep(integerBetween(random, 300, 800));
      hits();
      met(`times the participant was ${fail}`);
    }
    await stage.participant.mode({});
  },
};

/** Postgres finds its disk full, and then not. It stops when it cannot write its log; somebody starts it again. */
const fullDisk: Fault = {
  name: "disk full for Postgres",
  unavailable: ({ smallDisk }) => (smallDisk ? null : "the stores cannot be given a disk of their own here"),
  async strike({ stage, random, hits, met }) {
    const ballast = join(stage.smallDisk as string, "ballast");
    hits();
    met("MiB that filled the disk", fill(ballast));
    await sleep(integerBetween(random, 1_000, 3_000));
    hits();
    rmSync(ballast, { force: true });
    await stage.startPostgres(); // takes it over when it runs
  },
};

/** @returns MiB written until nothing more fitted. */
function fill(path: string): number {
  const file = openSync(path, "w");
  try {
    let written = 0;
    for (let piece = Buffer.alloc(1_048_576); piece.length >= 4_096; ) {
      try {
        written += writeSync(file, piece);
      } catch {
        piece = piece.subarray(0, piece.length / 2);
      }
    }
    return Math.round(written / 1_048_576);
  } finally {
    closeSync(file);
  }
}

function wrongClock(name: string, offset: string): Fault {
  return {
    name,
    unavailable: ({ fakeTime }) => fakeTime.unavailable,
    async strike(strike) {
      const server = anyServer(strike);
      await server.kill();
      await server.start(strike.stage.fakeTime.environment(offset));
      await sleep(4_000);
      strike.hits();
      await server.kill();
      await server.start();
      strike.met("servers with a wrong clock");
    },
  };
}

/** Every kind once, in an order that has the dangerous ones first: a short campaign takes the head of the list. */
export function allFaults(): Fault[] {
  return [
    killAtRandom,
    flushRedis,
    proxied("the way to Postgres cut", "postgres", "refused", [500, 2_000]),
    terminateBackends,
    proxied("answers of Postgres lost after it did its work", "postgres", "deaf", [500, 1_500]),
    killAtFailpoint(),
    restoreRedis,
    stopPostgres("kill -9 of Postgres", "SIGKILL"),
    pauseServer,
    killRedis,
    proxied("the way to Redis half-open", "redis", "silent", [1_000, 3_000]),
    restartParticipant,
    failOverRedis,
    proxied("the way to Postgres half-open", "postgres", "silent", [1_000, 3_000]),
    stopPostgres("immediate stop of Postgres", "SIGQUIT"),
    badParticipant,
    proxied("Postgres slow", "postgres", "slow", [1_000, 3_000], 150),
    proxied("answers of Redis lost after it did its work", "redis", "deaf", [500, 1_500]),
    proxied("the way to Redis cut", "redis", "refused", [500, 2_000]),
    fullDisk,
    wrongClock("a server's clock 10 minutes ahead", "+600"),
    wrongClock("a server's clock 10 minutes behind", "-600"),
  ];
}
