/**
 * The one HTTP server: sorts requests to the API, the console's routes and Next's pages. Sockets attach themselves to it.
 * It knows none of them: what answers is given to it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { StartError } from "./embedded/start-error.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

export interface Handlers {
  /** True when the API answers this URL (a path with its query). */
  isApiUrl(url: string): boolean;
  /** True when an upgrade to this URL is somebody's; others are cut, or they would stay open for ever. */
  isSocketUrl(url: string): boolean;
  api: Handler;
  consoleApi: Handler;
  pages: Handler;
  /** A handler failed; its request is answered already, or cut. */
  onError(error: unknown): void;
}

/** The console's calls and its sign-in; everything else under /api belongs to the API. */
const CONSOLE_PATHS = /^\/api\/(?:console|auth)(?:[/?]|$)/;
/** Above what load balancers keep idle connections (60 s), so that it is they who close first. */
const KEEP_ALIVE_MS = 65_000;
const HEADERS_MS_MAX = 10_000;
const REQUEST_MS_MAX = 30_000;
/** A lunch rush opens its connections all at once. */
const BACKLOG = 1_024;

export class HttpServer {
  readonly node: Server;
  private stopping = false;

  constructor(handlers: Handlers) {
    this.node = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS_MAX, requestTimeout: REQUEST_MS_MAX }, (request, response) => {
      if (this.stopping) return refuse(response);
      const url = request.url ?? "/";
      const handler = CONSOLE_PATHS.test(url) ? handlers.consoleApi : handlers.isApiUrl(url) ? handlers.api : handlers.pages;
      // A handler may fail at once or later; either way this request ends, and only this one.
      new Promise((done) => done(handler(request, response))).catch((error: unknown) => {
        handlers.onError(error);
        if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
        response.end();
      });
    });
    this.node.on("upgrade", (request, socket) => {
      if (this.stopping || !handlers.isSocketUrl(request.url ?? "/")) socket.destroy();
    });
  }

  /** @returns the port. @throws StartError when it is taken. */
  listen(port: number, host: string): Promise<number> {
    return listen(this.node, port, host);
  }

  /** Takes no more requests, lets those under way finish for `graceMs`, then cuts what is left. */
  async close(graceMs: number): Promise<void> {
    this.stopping = true;
    const closed = new Promise<void>((resolve) => this.node.close(() => resolve()));
    this.node.closeIdleConnections();
    const cut = setTimeout(() => this.node.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(cut);
  }
}

/** @throws StartError when nothing can listen there. */
export async function checkPort(port: number, host: string): Promise<void> {
  const probe = createServer();
  await listen(probe, port, host);
  await new Promise((resolve) => probe.close(resolve));
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(new StartError(`${listenTrouble(error, port, host)}.`)));
    server.listen({ port, host, backlog: BACKLOG }, () => resolve((server.address() as AddressInfo).port));
  });
}

function refuse(response: ServerResponse): void {
  response.writeHead(503, { connection: "close", "retry-after": "1", "content-type": "text/plain" });
  response.end("Stopping.\n");
}

function listenTrouble({ code, message }: NodeJS.ErrnoException, port: number, host: string): string {
  if (code === "EADDRINUSE") return `Port ${port} on ${host} is in use: stop what listens there, or set PORT to another one`;
  if (code === "EACCES") return `Port ${port} may not be opened by this user: set PORT to one above 1023`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return `HOST ${host} is not an address of this machine`;
  return `Nothing can listen on ${host}:${port} (${message})`;
}
