/**
 * The only reader of process.env. Every variable is described here, checked once, and wrong ones are named in one sentence.
 * It cannot tell whether a server answers at a URL: server/embedded/stores.ts tries.
 */
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { FAILPOINTS, type Failpoint } from "./engine/kernel/failpoints.ts";
import { StartError } from "./embedded/start-error.ts";
import { NOTIFY_FORMATS, type NotifyFormat } from "./notifications/formats.ts";

export const PROJECT_DIR = resolve(import.meta.dirname, "..");

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max);

const urlOf = (...protocols: string[]) => z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol));

/** What the engine's directory of participants takes, so that a wrong file is named as such. */
const participantUrl = z.url({ protocol: /^https?$/ }).refine((value) => new URL(value).username === "" && new URL(value).password === "");
const participant = z.strictObject({ name: z.string().regex(/^[\w.:-]{1,64}$/), tryUrl: participantUrl, confirmUrl: participantUrl, cancelUrl: participantUrl });
const participants = z.array(participant).refine((list) => new Set(list.map(({ name }) => name)).size === list.length);

interface Variable {
  name: string;
  /** As shown to people; null: not set. */
  fallback: string | null;
  meaning: string;
  /** Completes "NAME must be …". */
  mustBe: string;
  schema: z.ZodType;
  /** Its value is never shown. */
  secret?: boolean;
}

/** One row a variable: docs/operations/running.md shows the same table, and a test compares them. */
export const VARIABLES = [
  { name: "PORT", fallback: "8686", meaning: "Port of the console and the API; 0 takes a free one.", mustBe: "a whole number from 0 to 65535", schema: whole(0, 65_535) },
  { name: "HOST", fallback: "127.0.0.1", meaning: "Address to listen on.", mustBe: "an address or a host name", schema: z.string().regex(/^[\w.:-]+$/) },
  { name: "DATABASE_URL", fallback: null, meaning: "A Postgres of your own. Together with REDIS_URL: nothing embedded is started.", mustBe: "a URL that begins with postgresql://", schema: urlOf("postgres:", "postgresql:"), secret: true },
  { name: "REDIS_URL", fallback: null, meaning: "A Redis or Valkey of your own. Together with DATABASE_URL.", mustBe: "a URL that begins with redis:// or rediss://", schema: urlOf("redis:", "rediss:"), secret: true },
  { name: "DATA_DIR", fallback: ".data", meaning: "Folder of the embedded servers, their secrets and first-run.json.", mustBe: "a folder's path", schema: z.string() },
  { name: "RATE_LIMIT_PER_SECOND", fallback: "1000", meaning: "Transactions a second each API key may send that has no rate of its own.", mustBe: "a whole number from 1 to 1000000", schema: whole(1, 1_000_000) },
  { name: "PARTICIPANTS_FILE", fallback: null, meaning: "JSON file naming remote participants: a list of {name, tryUrl, confirmUrl, cancelUrl}.", mustBe: "the path of a JSON file with a list of {name, tryUrl, confirmUrl, cancelUrl}", schema: z.string().transform(readParticipants) },
  { name: "PARTICIPANT_HOSTS", fallback: null, meaning: "Hosts that requests may name as participants: host or host:port, with commas between. By default none; with the embedded servers 127.0.0.1:8687, where `npm run participant` listens.", mustBe: "hosts with commas between, as in coupons.local:8080,pay.local", schema: list(z.string().regex(/^[\w.-]+(:\d+)?$/)) },
  { name: "PAYMENT_SECRETS", fallback: null, meaning: "Secrets that sign payment callbacks: source=secret, with commas between.", mustBe: "pairs of source=secret with commas between", schema: list(z.string().regex(/^[\w.:-]{1,64}=.+$/)), secret: true },
  { name: "NOTIFY_URL", fallback: null, meaning: "Webhook that is told of review tickets, refunds, payments without an order and participants that stay away. By default nobody is.", mustBe: "a URL that begins with https:// or http://", schema: urlOf("http:", "https:"), secret: true },
  { name: "NOTIFY_FORMAT", fallback: "json", meaning: "What the webhook takes: json, dingtalk or feishu.", mustBe: `one of ${NOTIFY_FORMATS.join(", ")}`, schema: z.enum(NOTIFY_FORMATS) },
  { name: "SESSION_SECRET", fallback: null, meaning: "Signs the console's cookies. By default kept in DATA_DIR; instances with different DATA_DIRs need the same one.", mustBe: "at least 32 characters", schema: z.string().min(32), secret: true },
  { name: "LOG_LEVEL", fallback: "info", meaning: "How much is logged.", mustBe: `one of ${LOG_LEVELS.join(", ")}`, schema: z.enum(LOG_LEVELS) },
  { name: "FAILPOINT", fallback: null, meaning: "For tests of what a crash leaves: the process kills itself where the engine first comes by this place.", mustBe: `one of ${FAILPOINTS.join(", ")}`, schema: z.enum(FAILPOINTS) },
  { name: "RETENTION_DAYS", fallback: "30", meaning: "Days that finished transactions are kept.", mustBe: "a whole number from 1 to 3650", schema: whole(1, 3_650) },
] as const satisfies readonly Variable[];

