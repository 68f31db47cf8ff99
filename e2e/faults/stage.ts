/**
 * The stage of a fault campaign: real servers, one Postgres, one Redis with a lagging replica, one participant, and a fault proxy
 * before each server's way to each store. It breaks nothing by itself: `faults.ts` does.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { migrate } from "../../server/embedded/migrate.ts";
import { type EmbeddedServer, startPostgres } from "../../server/embedded/postgres.ts";
import { freePort } from "../../server/embedded/processes.ts";
import { startRedis } from "../../server/embedded/redis.ts";
import type { Failpoint } from "../../server/engine/kernel/failpoints.ts";
import { type Application, startApplication } from "../../server/testing/application.ts";
import { dropDatabase } from "../../server/testing/drop-database.ts";
import { PlayParticipant } from "../participant.ts";
import { type FakeTime, findFakeTime } from "./fake-time.ts";
import { FaultProxy } from "./proxy.ts";

/** Room for a campaign's rows and its log files, and soon full. */
const DISK_MIB = 1_024;

/** Of the pg_isready kind: servers of ours answer at once or not at all. */
const CONNECT_MS_MAX = 2_000;

export interface StageOptions {
  /** Empty; everything is kept in it. */
  dir: string;
  cacheDir: string;
  servers: number;
  /** The stores get a disk of their own, where that is possible, so that it can be filled. */
  ownDisk: boolean;
  say(what: string): void;
}

/** One server and its two ways out. It keeps its port over restarts. */
export class ServerProcess {
  private application: Application | null = null;
  /** What its earlier lives printed. */
  private printed = "";

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

  /** The key that the installation's first start made. */
  get key(): string {
    return this.application?.firstRun.apiKey ?? "";
  }

  /** What it has printed in all its lives: the welcome, warnings and errors. */
  get output(): string {
    return this.printed + (this.application?.output() ?? "");
  }

  /** @param more environment of this life only. @throws when it ends before it is ready. */
  async start(more: Record<string, string> = {}): Promise<void> {
    this.application = await startApplication({ dataDir: this.dataDir, env: { ...this.env, PORT: String(this.port), ...more } });
  }

  /** @returns whether it came so far that it can be asked. It dies at the failpoint, before that or later. */
  startToDieAt(failpoint: Failpoint): Promise<boolean> {
    return this.start({ FAILPOINT: failpoint }).then(
      () => true,
      (error: Error) => {
        // Killed by itself: it took something up at once.
        if (/^Ended with null before/.test(error.message)) return false;
        throw error;
      },
    );
  }

  /** @returns whether it has ended by itself within that time. */
  async died(withinMs: number): Promise<boolean> {
    return this.application === null || this.application.died(withinMs);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.application) process.kill(this.application.pid, signal);
  }

  async kill(): Promise<void> {
    const { application } = this;
    this.application = null;
    if (!application) return;
    await application.kill();
    this.printed += application.output();
  }
}

export class Stage {
  readonly servers: ServerProcess[] = [];
  postgres!: EmbeddedServer;
  redis!: EmbeddedServer;
  replica!: EmbeddedServer;
  /** Between the primary and its replica. */
  replication!: FaultProxy;
  participant!: Participant;
  /** Straight to Postgres, past every proxy. */
  sql!: pg.Pool;
  key = "";
  /** Where the stores live, when it is a disk of their own that can be filled; null: it is not. */
  smallDisk: string | null = null;

  private beside = 0;
  private clocks: FakeTime | null = null;

  private constructor(private readonly options: StageOptions) {}

