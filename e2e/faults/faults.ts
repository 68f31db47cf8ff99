/**
 * Everything that a campaign breaks, and how it is mended. Each fault is run under traffic: `strike` begins and ends it, and
 * returns what it saw, so that the report can say which dangerous windows were really met.
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FAILPOINTS } from "../../server/engine/kernel/failpoints.ts";
import { integerBetween, pick, type Random } from "../../server/engine/kernel/random.ts";
import { fakeTime } from "./fake-time.ts";
import type { Mood } from "./proxy.ts";
import type { ServerProcess, Stage } from "./stage.ts";

export interface Strike {
  stage: Stage;
  random: Random;
  /** Requests that clients have sent and not heard of. */
  underWay(): number;
}

/** How often a dangerous window was really met, by its name. */
export type Met = Record<string, number>;

export interface Fault {
  name: string;
  strike(strike: Strike): Promise<Met>;
  /** Why it cannot be done on this machine; null: it can. */
  unavailable?(stage: Stage): string | null;
}

/** Longer than a hold in Redis, a lease of a refusal and a sweep; a paused process wakes up in another world. */
const PAUSE_MS = 7_000;

const anyServer = ({ stage, random }: Strike): ServerProcess => pick(random, stage.servers);

function proxied(name: string, store: "postgres" | "redis", mood: Mood, [least, most]: [number, number], delayMs = 0): Fault {
  return {
    name,
    async strike(strike) {
      const server = anyServer(strike);
      const proxy = server[store];
      const before = proxy.answersLost;
      proxy.be(mood, delayMs);
      await sleep(integerBetween(strike.random, least, most));
      proxy.be("open");
      proxy.cut(); // what was held back must not come out as noise
      return { [`requests under way at ${name}`]: strike.underWay(), ...(mood === "deaf" && { "answers lost after they were carried out": proxy.answersLost - before }) };
    },
  };
}

const killAtRandom: Fault = {
  name: "kill -9 of a server",
  async strike(strike) {
    const server = anyServer(strike);
    const underWay = strike.underWay();
    await server.kill();
    await sleep(integerBetween(strike.random, 0, 1_500));
    await server.start();
    return { "servers killed": 1, "requests under way at a kill": underWay };
  },
};

/** A server that stops itself between two writes, at each of the named places in turn. */
function killAtFailpoint(): Fault {
  let at = 0;
  return {
    name: "kill -9 of a server at a failpoint",
    async strike(strike) {
      const failpoint = FAILPOINTS[at++ % FAILPOINTS.length] as (typeof FAILPOINTS)[number];
      const server = anyServer(strike);
      await server.kill();
      // Claims are met only while something is due: the participant refuses for a moment.
      if (failpoint === "claim.committed") await strike.stage.participant.mode({ fail: "503", operations: ["confirm", "cancel"] });
      await server.start({ failpoint });
      if (failpoint === "claim.committed") await sleep(1_000);
      await strike.stage.participant.mode({});
      const died = await server.application?.died(8_000);
      await server.kill();
      await server.start();
      return { [`died at ${failpoint}`]: died ? 1 : 0 };
    },
  };
}

const pauseServer: Fault = {
  name: "SIGSTOP of a server past every lease, then SIGCONT",
  async strike(strike) {
    const server = anyServer(strike);
    const underWay = strike.underWay();
    server.signal("SIGSTOP");
    await sleep(PAUSE_MS);
    server.signal("SIGCONT");
    return { "servers paused": 1, "requests under way at a pause": underWay };
  },
};

const killRedis: Fault = {
  name: "kill -9 of Redis",
  async strike({ stage, random }) {
    process.kill(stage.redis.pid, "SIGKILL");
    await sleep(integerBetween(random, 0, 3_000));
    await stage.startRedis();
    await stage.followPrimary();
    return { "Redis killed": 1 };
  },
};

const flushRedis: Fault = {
  name: "FLUSHALL",
  async strike({ stage }) {
    const redis = stage.redisClient();
    await redis.flushall();
    redis.disconnect();
    return { "Redis flushed": 1 };
  },
};

const restoreRedis: Fault = {
  name: "Redis set back to an older snapshot",
  async strike({ stage, random }) {
    const redis = stage.redisClient();
    const keys = await redis.keys("*:cell:*").then(async (found) => (found.length > 0 ? found : await redis.keys("*")));
    const kept = await Promise.all(keys.map(async (key) => [key, await redis.dumpBuffer(key)] as const));
    await sleep(integerBetween(random, 1_000, 3_000));
    await redis.flushall();
    for (const [key, dump] of kept) if (dump) await redis.restore(key, 0, dump, "REPLACE");
    redis.disconnect();
    return { "keys set back": kept.length };
  },
};

