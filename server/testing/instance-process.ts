/**
 * One instance as a process of its own, without console and pages: engine, live board and API on given stores.
 * For tests and proofs that need several. It is told what to do by messages of its parent; see `instances.ts`.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createApi } from "../api/app.ts";
import { createApiClaims } from "../api/claims.ts";
import { ApiKeys, KEYS_CHANGED } from "../api/keys.ts";
import { nodeListener } from "../api/node-mount.ts";
import { createApiReads } from "../console/reads/api-reads.ts";
import { createPrisma } from "../database.ts";
import { createEngine } from "../engine/create-engine.ts";
import { realClock } from "../engine/kernel/clock.ts";
import type { Failpoint } from "../engine/kernel/failpoints.ts";
import { ParticipantDirectory } from "../engine/kernel/participant-directory.ts";
import type { TryRequest } from "../engine/kernel/types.ts";
import { createLog } from "../log.ts";
import { Notices } from "../notices.ts";
import { crowd, type CrowdOrder } from "./crowd.ts";

export interface InstanceStores {
  databaseUrl: string;
  redisUrl: string;
}

export interface InstanceOptions extends InstanceStores {
  /** The process kills itself where the engine first comes by this place. */
  failpoint?: Failpoint;
  /** Hosts that requests may name as participants. */
  participantHosts?: string[];
}

export type InstanceOrder =
  | { do: "stats" }
  | { do: "try"; request: TryRequest }
  | { do: "confirm" | "cancel" | "reverse"; txId: string }
  | { do: "peers" }
  | { do: "cell"; dishId: string; storeId: string }
  | ({ do: "crowd" } & CrowdOrder);

/** More than the API gives: a test's machine may be busy. */
const CALL = { timeoutMs: 5_000, traceId: "0".repeat(32) };

const { databaseUrl, redisUrl, failpoint, participantHosts } = JSON.parse(process.argv[2] as string) as InstanceOptions;
const log = createLog("error");
const directory = new ParticipantDirectory([], participantHosts);
const prisma = createPrisma(databaseUrl);
const running = await createEngine({
  databaseUrl,
  redisUrl,
  directory,
  failpoint: (place) => {
    if (place === failpoint) process.kill(process.pid, "SIGKILL");
  },
});
const { engine } = running;
const keys = new ApiKeys(prisma, realClock);
const notices = new Notices(databaseUrl, KEYS_CHANGED, keys);
await notices.start();
const api = createApi({
  engine,
  reads: createApiReads(prisma, realClock),
  claims: createApiClaims(prisma),
  payments: { accept: (event) => running.payments.accept(event), secrets: new Map() },
  directory,
  keys,
  probes: { postgres: () => prisma.$queryRaw`SELECT 1`, redis: () => running.pingRedis() },
  config: { rateLimitPerSecond: 1_000_000 },
  log,
  clock: realClock,
});
const server = createServer({ keepAliveTimeout: 65_000 }, nodeListener(api));
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

async function obey(order: InstanceOrder): Promise<unknown> {
  switch (order.do) {
    case "stats":
      return engine.stats();
    case "try":
      return engine.try(order.request, CALL);
    case "confirm":
    case "cancel":
    case "reverse":
      return engine[order.do](order.txId, CALL);
    case "peers":
      return engine.instances().map(({ instance, alive, silentMs }) => ({ instance, alive, silentMs }));
    case "cell":
      return engine.cells.look(order.dishId, order.storeId);
    case "crowd":
      return crowd(engine, order);
  }
}

process.on("message", ({ id, order }: { id: number; order: InstanceOrder }) => {
  obey(order).then(
    (answer) => process.send?.({ id, answer }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0)); // the parent is gone
process.on("SIGTERM", () => {
  void (async () => {
    server.closeAllConnections();
    await notices.stop();
    await running.close();
    await prisma.$disconnect();
    process.exit(0);
  })();
});
process.send?.({ ready: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, instance: running.instance } });
