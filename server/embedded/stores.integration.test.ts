import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, startRedisServer, type TestDatabase, type TestRedis } from "../testing/stack.ts";
import { openGivenStores } from "./stores.ts";

let database: TestDatabase;
let redis: TestRedis;

beforeAll(async () => {
  database = await createDatabase();
  redis = await startRedisServer();
});

afterAll(async () => {
  await redis.stop();
  await database.drop();
});

const changed = (url: string, change: (url: URL) => void) => {
  const copy = new URL(url);
  change(copy);
  return copy.href;
};

test("servers that answer are used as they are, and left running", async () => {
  const stores = await openGivenStores({ databaseUrl: database.url, redisUrl: redis.url });
  expect(stores).toMatchObject({ databaseUrl: database.url, redisUrl: redis.url, embedded: false });
  await stores.close();
  await openGivenStores({ databaseUrl: database.url, redisUrl: redis.url });
});

test.each<[string, () => { databaseUrl?: string; redisUrl?: string }, RegExp]>([
  ["an unreachable Postgres", () => ({ databaseUrl: changed(database.url, (url) => (url.port = "1")) }), /^DATABASE_URL: no Postgres answers at 127\.0\.0\.1:1 \(ECONNREFUSED\)\.$/],
  ["a Postgres on no machine", () => ({ databaseUrl: changed(database.url, (url) => (url.hostname = "nowhere.invalid")) }), /^DATABASE_URL: no Postgres answers at nowhere\.invalid:\d+ \((ENOTFOUND|EAI_AGAIN)\)\.$/],
  ["a Postgres that refuses the password", () => ({ databaseUrl: changed(database.url, (url) => (url.password = "guess")) }), /^DATABASE_URL: Postgres at \S+ refuses the user "eightysix" with this password\.$/],
  ["a database that is not there", () => ({ databaseUrl: changed(database.url, (url) => (url.pathname = "/nowhere")) }), /^DATABASE_URL: Postgres at \S+ has no database "nowhere"\.$/],
  ["a Redis at Postgres' port", () => ({ redisUrl: changed(redis.url, (url) => (url.port = new URL(database.url).port)) }), /^REDIS_URL: no Redis answers at \S+ \(.+\)\.$/],
  ["an unreachable Redis", () => ({ redisUrl: changed(redis.url, (url) => (url.port = "1")) }), /^REDIS_URL: no Redis answers at 127\.0\.0\.1:1 \(ECONNREFUSED\)\.$/],
  ["a Redis that refuses the password", () => ({ redisUrl: changed(redis.url, (url) => (url.password = "guess")) }), /^REDIS_URL: Redis at \S+ refuses this password\.$/],
])("%s is named in one sentence, without secrets", async (_, wrong, sentence) => {
  const opening = openGivenStores({ databaseUrl: database.url, redisUrl: redis.url, ...wrong() });
  await expect(opening).rejects.toMatchObject({ name: "StartError", message: expect.stringMatching(sentence) });
});
