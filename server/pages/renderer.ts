/**
 * The pages' thread: Next, and nothing else. It listens on a loopback port of its own, and answers only who knows the word that the
 * engine's thread gave it; what a page shows is asked for through the door.
 */
import { createServer, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import next from "next";
import { setRuntime } from "../runtime.ts";
import { callsThrough } from "./door.ts";
import type { PageReads } from "./reads.ts";
import { type RendererData, type RendererReady, WORD_HEADER } from "./renderer-data.ts";

const { dir, door, word } = workerData as RendererData;

setRuntime({ reads: callsThrough<PageReads>(door) });
// Next attaches an upgrade listener to the server it is given, and ends sockets it does not know: it gets one nobody listens on.
const app = next({ dev: false, dir, httpServer: new Server() });
await app.prepare();
const render = app.getRequestHandler();
// Who passes requests on keeps its connections; one that was closed here as it was used again would cost a page.
const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  if (request.headers[WORD_HEADER] !== word) {
    response.writeHead(404).end();
    return;
  }
  delete request.headers[WORD_HEADER];
  render(request, response).catch((error: Error) => response.destroy(error));
});
server.listen(0, "127.0.0.1", () => parentPort?.postMessage({ port: (server.address() as AddressInfo).port } satisfies RendererReady));
