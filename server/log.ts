/**
 * The log: JSON lines on standard error, or short lines where a person is looking. Secrets never pass:
 * fields that carry them are removed, and passwords inside URLs are masked.
 */
import { Writable } from "node:stream";
import pino, { type Logger } from "pino";
import type { Config } from "./config.ts";

export type Log = Logger;

const SECRET_FIELDS = ["password", "secret", "apiKey", "authorization", "cookie", "databaseUrl", "redisUrl"];
const STANDARD_ERROR = 2;

export function createLog(level: Config["logLevel"]): Log {
  const paths = SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths, censor: "…" },
      serializers: { err: serializeError },
      formatters: { level: (label) => ({ level: label }) },
    },
    process.stderr.isTTY ? forPeople() : pino.destination({ fd: STANDARD_ERROR, sync: true }),
  );
}

/** `scheme://user:password@host` with the password masked. */
export function withoutPasswords(text: string): string {
  return text.replaceAll(/(\w:\/\/[^\s:@/]*):[^\s@/]+@/g, "$1:…@");
}

/** One broken dependency fails many times a second: the first of a kind is reported at once, then one every 10 s. */
const REPORT_EVERY_MS = 10_000;
/** Kinds remembered; more means that messages carry something unique, and then forgetting is right. */
const KINDS_MAX = 100;

/** @param report told how many of the same kind were left out since the last one. */
export function calm(report: (error: unknown, leftOut: number) => void, nowMs = () => performance.now()): (error: unknown) => void {
  const kinds = new Map<string, { reportedAtMs: number; leftOut: number }>();
  return (error) => {
    const kind = error instanceof Error ? `${error.name} ${error.message}` : String(error);
    const known = kinds.get(kind);
    if (known && nowMs() - known.reportedAtMs < REPORT_EVERY_MS) {
      known.leftOut += 1;
      return;
    }
    if (kinds.size >= KINDS_MAX) kinds.clear();
    kinds.set(kind, { reportedAtMs: nowMs(), leftOut: 0 });
    report(error, known?.leftOut ?? 0);
  };
}

function serializeError(error: unknown): object {
  if (!(error instanceof Error)) return { message: withoutPasswords(String(error)) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: withoutPasswords(error.message),
    ...(code === undefined ? {} : { code }),
    stack: withoutPasswords(error.stack ?? ""),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
}

function forPeople(): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const { level, time, msg, err, ...rest } = JSON.parse(chunk.toString()) as Record<string, unknown>;
      const fields = Object.entries(rest).map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
      const cause = err ? `: ${(err as { message?: string }).message}` : "";
      process.stderr.write(`${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(msg)}${cause}${fields.join("")}\n`, done);
    },
  });
}
