/**
 * The composition root: puts the parts together, serves, and takes them apart again. It decides nothing about dishes.
 */
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { createApi } from "./api/app.ts";
import { createApiClaims } from "./api/claims.ts";
import { ApiKeys, KEYS_CHANGED } from "./api/keys.ts";
import { pprofOf } from "./api/exports/pprof.ts";
import { TraceFile } from "./api/exports/trace-file.ts";
import { isApiUrl, nodeListener } from "./api/node-mount.ts";
import { createAuth, OPERATORS_CHANGED } from "./auth/auth.ts";
import { type Config, PROJECT_DIR, readConfig } from "./config.ts";
import { BulkRunner, createConsoleApi, type LockFiles, securePage } from "./console/index.ts";
import { createApiReads } from "./console/reads/api-reads.ts";
import { createDishPageReads } from "./console/reads/dish-page.ts";
import { DishSnapshots } from "./console/reads/dish-snapshots.ts";
import { withFallback } from "./console/reads/fallback.ts";
import { readQueue } from "./console/review/tickets.ts";
import { SOCKET_PATH } from "./contracts/socket-events.ts";
import { createPrisma } from "./database.ts";
import { holdDataFolder } from "./embedded/data-folder.ts";
import { keptSecret, makeFolder } from "./embedded/files.ts";
import { migrate } from "./embedded/migrate.ts";
import { StartError } from "./embedded/start-error.ts";
import { openEmbeddedStores, openGivenStores, type Stores } from "./embedded/stores.ts";
import { createEngine, type RunningEngine } from "./engine/create-engine.ts";
import { CircuitBreaker } from "./engine/guards/circuit-breaker.ts";
import { realClock } from "./engine/kernel/clock.ts";
import { realRandom } from "./engine/kernel/random.ts";
import { ParticipantDirectory } from "./engine/kernel/participant-directory.ts";
import { FirstRunFile } from "./first-run.ts";
import { firstStart, seedFirst } from "./first-start.ts";
import type { PrismaClient } from "./generated/prisma/client.ts";
import { LiveBoard } from "./gateway/board.ts";
import { createGateway } from "./gateway/gateway.ts";
import { createLiveReads } from "./gateway/live-reads.ts";
import { checkPort, HttpServer } from "./http-server.ts";
import { calm, createLog, type Log } from "./log.ts";
import { Notices } from "./notices.ts";
import { Notifier } from "./notifications/notifier.ts";
import { sendWebhook } from "./notifications/webhook.ts";
import { PagesThread } from "./pages/pages-thread.ts";
import { createPageReads } from "./pages/reads.ts";
import { Retention } from "./retention/retention.ts";
import { Shutdown } from "./shutdown.ts";

const HTTP_GRACE_MS = 2_000;

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel);
  const shutdown = new Shutdown(log, config.startedByNpm);
  try {
    await serve(config, log, shutdown);
  } catch (error) {
    if (shutdown.isRunning) return; // parts are closed under a start that was still going on
    if (error instanceof StartError) process.stderr.write(`${error.message}\n`);
    else log.fatal({ err: error }, "the start failed");
    await shutdown.run(1);
  }
}