const failOverRedis: Fault = {
  name: "Redis failed over to a lagging replica while the old primary still takes writes",
  async strike({ stage, random }) {
    const follower = stage.redisClient(stage.replica);
    await follower.replicaof("NO", "ONE");
    const [alone, ...moved] = stage.servers as [ServerProcess, ...ServerProcess[]];
    for (const server of moved) server.redis.leadTo(Number(new URL(stage.replica.url).port));
    await sleep(integerBetween(random, 1_000, 3_000)); // two primaries, and each has its customers
    alone.redis.leadTo(Number(new URL(stage.replica.url).port));
    await sleep(500);
    // And back: the old primary, with what it remembers, is a replica no more than the other was.
    for (const server of stage.servers) server.redis.leadTo(Number(new URL(stage.redis.url).port));
    follower.disconnect();
    await stage.followPrimary();
    return { "fail-overs of Redis": 1 };
  },
};

function killPostgres(name: string, signal: NodeJS.Signals): Fault {
  return {
    name,
    async strike(strike) {
      const { stage, random } = strike;
      const underWay = strike.underWay();
      process.kill(stage.postgres.pid, signal);
      await sleep(integerBetween(random, 0, 1_000));
      await stage.startPostgres();
      return { [`requests under way at ${name}`]: underWay };
    },
  };
}

const terminateBackends: Fault = {
  name: "backends of Postgres terminated in mid-statement",
  async strike({ stage, random }) {
    let terminated = 0;
    const untilMs = performance.now() + integerBetween(random, 500, 1_500);
    while (performance.now() < untilMs) {
      const { rowCount } = await stage.sql
        .query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'eightysix ledger' AND state = 'active' LIMIT 2")
        .catch(() => ({ rowCount: 0 }));
      terminated += rowCount ?? 0;
    }
    return { "backends terminated while active": terminated };
  },
};

const restartParticipant: Fault = {
  name: "kill -9 of the participant",
  async strike({ stage, random }) {
    await stage.participant.kill();
    await sleep(integerBetween(random, 0, 3_000));
    await stage.participant.start();
    return { "participants killed": 1 };
  },
};

const badParticipant: Fault = {
  name: "a participant that loses, delays and garbles its answers",
  async strike({ stage, random }) {
    for (const fail of ["lose", "slow", "garbage", "503", "hang"]) {
      await stage.participant.mode({ fail, share: 0.5 });
      await sleep(integerBetween(random, 300, 800));
    }
    await stage.participant.mode({});
    return { "tempers of the participant": 5 };
  },
};

/** Postgres finds its disk full, and then not. It stops when it cannot write its log; somebody starts it again. */
const fullDisk: Fault = {
  name: "disk full for Postgres",
  unavailable: ({ smallDisk }) => (smallDisk ? null : "only root can give the cluster a disk of its own"),
  async strike({ stage, random }) {
    const ballast = join(stage.smallDisk as string, "ballast");
    const filled = fill(ballast);
    await sleep(integerBetween(random, 1_000, 3_000));
    rmSync(ballast, { force: true });
    await stage.startPostgres(); // takes it over when it runs
    return { "MiB that filled the disk": filled };
  },
};

/** @returns MiB written until nothing more fitted. */
function fill(path: string): number {
  const file = openSync(path, "w");
  const piece = Buffer.alloc(1_048_576);
  try {
    for (let written = 0; ; written++) {
      try {
        writeSync(file, piece);
      } catch {
        return written;
      }
    }
  } finally {
    closeSync(file);
  }
}

function wrongClock(name: string, offset: string): Fault {
  return {
    name,
    unavailable: () => fakeTime().unavailable,
    async strike(strike) {
      const server = anyServer(strike);
      await server.kill();
      await server.start({ preload: fakeTime().environment(offset) });
      await sleep(4_000);
      await server.kill();
      await server.start();
      return { [name]: 1 };
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
    killPostgres("kill -9 of Postgres", "SIGKILL"),
    pauseServer,
    killRedis,
    proxied("the way to Redis half-open", "redis", "silent", [1_000, 3_000]),
    restartParticipant,
    failOverRedis,
    proxied("the way to Postgres half-open", "postgres", "silent", [1_000, 3_000]),
    killPostgres("immediate stop of Postgres", "SIGQUIT"),
    badParticipant,
    proxied("Postgres slow", "postgres", "slow", [1_000, 3_000], 150),
    proxied("answers of Redis lost after it did its work", "redis", "deaf", [500, 1_500]),
    proxied("the way to Redis cut", "redis", "refused", [500, 2_000]),
    fullDisk,
    wrongClock("a server's clock 10 minutes ahead", "+600"),
    wrongClock("a server's clock 10 minutes behind", "-600"),
  ];
}

