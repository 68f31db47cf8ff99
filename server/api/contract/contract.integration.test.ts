/**
 * Both mounts of the API, on one real engine, Postgres and Redis, held to one contract.
 */
import { createServer, type Server as NodeServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { PrismaPg } from "@prisma/adapter-pg";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterAll, beforeAll } from "vitest";
import { Participant } from "../../../scripts/participant/participant.ts";
import { type ParticipantServer, serveParticipant } from "../../../scripts/participant/server.ts";
import * as nextRoute from "../../../app/api/[[...route]]/route.ts";
import { createApiReads } from "../../console/reads/api-reads.ts";
import { ParticipantDirectory } from "../../engine/kernel/participant-directory.ts";
import { createEngine, type RunningEngine } from "../../engine/create-engine.ts";
import { realClock } from "../../engine/kernel/clock.ts";
import { PrismaClient } from "../../generated/prisma/client.ts";
import { answerCalls, callsThrough } from "../../pages/door.ts";
import { answering } from "../../pages/plain-http.ts";
import type { PageReads } from "../../pages/reads.ts";
import { setRuntime } from "../../runtime.ts";
import { createDatabase, createFolder, startRedisServer, type TestDatabase, type TestRedis } from "../../testing/stack.ts";
import { createApi } from "../app.ts";
import { createApiClaims } from "../claims.ts";
import { ApiKeys, createFirstKey } from "../keys.ts";
import { nodeListener } from "../node-mount.ts";
import { contractSuite } from "./contract.suite.ts";
import { SIGNED } from "./payments.suite.ts";

const ports: MessagePort[] = [];

let database: TestDatabase;
let redis: TestRedis;
let prisma: PrismaClient;
let running: RunningEngine;
let book: Participant;
let participant: ParticipantServer;
let key: string;
const servers: NodeServer[] = [];
const urls = { node: "", next: "" };

beforeAll(async () => {
  [database, redis] = await Promise.all([createDatabase(), startRedisServer()]);
  prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url }) });
  book = await Participant.open(createFolder());
  participant = await serveParticipant({ participant: book, port: 0, onBroken: (error) => console.error(error) });
  const directory = new ParticipantDirectory([], [new URL(participant.url).host]);
  running = await createEngine({ databaseUrl: database.url, redisUrl: redis.url, directory });
  key = (await createFirstKey(prisma, realClock)).secret;
  const api = createApi({
    engine: running.engine,
    reads: createApiReads(prisma, realClock),
    claims: createApiClaims(prisma),
    payments: { accept: (event) => running.payments.accept(event), secrets: new Map([[SIGNED.source, SIGNED.secret]]) },
    directory,
    keys: new ApiKeys(prisma, realClock),
    probes: { postgres: () => prisma.$queryRaw`SELECT 1`, redis: () => running.pingRedis() },
    config: { rateLimitPerSecond: 100_000 },
    log: { warn: console.warn, error: console.error },
    clock: realClock,
  });
  urls.node = await listening(createServer(nodeListener(api)));
  const { port1: here, port2: there } = new MessageChannel();
  ports.push(here, there);
  answerCalls(here, { api: answering((request) => api.fetch(request)) });
  setRuntime({ reads: callsThrough<PageReads>(there) });
  const methods: Record<string, (request: Request) => Promise<Response>> = { ...nextRoute } as never;
  const next = (request: Request) => methods[request.method]?.(request) ?? new Response(null, { status: 405 });
  urls.next = await listening(createAdaptorServer({ fetch: next, overrideGlobalObjects: false }) as NodeServer);
});

afterAll(async () => {
  for (const port of ports) port.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await running?.close();
  await participant?.close();
  await book?.close();
  await prisma?.$disconnect();
  await redis?.stop();
  await database?.drop();
});

async function listening(server: NodeServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

contractSuite("on node:http", () => ({ baseUrl: urls.node, key, participant }));
contractSuite("as a Next route", () => ({ baseUrl: urls.next, key, participant }));