async function serve(config: Config, log: Log, shutdown: Shutdown): Promise<void> {
  if (!config.stores) {
    const folder = await holdDataFolder(config.dataDir);
    shutdown.whenAsked(() => folder.announceStop());
    shutdown.add("data folder", () => folder.release());
  }
  // What cannot succeed fails before servers are started for it.
  await checkPort(config.port, config.host);
  new FirstRunFile(config.dataDir).read();

  const opening = openStores(config);
  // A stop may come while they are still being opened.
  shutdown.add("stores", async () => (await opening.catch(() => null))?.close());
  const stores = await opening;
  const { databaseUrl, redisUrl } = stores;
  const { applied } = await migrate(databaseUrl);
  if (applied.length > 0) say(`  Migrated: ${applied.join(", ")}`);
  const seeded = await seedFirst(databaseUrl);
  if (seeded?.dishes) say(`  Put on the menu: ${seeded.dishes} dishes, ${seeded.coupons} coupons`);

  const prisma = createPrisma(databaseUrl);
  shutdown.add("database client", () => prisma.$disconnect());
  const directory = participantDirectory(config);
  const auth = createAuth({ prisma, secret: sessionSecret(config) });
  const running = await createEngine({ databaseUrl, redisUrl, directory, failpoint: dieAt(config.failpoint), onTrouble: engineTrouble(log) });
  shutdown.add("engine", () => running.close());
  const { engine } = running;

  const onError = calm((error, leftOut) => log.error({ err: error, leftOut }, "the console failed"));
  const board = new LiveBoard({ engine, reads: createLiveReads(prisma), dishReads: createDishPageReads(prisma, engine), readReview: () => readQueue(prisma), onError });
  const reads = withFallback(createApiReads(prisma, realClock), {
    clock: realClock,
    snapshots: new DishSnapshots(realClock),
    breaker: new CircuitBreaker(realClock),
    engine,
    onTrouble: calm((error, leftOut) => log.warn({ err: error, leftOut }, "a dish could not be read from postgres")),
  });
  const keys = new ApiKeys(prisma, realClock);
  const notices = new Notices(databaseUrl, KEYS_CHANGED, keys);
  shutdown.add("notices", () => notices.stop());
  await notices.start();
  const notifier = startNotifier({ config, log, prisma, running, shutdown });
  const api = createApi({
    engine,
    reads,
    claims: createApiClaims(prisma),
    payments: { accept: (event) => running.payments.accept(event), secrets: config.paymentSecrets, counters: () => running.payments.counters },
    ...(notifier && { tellings: () => notifier.counters }),
    directory,
    keys,
    probes: { postgres: () => prisma.$queryRaw`SELECT 1`, redis: () => running.pingRedis() },
    config: { rateLimitPerSecond: config.rateLimitPerSecond },
    log,
    clock: realClock,
  });
  const bulk = new BulkRunner({ prisma, engine, clock: realClock, onError: calm((error, leftOut) => log.error({ err: error, leftOut }, "a bulk action failed")) });
  engine.onDue("bulk", (inMs) => bulk.expect(inMs));
  bulk.start();
  shutdown.add("bulk actions", () => bulk.stop());
  const retention = new Retention({
    prisma,
    clock: realClock,
    random: realRandom,
    retentionDays: config.retentionDays,
    onError: calm((error, leftOut) => log.warn({ err: error, leftOut }, "what is old could not be dropped")),
    onDropped: (dropped) => log.info(dropped, "dropped what ended long ago"),
  });
  retention.start();
  shutdown.add("retention", () => retention.stop());
  const traces = new TraceFile(engine, realClock);
  const lockFiles: LockFiles = {
    trace: (seconds) => traces.capture(seconds),
    profile: (view, seconds) => pprofOf(engine.profile.window(seconds), view, realClock.nowMs()),
  };
  const facts = { rateLimitPerSecond: config.rateLimitPerSecond, retentionDays: config.retentionDays, participants: config.participants.map(({ name }) => name) };
  const consoleApi = createConsoleApi({ auth, board, engine, prisma, bulk, keys, lockFiles, facts, onError });
  const pages = await PagesThread.start({
    dir: PROJECT_DIR,
    reads: createPageReads({ auth, board, prisma, engine, facts, api }),
    onTrouble: calm((error, leftOut) => log.error({ err: error, leftOut }, "trouble with the pages' thread")),
  });
  shutdown.add("pages", () => pages.close());
  const server = new HttpServer({
    isApiUrl,
    isSocketUrl: (url) => url.startsWith(SOCKET_PATH),
    api: nodeListener(api),
    consoleApi: getRequestListener(new Hono().route("/api", consoleApi).fetch),
    pages: (request, response) => {
      securePage(request, response);
      return pages.handle(request, response);
    },
    onError: calm((error, leftOut) => log.error({ err: error, leftOut }, "a request failed")),
  });
  const gateway = createGateway(server.node, { board, auth, onError });
  // Every connection anew: what happened while nobody listened is found by looking.
  const people = new Notices(databaseUrl, OPERATORS_CHANGED, { hearing: auth.heard, heard: auth.heard, deaf: () => undefined });
  shutdown.add("notices of operators", () => people.stop());
  await people.start();
  await board.start();
  shutdown.add("board", () => board.stop());
  const port = await server.listen(config.port, config.host);
  server.node.on("error", (error) => void shutdown.because(error));
  shutdown.add("http server", () => server.close(HTTP_GRACE_MS));
  shutdown.add("sockets", () => gateway.close());

  const url = `http://${shownHost(config.host)}:${port}`;
  const greeting = await firstStart({ config, stores, prisma, auth, url });
  say(`\n${greeting.join("\n")}\n`);
}

/** Tells people outside, when somebody wants to be told. */
function startNotifier({ config, log, prisma, running, shutdown }: { config: Config; log: Log; prisma: PrismaClient; running: RunningEngine; shutdown: Shutdown }): Notifier | null {
  const { notify } = config;
  if (!notify) return null;
  const notifier = new Notifier({
    prisma,
    clock: realClock,
    random: realRandom,
    send: (message) => sendWebhook(notify, message),
    participants: () => running.engine.participantStates(),
    onError: calm((error, leftOut) => log.warn({ err: error, leftOut }, "nobody outside could be told")),
  });
  running.engine.onEntry({ entry: () => {}, ticket: () => notifier.heard() });
  running.engine.onDue("tellings", (inMs) => notifier.expect(inMs));
  running.payments.onTicket(() => notifier.heard());
  notifier.start();
  shutdown.add("notifications", () => notifier.stop());
  return notifier;
}

function openStores({ stores, dataDir, cacheDir }: Config): Promise<Stores> {
  if (stores) return openGivenStores(stores);
  return openEmbeddedStores({ dataDir, cacheDir, progress: (sentence) => say(`  ${sentence}`) });
}

function engineTrouble(log: Log): (what: string, error: unknown) => void {
  const reports = new Map<string, (error: unknown) => void>();
  return (what, error) => {
    const report = reports.get(what) ?? calm((cause, leftOut) => log.warn({ err: cause, leftOut }, `trouble with ${what}`));
    reports.set(what, report);
    report(error);
  };
}

/** Cookies stay valid over restarts, and over instances that share the folder. */
function sessionSecret({ sessionSecret, dataDir }: Config): string {
  return sessionSecret ?? keptSecret(join(makeFolder(dataDir), "session.secret")).secret;
}

/** An address people can open. */
function shownHost(host: string): string {
  if (["127.0.0.1", "0.0.0.0", "::", "::1"].includes(host)) return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

await main();

/** As a machine would stop: nothing is flushed, nobody is told. */
function dieAt(place: Config["failpoint"]): (failpoint: string) => void {
  return (failpoint) => {
    if (failpoint === place) process.kill(process.pid, "SIGKILL");
  };
}

/** @throws StartError when a configured participant cannot be called. */
function participantDirectory({ participants, participantHosts }: Config): ParticipantDirectory {
  try {
    return new ParticipantDirectory(participants, participantHosts);
  } catch (error) {
    throw new StartError(`PARTICIPANTS_FILE is wrong: ${(error as Error).message}.`);
  }
}
