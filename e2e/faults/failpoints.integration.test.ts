/** Every named place between two writes, once each. All of them in every phase: `npm run faults`. */
import { beforeAll, expect, test } from "vitest";
import { createDatabase, createFolder, startRedisServer } from "../../server/testing/stack.ts";
import { DEATHS, type Death, dieAndSurvive } from "./failpoints.ts";

/** A different phase for each place that is come by in several. */
const PHASES: Partial<Record<Death["failpoint"], Death["phase"]>> = {
  "decide.committed": "reverse",
  "branch.called": "confirm",
  "branch.reported": "expire",
  "claim.committed": "cancel again",
};
const ONCE_EACH = DEATHS.filter(({ failpoint, phase }) => (PHASES[failpoint] ?? phase) === phase);

const ended = new Map<Death, Promise<string[]>>();

/** All at once: a case waits for a lease most of the time. */
beforeAll(async () => {
  const redis = await startRedisServer();
  for (const death of ONCE_EACH) ended.set(death, inADatabase((databaseUrl) => dieAndSurvive(death, { databaseUrl, redisUrl: redis.url }, createFolder())));
  await Promise.allSettled(ended.values());
  await redis.stop();
}, 180_000);

test.each(ONCE_EACH)("a process killed at $failpoint of a $phase leaves nothing that another does not end, as decided, for every branch alike", async (death) => {
  expect(await ended.get(death)).toEqual([]);
});

test("every place is among them", () => {
  expect(new Set(ONCE_EACH.map(({ failpoint }) => failpoint))).toEqual(new Set(DEATHS.map(({ failpoint }) => failpoint)));
});

async function inADatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const database = await createDatabase();
  try {
    return await work(database.url);
  } finally {
    await database.drop();
  }
}