  /** @throws when a part does not start; what did is stopped. */
  static async open(options: StageOptions): Promise<Stage> {
    const stage = new Stage(options);
    try {
      await stage.build();
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  /** May take a download, the first time. */
  get fakeTime(): FakeTime {
    return (this.clocks ??= findFakeTime(this.options.cacheDir));
  }

  async startPostgres(): Promise<void> {
    this.postgres = await startPostgres({ dir: join(this.options.dir, "stores") });
    for (const { postgres } of this.servers) postgres.leadTo(portOf(this.postgres.url));
  }

  async startRedis(): Promise<void> {
    this.redis = await startRedis({ dir: join(this.options.dir, "stores"), cacheDir: this.options.cacheDir });
    for (const { redis } of this.servers) redis.leadTo(portOf(this.redis.url));
    this.replication?.leadTo(portOf(this.redis.url));
  }

  /** Past every proxy. The caller disconnects. */
  redisClient(server = this.redis): Redis {
    const client = new Redis(server.url, { retryStrategy: () => null });
    client.on("error", () => {}); // whoever waits for a command hears of it
    return client;
  }

  /** The replica begins to follow the primary, from the beginning. */
  async followPrimary(): Promise<void> {
    const client = this.redisClient(this.replica);
    await client.config("SET", "masterauth", new URL(this.redis.url).password);
    await client.replicaof("127.0.0.1", this.replication.port);
    client.disconnect();
  }

  /** A database beside the campaign's, migrated and empty, and a folder. */
  async withDatabase<T>(work: (stores: { databaseUrl: string; redisUrl: string }, folder: string) => Promise<T>): Promise<T> {
    const name = `beside_${++this.beside}`;
    const url = new URL(this.postgres.url);
    url.pathname = `/${name}`;
    await this.sql.query(`CREATE DATABASE ${name}`);
    try {
      await migrate(url.href);
      return await work({ databaseUrl: url.href, redisUrl: this.redis.url }, join(this.options.dir, name));
    } finally {
      await dropDatabase(this.sql, name);
    }
  }

  async close(): Promise<void> {
    const parts: (() => Promise<unknown> | undefined)[] = [
      ...this.servers.map((server) => () => server.kill()),
      ...this.servers.flatMap(({ postgres, redis }) => [() => postgres.close(), () => redis.close()]),
      () => this.participant?.end(),
      () => this.sql?.end(),
      () => this.replication?.close(),
      () => this.replica?.stop(),
      () => this.redis?.stop(),
      () => this.postgres?.stop(),
    ];
    for (const part of parts) {
      try {
        await part();
      } catch (error) {
        this.options.say(`could not be stopped: ${(error as Error).message}`); // the others must be all the same
      }
    }
    if (this.smallDisk) spawnSync("umount", ["-l", this.smallDisk]);
  }

  private async build(): Promise<void> {
    const { dir, cacheDir, say } = this.options;
    say("starting Postgres and Redis");
    const stores = join(dir, "stores");
    mkdirSync(stores, { recursive: true });
    if (this.options.ownDisk && mounts(["-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", stores])) this.smallDisk = stores;
    await this.startPostgres();
    this.sql = new pg.Pool({ connectionString: this.postgres.url, max: 2, connectionTimeoutMillis: CONNECT_MS_MAX });
    this.sql.on("error", () => {}); // Postgres dies here now and then
    await this.startRedis();
    // Who is sent to the replica knows the primary's password.
    mkdirSync(join(dir, "replica"));
    copyFileSync(join(stores, "redis.password"), join(dir, "replica", "redis.password"));
    this.replica = await startRedis({ dir: join(dir, "replica"), cacheDir });
    this.replication = await FaultProxy.to(portOf(this.redis.url));
    await this.followPrimary();
    this.participant = await Participant.start();
    for (let i = 1; i <= this.options.servers; i++) {
      say(`starting server ${i} of ${this.options.servers}`);
      const postgres = await FaultProxy.to(portOf(this.postgres.url));
      const redis = await FaultProxy.to(portOf(this.redis.url));
      const env = {
        DATABASE_URL: throughPort(this.postgres.url, postgres.port),
        REDIS_URL: throughPort(this.redis.url, redis.port),
        PARTICIPANT_HOSTS: new URL(this.participant.url).host,
        RATE_LIMIT_PER_SECOND: "1000000",
      };
      const server = new ServerProcess(`server ${i}`, join(dir, "installation"), await freePort(), postgres, redis, env);
      this.servers.push(server);
      await server.start();
      this.key ||= server.key;
    }
  }
}

/** `npm run participant`, and what it is told and asked. */
class Participant {
  private constructor(private readonly process: PlayParticipant) {}

  static async start(): Promise<Participant> {
    const participant = new Participant(await PlayParticipant.choosePort());
    await participant.process.start();
    return participant;
  }

  get url(): string {
    return `http://${this.process.host}`;
  }

  start(): Promise<void> {
    return this.process.start();
  }

  kill(): Promise<void> {
    return this.process.kill();
  }

  end(): Promise<void> {
    return this.process.end();
  }

  async mode(mode: Record<string, unknown>): Promise<void> {
    const answer = await fetch(`${this.url}/mode`, { method: "PUT", body: JSON.stringify(mode), headers: { "content-type": "application/json" } });
    if (!answer.ok) throw new Error(`the participant does not take ${JSON.stringify(mode)}: ${await answer.text()}`);
  }

  /** What it remembers of a transaction's branch; NONE: it was never asked. */
  async says(txId: string): Promise<string> {
    const answer = await fetch(`${this.url}/transactions/${encodeURIComponent(txId)}`);
    if (answer.status === 404) return "NONE";
    const { branches } = (await answer.json()) as { branches: { state: string }[] };
    return branches[0]?.state ?? "NONE";
  }
}

const portOf = (url: string): number => Number(new URL(url).port);

/** Only root may, and not in every container. */
function mounts(args: string[]): boolean {
  return spawnSync("mount", args, { stdio: "ignore" }).status === 0;
}

function throughPort(url: string, port: number): string {
  const through = new URL(url);
  through.port = String(port);
  return through.href;
}
