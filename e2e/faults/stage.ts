/**
 * The stage of a fault campaign: three real servers, one Postgres, one Redis with a lagging replica, one participant, and a
 * fault proxy before each server's way to each store. It breaks nothing by itself: `faults.ts` does.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { PROJECT_DIR } from "../../server/config.ts";
import { type EmbeddedServer, startPostgres } from "../../server/embedded/postgres.ts";
import { startRedis } from "../../server/embedded/redis.ts";
import { freePort } from "../../server/embedded/processes.ts";
import type { Failpoint } from "../../server/engine/kernel/failpoints.ts";
import { type Application, startApplication } from "../../server/testing/application.ts";
import { FaultProxy } from "./proxy.ts";

export const SERVERS = 3;

/** Room for a campaign's rows and its log files, and soon full. */
const DISK_MIB = 1_024;

export interface StageOptions {
  /** Empty; everything is kept in it. */
  dir: string;
  cacheDir: string;
  say(what: string): void;
}

/** One server and its two ways out. It keeps its port over restarts. */
export class ServerProcess {
  application: Application | null = null;

  constructor(
    readonly name: string,
    readonly dataDir: string,
    readonly port: number,
    readonly postgres: FaultProxy,
    readonly redis: FaultProxy,
    private readonly env: Record<string, string>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** @param more environment of this life only: a failpoint, a wrong clock. */
  async start(more: { failpoint?: Failpoint; preload?: Record<string, string> } = {}): Promise<void> {
    const env = { ...this.env, PORT: String(this.port), ...(more.failpoint && { FAILPOINT: more.failpoint }), ...more.preload };
    this.application = await startApplication({ dataDir: this.dataDir, env });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.application) process.kill(this.application.pid, signal);
  }

  async kill(): Promise<void> {
    await this.application?.kill();
    this.application = null;
  }
}

/** `npm run participant`, on one port and one folder over all its lives. */
export class ParticipantProcess {
  private child: ChildProcess | null = null;

  constructor(
    private readonly folder: string,
    readonly port: number,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const args = ["--import", "tsx", "scripts/participant/main.ts", "--port", String(this.port), "--data", this.folder];
    const child = spawn(process.execPath, args, { cwd: PROJECT_DIR, stdio: ["ignore", "pipe", "inherit"] });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      let out = "";
      child.stdout.on("data", (chunk) => {
        out += chunk;
        if (out.includes(this.url)) resolve();
      });
      child.once("close", (code) => reject(new Error(`the participant ended with ${code}`)));
    });
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  async mode(mode: Record<string, unknown>): Promise<void> {
    await fetch(`${this.url}/mode`, { method: "PUT", body: JSON.stringify(mode), headers: { "content-type": "application/json" } });
  }

  /** What it remembers of a transaction's branch; NONE: it was never asked. */
  async says(txId: string): Promise<string> {
    const answer = await fetch(`${this.url}/transactions/${encodeURIComponent(txId)}`);
    if (answer.status === 404) return "NONE";
    const { branches } = (await answer.json()) as { branches: { state: string }[] };
    return branches[0]?.state ?? "NONE";
  }
}

export class Stage {
  readonly servers: ServerProcess[] = [];
  postgres!: EmbeddedServer;
  redis!: EmbeddedServer;
  /** A replica, for fail-overs; it lags because nobody waits for it. */
  replica!: EmbeddedServer;
  participant!: ParticipantProcess;
  /** Straight to Postgres, past every proxy. */
  sql!: pg.Pool;
  key = "";
  /** Where the stores live, when it is a disk of their own that can be filled; null: it is not. */
  smallDisk: string | null = null;

  private constructor(private readonly options: StageOptions) {}

  static async open(options: StageOptions): Promise<Stage> {
    const stage = new Stage(options);
    await stage.build();
    return stage;
  }

  async startPostgres(): Promise<void> {
    this.postgres = await startPostgres({ dir: join(this.options.dir, "stores") });
  }

  async startRedis(): Promise<void> {
    this.redis = await startRedis({ dir: join(this.options.dir, "stores"), cacheDir: this.options.cacheDir });
  }

  /** Past every proxy. The caller disconnects. */
  redisClient(server = this.redis): Redis {
    return new Redis(server.url, { retryStrategy: () => null });
  }

  /** The replica begins to follow the primary. */
  async followPrimary(): Promise<void> {
    const client = this.redisClient(this.replica);
    const { port, password } = new URL(this.redis.url);
    await client.config("SET", "masterauth", password);
    await client.replicaof("127.0.0.1", Number(port));
    client.disconnect();
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
    await Promise.all(this.servers.flatMap(({ postgres, redis }) => [postgres.close(), redis.close()]));
    await this.participant?.kill();
    await this.sql?.end();
    await this.redis?.stop();
    await this.replica?.stop();
    await this.postgres?.stop();
    if (this.smallDisk) spawnSync("umount", ["-l", this.smallDisk]);
  }

  private async build(): Promise<void> {
    const { dir, cacheDir, say } = this.options;
    say("starting Postgres and Redis");
    const stores = join(dir, "stores");
    mkdirSync(stores, { recursive: true });
    if (mounts(["-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", stores])) this.smallDisk = stores;
    await this.startPostgres();
    await this.startRedis();
    this.replica = await startRedis({ dir: join(dir, "replica"), cacheDir });
    await this.followPrimary();
    this.participant = new ParticipantProcess(join(dir, "participant"), await freePort());
    await this.participant.start();
    for (let i = 1; i <= SERVERS; i++) {
      say(`starting server ${i} of ${SERVERS}`);
      const postgres = await FaultProxy.to(Number(new URL(this.postgres.url).port));
      const redis = await FaultProxy.to(Number(new URL(this.redis.url).port));
      const env = {
        DATABASE_URL: throughPort(this.postgres.url, postgres.port),
        REDIS_URL: throughPort(this.redis.url, redis.port),
        PARTICIPANT_HOSTS: new URL(this.participant.url).host,
        SESSION_SECRET: "for the fault campaign only, nobody signs in",
        RATE_LIMIT_PER_SECOND: "1000000",
      };
      const server = new ServerProcess(`server ${i}`, join(dir, `server-${i}`), await freePort(), postgres, redis, env);
      this.servers.push(server);
      await server.start();
      if (i === 1) this.key = server.application?.firstRun.apiKey ?? "";
    }
    this.sql = new pg.Pool({ connectionString: this.postgres.url, max: 2 });
    this.sql.on("error", () => {}); // Postgres dies here now and then
  }
}

/** Only root may. */
function mounts(args: string[]): boolean {
  return spawnSync("mount", args, { stdio: "ignore" }).status === 0;
}

function throughPort(url: string, port: number): string {
  const through = new URL(url);
  through.port = String(port);
  return through.href;
}
