/**
 * One request and its answer, whichever server they came through. Two endings: the web-standard one (Next, tests), and
 * straight onto node:http, which costs a third of the other (docs/decisions/0020-one-api-two-endings.md).
 */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Context } from "hono";
import { BODY_BYTES_MAX } from "../contracts/limits.ts";
import { ApiError, invalid } from "./problem.ts";
import type { Answer } from "./route.ts";

/** What a node:http mount hands over beside the request; absent under Next. */
export interface NodeBindings {
  incoming?: IncomingMessage;
  outgoing?: ServerResponse;
}

export type ApiContext = Context<{ Bindings: NodeBindings }>;

/** The convention of @hono/node-server for "already written". */
const WRITTEN = new Response(null, { headers: { "x-hono-already-sent": "true" } });

function tooLarge(): ApiError {
  return new ApiError("BODY_TOO_LARGE", `A body may have ${BODY_BYTES_MAX} bytes.`);
}

/**
 * Whole chunks until the end. Nothing beyond the limit is kept, whatever Content-Length said.
 * @throws ApiError DEADLINE_EXCEEDED when the end has not come by then: nothing was done, however slowly the rest arrives.
 */
export async function readBody(c: ApiContext, remainingMs: number): Promise<Buffer | null> {
  const declared = c.req.raw.headers.get("content-length");
  if (declared !== null && Number(declared) > BODY_BYTES_MAX) throw tooLarge();
  const incoming = c.env?.incoming;
  const body = await inTime(incoming ? readIncoming(incoming) : readStream(c.req.raw), remainingMs);
  if (body && !isUtf8(body)) throw invalid("", "is not UTF-8");
  return body;
}

function inTime<T>(reading: Promise<T>, remainingMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new ApiError("DEADLINE_EXCEEDED", "The body did not arrive in time; nothing was done.")), remainingMs);
    reading.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function readIncoming(incoming: IncomingMessage): Promise<Buffer | null> {
  const { headers } = incoming;
  if (headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0") return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let ended = false;
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
      else if (!ended) {
        ended = true;
        chunks.length = 0;
        reject(tooLarge());
      }
    });
    incoming.on("end", () => {
      ended = true;
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    });
    incoming.on("error", () => reject(invalid("", "broke off")));
  });
}

async function readStream(request: Request): Promise<Buffer | null> {
  if (!request.body) return null;
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => Promise.reject(invalid("", "broke off")));
    if (done) return Buffer.concat(chunks);
    bytes += value.length;
    if (bytes > BODY_BYTES_MAX) {
      reader.cancel().catch(() => {});
      throw tooLarge();
    }
    chunks.push(value);
  }
}

/** Writes the answer where the request came from. */
export function respond(c: ApiContext, answer: Answer, traceId: string): Response {
  const content = answer.bytes ?? answer.text ?? JSON.stringify(answer.body);
  const headers: Record<string, string> = {
    "content-type": answer.contentType ?? "application/json",
    "cache-control": "no-store",
    "x-trace-id": traceId,
    ...answer.headers,
  };
  const outgoing = c.env?.outgoing;
  if (!outgoing) return new Response(content, { status: answer.status, headers });
  if (!outgoing.headersSent) {
    headers["content-length"] = String(Buffer.byteLength(content));
    outgoing.writeHead(answer.status, headers);
    outgoing.end(content);
  }
  return WRITTEN;
}
