/**
 * The HTTP server under measurement, in a process of its own: the custom server with the API on a real engine, an empty handler
 * beside it, and an empty Next route handler when a build of it is given. The engine can be played from inside as well.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Server } from "node:http";
import { createApi } from "../../server/api/app.ts";
import { createFirstKey, ApiKeys } from "../../server/api/keys.ts";
import { isApiUrl, nodeListener } from "../../server/api/node-mount.ts";
import type { ApiReads } from "../../server/api/ports.ts";
import { createPrisma } from "../../server/database.ts";
import { createEngine } from "../../server/engine/create-engine.ts";
import { realClock } from "../../server/engine/kernel/clock.ts";
import { ParticipantDirectory } from "../../server/engine/kernel/participant-directory.ts";
import { HttpServer } from "../../server/http-server.ts";
import { playShare } from "../compare/team.ts";
import { EngineSubject } from "../contenders/engine.ts";
import type { Answer, Command } from "../instances/instance.ts";
import type { ServedPlace } from "./http.ts";

/** No bucket is ever empty: the guard is measured, not met. */
const RATE_LIMIT = 1_000_000;

const NOT_ASKED: ApiReads = new Proxy({} as ApiReads, { get: () => () => Promise.reject(new Error("not part of this measurement")) });

let close: () => Promise<void> = async () => {};
let subject: EngineSubject | null = null;

async function open({ databaseUrl, redisUrl, nextDir }: ServedPlace): Promise<{ port: number; key: string }> {
  const prisma = createPrisma(databaseUrl);
  const running = await createEngine({ databaseUrl, redisUrl });
  const { secret } = await createFirstKey(prisma, realClock);
  const report = (fields: object, message: string) => void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
  const api = createApi({
    engine: running.engine,
    reads: NOT_ASKED,
    claims: { claim: async () => true },
    payments: { accept: (event) => running.payments.accept(event), secrets: new Map() },
    directory: new ParticipantDirectory(),
    keys: new ApiKeys(prisma, realClock),
    probes: { postgres: async () => {}, redis: async () => {} },
    config: { rateLimitPerSecond: RATE_LIMIT },
    log: { warn: report, error: report },
    clock: realClock,
  });
  const next = nextDir ? await nextHandler(nextDir) : null;
  const server = new HttpServer({
    isApiUrl: (url) => isApiUrl(url) && !url.startsWith("/api/empty-next"),
    isSocketUrl: () => false,
    api: nodeListener(api),
    consoleApi: empty,
    pages: (request, response) => (next && request.url === "/api/empty-next" ? next(request, response) : empty(request, response)),
    onError: (error) => report({ error: String(error) }, "a request failed"),
  });
  const port = await server.listen(0, "127.0.0.1");
  subject = new EngineSubject(running);
  close = async () => {
    await server.close(1_000);
    await running.close();
    await prisma.$disconnect();
  };
  return { port, key: secret };
}

/** Reads the body, as everybody has to, and answers. */
function empty(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.once("end", () => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end("{}");
  });
}

async function nextHandler(dir: string): Promise<(request: IncomingMessage, response: ServerResponse) => unknown> {
  const { default: next } = await import("next");
  const app = next({ dev: false, dir, httpServer: new Server() });
  await app.prepare();
  return app.getRequestHandler();
}

async function obey(command: Command): Promise<unknown> {
  if (command.do === "open") return open(command.place as ServedPlace);
  if (command.do === "play" && subject) return playShare(subject, command.spec, command.share);
  await close();
  return null;
}

process.on("message", (command: Command) => {
  obey(command).then(
    (value) => void process.send?.({ ok: true, value } satisfies Answer),
    (error: Error) => void process.send?.({ ok: false, error: error.stack ?? error.message } satisfies Answer),
  );
});
process.on("disconnect", () => process.exit(0));
