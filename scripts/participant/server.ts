/**
 * The participant's HTTP: dtm's wire for coordinators; a page, its transactions and its mode for people. It listens on the
 * loopback only, and asks nobody who they are: it is to play with.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { BOOK_STATES, type BookEntry, type BookState } from "../../server/engine/tiers/tcc/participant-book.ts";
import type { BranchOperation } from "../../server/engine/tiers/tcc/participants.ts";
import { drawFailure, type Failure, type Mode, modeInWords, OPERATIONS, readMode, WELL, Wrong } from "./mode.ts";
import { statusPage } from "./page.ts";
import type { BranchRequest, Participant } from "./participant.ts";

/** As much as Eightysix passes on. */
const BODY_BYTES_MAX = 1_048_576;
const SLOW_MS = 2_000;
const HUGE_BYTES = 10_485_760;
/** Hung calls keep theirs until the caller gives up. */
const CONNECTIONS_MAX = 2_048;
const LISTED_DEFAULT = 100;
const LISTED_MAX = 1_000;

/** dtm's ids are longer than ours may be, and go into a URL all the same. */
const WIRE_ID = /^[\x21-\x7e]{1,128}$/;

/** The URL each operation goes to. dtm has none for reverse: it goes where cancel goes. */
const PATHS: Record<BranchOperation, string> = { try: "/try", confirm: "/confirm", cancel: "/cancel", reverse: "/cancel" };

class Refusal extends Error {
  constructor(
    readonly status: 400 | 404 | 405 | 413,
    message: string,
  ) {
    super(message);
  }
}

export interface ParticipantServer {
  url: string;
  port: number;
  mode: Mode;
  close(): Promise<void>;
}

export interface ServerParts {
  participant: Participant;
  port: number;
  mode?: Mode;
  /** In [0, 1). */
  random?: () => number;
  /** The disk failed: nothing can be answered any more. */
  onBroken(error: Error): void;
}

/** @throws the error of `listen`, as when the port is taken. */
export async function serveParticipant({ participant, port, mode = { ...WELL }, random = Math.random, onBroken }: ServerParts): Promise<ParticipantServer> {
  const served: ParticipantServer = { url: "", port: 0, mode, close: () => closed(server) };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (error instanceof Refusal) send(response, error.status, { message: error.message }, error.status === 413 ? { connection: "close" } : {});
      else if (request.destroyed && !request.complete) response.destroy(); // the caller went away in mid-sentence
      else {
        response.destroy();
        onBroken(error as Error);
      }
    });
  });
  server.maxConnections = CONNECTIONS_MAX;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(`http://participant${request.url?.startsWith("/") ? request.url : "/"}`);
    const { pathname } = url;
    if (Object.values(PATHS).includes(pathname)) {
      if (request.method !== "POST") throw new Refusal(405, `${pathname} takes POST.`);
      const branch = readBranch(url, await readJson(request));
      await branchCall(branch, drawFailure(served.mode, branch.operation, random), request, response);
      return;
    }
    if (pathname === "/mode") {
      if (request.method === "PUT") served.mode = modeOf(await readJson(request));
      else if (request.method !== "GET") throw new Refusal(405, "/mode takes GET and PUT.");
      send(response, 200, { ...served.mode, inWords: modeInWords(served.mode) });
      return;
    }
    if (request.method !== "GET") throw new Refusal(404, `There is no ${request.method} ${pathname}: branches go to /try, /confirm and /cancel.`);
    const gid = /^\/transactions\/([^/]+)$/.exec(pathname)?.[1];
    if (pathname === "/") home(request, response);
    else if (pathname === "/transactions") send(response, 200, { branches: listed(url).map(shown) });
    else if (gid !== undefined) transaction(decoded(gid), response);
    else throw new Refusal(404, `There is no ${pathname}: look at /, /mode, /transactions and /transactions/GID.`);
  }

  async function branchCall(branch: BranchRequest, failure: Failure, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isDone = failure === "none" || failure === "slow" || failure === "lose";
    if (!isDone) {
      participant.remember(branch, `${failure}, as told`);
      fail(failure, request, response);
      return;
    }
    const result = await participant.serve(branch);
    if (result === "full") {
      participant.remember(branch, "503: the book is full");
      send(response, 503, { message: "The book is full: start again with another --data folder." });
      return;
    }
    const words = result.refusal ? `${result.status} ${result.refusal}` : String(result.status);
    participant.remember(branch, failure === "none" ? words : `${words}, but ${failure}, as told`);
    const give = () => send(response, result.status, result.refusal ? { dtm_result: "FAILURE", message: result.refusal } : { dtm_result: "SUCCESS" });
    if (failure === "lose") request.socket.destroy();
    else if (failure === "slow") setTimeout(give, SLOW_MS).unref();
    else give();
  }

  function home(request: IncomingMessage, response: ServerResponse): void {
    const { calls, lastCalls, book } = participant;
    const status = { url: served.url, mode: { ...served.mode, inWords: modeInWords(served.mode) }, calls, ...book.totals(), lastCalls };
    if (!request.headers.accept?.includes("text/html")) {
      send(response, 200, status);
      return;
    }
    const { html, policy } = statusPage(status, participant.newest(null, LISTED_DEFAULT).map(shown));
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy, "cache-control": "no-store" });
    response.end(html);
  }

  function listed(url: URL): BookEntry[] {
    const state = url.searchParams.get("state");
    const limit = Number(url.searchParams.get("limit") ?? LISTED_DEFAULT);
    if (state !== null && !(BOOK_STATES as readonly string[]).includes(state)) throw new Refusal(400, `state takes one of ${BOOK_STATES.join(", ")}.`);
    if (!Number.isInteger(limit) || limit < 1 || limit > LISTED_MAX) throw new Refusal(400, `limit takes a whole number from 1 to ${LISTED_MAX}.`);
    return participant.newest(state as BookState | null, limit);
  }

  function transaction(gid: string, response: ServerResponse): void {
    const branches = participant.book.branchesOf(gid);
    if (branches.length === 0) throw new Refusal(404, "No call of this transaction came here.");
    send(response, 200, { gid, branches: branches.map(shown) });
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  served.port = (server.address() as AddressInfo).port;
  served.url = `http://127.0.0.1:${served.port}`;
  return served;
}