/** Where `npm run participant` listens. Nobody else's service is reached by it: an installation with servers of its own has none. */
const PLAY_HOSTS = ["127.0.0.1:8687", "localhost:8687"];

export interface Participant {
  name: string;
  tryUrl: string;
  confirmUrl: string;
  cancelUrl: string;
}

export interface Config {
  port: number;
  host: string;
  /** Null: the embedded servers in `dataDir`. */
  stores: { databaseUrl: string; redisUrl: string } | null;
  /** Absolute. */
  dataDir: string;
  /** Absolute; where downloaded programs are kept. */
  cacheDir: string;
  rateLimitPerSecond: number;
  participants: readonly Participant[];
  participantHosts: readonly string[];
  paymentSecrets: ReadonlyMap<string, string>;
  /** Null: nobody is told. The URL is a secret. */
  notify: { url: string; format: NotifyFormat } | null;
  /** Null: kept in `dataDir`. */
  sessionSecret: string | null;
  logLevel: (typeof LOG_LEVELS)[number];
  retentionDays: number;
  /** Null: none. */
  failpoint: Failpoint | null;
  /** npm runs us: when it is killed, nobody could stop us any more. */
  startedByNpm: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws StartError naming the first variable that is wrong. */
export function readConfig(env: Environment = process.env): Config {
  const values = Object.fromEntries(VARIABLES.map((variable) => [variable.name, readValue(variable, env)]));
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = values as Record<string, string | undefined>;
  if (!databaseUrl !== !redisUrl) {
    const [given, missing] = databaseUrl ? ["DATABASE_URL", "REDIS_URL"] : ["REDIS_URL", "DATABASE_URL"];
    throw new StartError(`${given} is set and ${missing} is not: give both, or neither for the embedded servers.`);
  }
  return {
    port: values.PORT as number,
    host: values.HOST as string,
    stores: databaseUrl && redisUrl ? { databaseUrl, redisUrl } : null,
    dataDir: resolve(PROJECT_DIR, values.DATA_DIR as string),
    cacheDir: resolve(PROJECT_DIR, ".cache"),
    rateLimitPerSecond: values.RATE_LIMIT_PER_SECOND as number,
    participants: (values.PARTICIPANTS_FILE as Participant[] | undefined) ?? [],
    participantHosts: (values.PARTICIPANT_HOSTS as string[] | undefined) ?? (databaseUrl ? [] : PLAY_HOSTS),
    paymentSecrets: new Map(((values.PAYMENT_SECRETS as string[] | undefined) ?? []).map(splitPair)),
    notify: values.NOTIFY_URL ? { url: values.NOTIFY_URL as string, format: values.NOTIFY_FORMAT as NotifyFormat } : null,
    sessionSecret: (values.SESSION_SECRET as string | undefined) ?? null,
    logLevel: values.LOG_LEVEL as Config["logLevel"],
    retentionDays: values.RETENTION_DAYS as number,
    failpoint: (values.FAILPOINT as Failpoint | undefined) ?? null,
    startedByNpm: env.npm_lifecycle_event === "start",
  };
}

/** An empty variable counts as one that is not set: that is how people clear them. */
function readValue(variable: Variable, env: Environment): unknown {
  const raw = env[variable.name]?.trim() || variable.fallback;
  if (raw === null || raw === undefined) return undefined;
  const parsed = variable.schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new StartError(`${variable.name} must be ${variable.mustBe}${variable.secret ? "" : `; it is "${raw}"`}.`);
}

function list(item: z.ZodString) {
  return z
    .string()
    .transform((text) => text.split(",").map((part) => part.trim()).filter(Boolean))
    .pipe(z.array(item).min(1));
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function readParticipants(path: string, context: z.RefinementCtx): Participant[] {
  const file = resolve(PROJECT_DIR, path);
  try {
    if (existsSync(file)) return participants.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {}
  context.addIssue({ code: "custom", message: "not such a file" });
  return z.NEVER;
}
