/**
 * One keep-alive client for the whole rush. A request never throws: it is answered, or lost (and then its outcome is
 * unknown). It knows no verbs and retries nothing; `api.ts` and the customers do.
 * undici's `dispatch` costs 81 µs of processor a request here, node:http 247 µs: the client runs beside the server.
 */
import { Pool } from "undici";

/** A server's own budget is 800 ms; an answer that takes ten times as long is lost. */
const ANSWER_MS_MAX = 8_000;
const CONNECT_MS_MAX = 3_000;

/** One for all: making an Error is dearer than the request. */
const HUNG_UP = new Error("the customer hung up");

export type LossReason = "aborted" | "connection" | "timeout";

export type Answer =
  /** `body` is null when it is not JSON. */
  | { kind: "answered"; status: number; body: unknown; retryAfterMs: number | null; sentAtMs: number; doneAtMs: number }
  /** No answer was read: the request may or may not have been done. */
  | { kind: "lost"; reason: LossReason; detail: string; sentAtMs: number; doneAtMs: number };

export interface WireRequest {
  method: "GET" | "POST";
  path: string;
  body?: unknown;
  idempotencyKey?: string;
  /** Hang up after so many milliseconds, as a customer in a lift does; at the latest when the answer begins to arrive. */
  abortAfterMs?: number | undefined;
}

export class Wire {
  private readonly pool: Pool;
  private readonly prefix: string;
  private readonly authorization: string;

  constructor(options: { url: string; key: string; connections: number }) {
    const url = new URL(options.url);
    this.prefix = url.pathname.replace(/\/$/, "");
    this.authorization = `Bearer ${options.key}`;
    this.pool = new Pool(url.origin, {
      connections: options.connections,
      pipelining: 1,
      headersTimeout: ANSWER_MS_MAX,
      bodyTimeout: ANSWER_MS_MAX,
      connect: { timeout: CONNECT_MS_MAX },
    });
  }

  send(request: WireRequest): Promise<Answer> {
    const sentAtMs = performance.now();
    return new Promise((resolve) => {
      let status = 0;
      let retryAfterMs: number | null = null;
      const chunks: Buffer[] = [];
      let hangUp: ((reason: Error) => void) | null = null;
      let aborted = false;
      const cut = () => {
        aborted = true;
        hangUp?.(HUNG_UP);
      };
      const timer = request.abortAfterMs === undefined ? null : setTimeout(cut, request.abortAfterMs);
      const lose = (reason: LossReason, detail: string) => {
        if (timer) clearTimeout(timer);
        resolve({ kind: "lost", reason, detail, sentAtMs, doneAtMs: performance.now() });
      };

      const headers: Record<string, string> = { authorization: this.authorization };
      if (request.body !== undefined) headers["content-type"] = "application/json";
      if (request.idempotencyKey !== undefined) headers["idempotency-key"] = request.idempotencyKey;
      this.pool.dispatch(
        {
          method: request.method,
          path: this.prefix + request.path,
          headers,
          body: request.body === undefined ? null : JSON.stringify(request.body),
        },
        {
          onRequestStart(controller) {
            hangUp = (reason) => controller.abort(reason);
            if (aborted) cut();
          },
          onResponseStart(_controller, statusCode, responseHeaders) {
            if (request.abortAfterMs !== undefined) {
              cut();
              return;
            }
            status = statusCode;
            retryAfterMs = retryAfterOf(responseHeaders["retry-after"]);
          },
          onResponseData(_controller, chunk) {
            chunks.push(chunk);
          },
          onResponseEnd() {
            if (timer) clearTimeout(timer);
            const text = chunks.length === 1 ? chunks[0]!.toString("utf8") : Buffer.concat(chunks).toString("utf8");
            resolve({ kind: "answered", status, body: parsed(text), retryAfterMs, sentAtMs, doneAtMs: performance.now() });
          },
          onResponseError(_controller, error) {
            if (aborted) lose("aborted", "hung up by the customer");
            else lose(/timeout/i.test(error.name) ? "timeout" : "connection", describe(error));
          },
        },
      );
    });
  }

  /** Ends every connection; requests in flight are lost. */
  async close(): Promise<void> {
    await this.pool.destroy();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function retryAfterOf(header: string | string[] | undefined): number | null {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) && header !== undefined ? seconds * 1000 : null;
}

function describe(error: Error): string {
  const cause = error as { code?: string; message: string; errors?: { code?: string }[] };
  return cause.code ?? cause.errors?.[0]?.code ?? cause.message;
}
