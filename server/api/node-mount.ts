/**
 * The API on node:http, beside Next in one server: answers are written straight onto the response.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Api } from "./app.ts";

/** True when the API answers this URL (a path with its query). The console's routes lie under /api too: sort those out first. */
export function isApiUrl(url: string): boolean {
  return url.startsWith("/api/");
}

/** What Hono reads of a request; bodies are read from `incoming`. A real Request would cost more than the routing. */
function requestOf(incoming: IncomingMessage): Request {
  const url = incoming.url?.startsWith("/") ? incoming.url : "/";
  const lean = {
    method: incoming.method ?? "GET",
    url: `http://localhost${url}`,
    headers: {
      get(name: string): string | null {
        const value = incoming.headers[name];
        return value === undefined ? null : Array.isArray(value) ? value.join(", ") : value;
      },
    },
  };
  return lean as unknown as Request;
}

/** Bytes and time given to a sender that goes on after its answer, so that it can read the answer. Then the line is cut. */
const DRAIN_BYTES_MAX = 8 * 1_048_576;
const DRAIN_MS_MAX = 5_000;

function drain(incoming: IncomingMessage): void {
  let bytes = 0;
  const cut = setTimeout(() => incoming.destroy(), DRAIN_MS_MAX);
  cut.unref();
  incoming.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DRAIN_BYTES_MAX) incoming.destroy();
  });
  incoming.once("close", () => clearTimeout(cut));
  incoming.on("error", () => {});
  incoming.resume();
}

/** A listener for `http.createServer`, or for the custom server to call when `isApiUrl`. Never throws. */
export function nodeListener(api: Api): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
  return (incoming, outgoing) => {
    outgoing.once("finish", () => {
      if (!incoming.complete) drain(incoming);
    });
    void api.fetch(requestOf(incoming), { incoming, outgoing });
  };
}
