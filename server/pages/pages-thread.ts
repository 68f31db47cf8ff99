/**
 * The console's pages, rendered in a thread of their own: rendering one takes longer than a batch of orders, and a batch waits for
 * nobody's page. Requests are passed on as they are, and streamed back; a thread that dies takes no order with it, and is started again.
 */
import { randomBytes } from "node:crypto";
import { Agent, request as passOn, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, Worker } from "node:worker_threads";
import { wellFormed } from "./address.ts";
import { answerCalls } from "./door.ts";
import type { PageReads } from "./reads.ts";
import { type RendererData, type RendererReady, WORD_HEADER } from "./renderer-data.ts";

const ENTRY = new URL("./renderer-entry.mjs", import.meta.url);

/** Files of a build come in bursts, one renders at a time anyway. */
const CONNECTIONS_MAX = 32;

/** A thread that dies as it starts must not keep a core busy with starting it. */
const RESTART_AFTER_MS = 1_000;

/** They are between two neighbours, not for the far end. */
const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding"] as const;

export interface PagesDeps {
  /** The project, with its build. */
  dir: string;
  reads: PageReads;
  /** The thread died, or a page could not be passed on. */
  onTrouble(error: unknown): void;
  /** Another renderer, for tests. */
  entry?: URL;
  restartAfterMs?: number;
}

export class PagesThread {
  private readonly word = randomBytes(32).toString("base64url");
  private readonly agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  private worker: Worker | null = null;
  /** Null while the thread is being started. */
  private port: number | null = null;
  private closing = false;

  private constructor(private readonly deps: PagesDeps) {}

  /** @throws when the thread ends before it can render. */
  static async start(deps: PagesDeps): Promise<PagesThread> {
    const pages = new PagesThread(deps);
    await pages.run();
    return pages;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { port, agent } = this;
    if (port === null) return refuse(response);
    const headers: OutgoingHttpHeaders = { ...request.headers, [WORD_HEADER]: this.word };
    delete headers.connection;
    const inner = passOn({ host: "127.0.0.1", port, agent, method: request.method, path: wellFormed(request.url ?? "/"), headers });
    const answered = new Promise<IncomingMessage>((resolve, reject) => inner.once("response", resolve).once("error", reject));
    // Whoever does not wait for the page is not rendered for.
    response.once("close", () => inner.destroy());
    try {
      const [answer] = await Promise.all([answered, pipeline(request, inner)]);
      for (const name of HOP_BY_HOP) delete answer.headers[name];
      response.writeHead(answer.statusCode as number, answer.headers);
      await pipeline(answer, response);
    } catch (error) {
      if (response.closed || response.destroyed) return;
      this.deps.onTrouble(error);
      if (response.headersSent) response.destroy();
      else refuse(response);
    }
  }

  async close(): Promise<void> {
    this.closing = true;
    this.agent.destroy();
    await this.worker?.terminate();
  }

  private async run(): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    answerCalls(port1, this.deps.reads);
    const workerData: RendererData = { dir: this.deps.dir, door: port2, word: this.word };
    const worker = (this.worker = new Worker(this.deps.entry ?? ENTRY, { workerData, transferList: [port2], name: "pages" }));
    await new Promise<void>((resolve, reject) => {
      let failure: unknown = null;
      worker.once("message", ({ port }: RendererReady) => {
        this.port = port;
        resolve();
      });
      worker.once("error", (error) => (failure = error));
      worker.once("exit", (code) => {
        port1.close();
        const wasUp = this.port !== null;
        this.port = null;
        const error = failure ?? new Error(`the pages' thread ended with ${code}`);
        reject(error);
        if (wasUp && !this.closing) void this.again(error);
      });
    });
  }

  private async again(error: unknown): Promise<void> {
    this.deps.onTrouble(error);
    while (!this.closing) {
      await sleep(this.deps.restartAfterMs ?? RESTART_AFTER_MS, null, { ref: false });
      if (this.closing) return;
      try {
        return await this.run();
      } catch (failure) {
        if (!this.closing) this.deps.onTrouble(failure);
      }
    }
  }
}

function refuse(response: ServerResponse): void {
  response.writeHead(503, { "content-type": "text/plain", "retry-after": "1" });
  response.end("The console's pages are being started again.\n");
}