/** Answers as told, without touching the branch. */
function fail(failure: Failure, request: IncomingMessage, response: ServerResponse): void {
  switch (failure) {
    case "409":
      send(response, 409, { dtm_result: "FAILURE", message: "told to refuse" });
      break;
    case "425":
      send(response, 425, { dtm_result: "ONGOING", message: "told to say not yet" });
      break;
    case "503":
      send(response, 503, { message: "told to be out of order" }, { "retry-after": "1" });
      break;
    case "redirect":
      send(response, 307, { message: "told to send callers elsewhere" }, { location: "/elsewhere" });
      break;
    case "huge":
      response.writeHead(200, { "content-type": "application/json", "content-length": HUGE_BYTES });
      response.end(Buffer.alloc(HUGE_BYTES, " "));
      break;
    case "garbage":
      request.socket.end("\x00\x7f what you hear is not HTTP \r\n\r\n");
      break;
    default: // hang: the caller ends it
  }
}

/** The branch a call is about. @throws Refusal naming what is wrong with it. */
function readBranch(url: URL, body: unknown): BranchRequest {
  const query = url.searchParams;
  const gid = query.get("gid") ?? "";
  const branchId = query.get("branch_id") ?? "";
  const said = [...new Set([query.get("op"), query.get("branch_type")].filter((one) => one !== null))];
  if (!WIRE_ID.test(gid)) throw new Refusal(400, "The query needs gid: 1 to 128 printable characters.");
  if (!WIRE_ID.test(branchId)) throw new Refusal(400, "The query needs branch_id: 1 to 128 printable characters.");
  if (query.get("trans_type") !== "tcc") throw new Refusal(400, "The query needs trans_type=tcc: this participant plays no other.");
  const [operation] = said;
  if (said.length !== 1 || !(OPERATIONS as readonly (string | undefined)[]).includes(operation)) {
    throw new Refusal(400, `The query needs op or branch_type, or both with one value: ${OPERATIONS.join(", ")}.`);
  }
  const expected = PATHS[operation as BranchOperation];
  if (url.pathname !== expected) throw new Refusal(400, `op=${operation} goes to ${expected}, not to ${url.pathname}.`);
  return { gid, branchId, operation: operation as BranchOperation, body };
}

function modeOf(body: unknown): Mode {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Refusal(400, 'A mode is a JSON object, as in {"fail":"503","operations":["confirm"]}.');
  try {
    return readMode(body as Record<string, unknown>);
  } catch (error) {
    if (error instanceof Wrong) throw new Refusal(400, error.message);
    throw error;
  }
}

/** Null when there is no body. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Refusal(413, `A body has at most ${BODY_BYTES_MAX} bytes.`);
    chunks.push(chunk);
  }
  if (bytes === 0) return null;
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw new Refusal(400, "The body is not JSON.");
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal(400, "The transaction's id is not well encoded.");
  }
}

function shown({ txId, branchId, state, amount, atMs }: BookEntry) {
  return { gid: txId, branchId, state, amount, at: new Date(atMs).toISOString() };
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
