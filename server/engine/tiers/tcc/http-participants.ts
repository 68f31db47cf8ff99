/**
 * HttpParticipants calls other services over HTTP, in dtm's wire: POST, the branch in the query, the verdict in the status.
 * It follows no redirect, reads no more than it must, and never repeats a call by itself: `phase-two` decides that.
 */
import { Agent, type Dispatcher } from "undici";
import { type Clock, realClock } from "../../kernel/clock.ts";
import type { CallTarget, ParticipantDirectory } from "../../kernel/participant-directory.ts";
import { type Random, realRandom } from "../../kernel/random.ts";
import { failed, type Heard, judge } from "./participant-answers.ts";
import { CONNECTIONS_MAX, ParticipantGate, type ParticipantWire } from "./participant-gate.ts";
import { branchIdOf } from "./participant-book.ts";
import type { BranchAnswer, BranchCall, BranchErrorClass, Participants, ParticipantState } from "./participants.ts";

/** dtm's answers are one line; this leaves room for an error page with its stack. 64 connections of it are 4 MiB. */
export const RESPONSE_BYTES_MAX = 65_536;

/** Within a data centre a connection takes a millisecond; after one lost packet the kernel tries again at 1 s. */
const CONNECT_MS_MAX = 1_500;

/** Node closes an idle connection after 5 s, most servers later: we let go first, or a call meets a closing door. */
const IDLE_MS_MAX = 4_000;

/** One for all: making an Error is dearer than the request. */
const STOPPED = new Error("the call was over before its answer was");

/** The answer breaks HTTP's rules; every other error means that the connection did not hold. */
function breaksHttp({ name, message, code }: Error & { code?: string }): boolean {
  if (name === "HTTPParserError" || code === "UND_ERR_HEADERS_OVERFLOW") return true;
  return message === "bad response" || message === "bad upgrade"; // undici tells these apart by message only
}

export interface HttpParticipantsParts {
  directory: ParticipantDirectory;
  clock?: Clock;
  random?: Random;
}

export class HttpParticipants implements Participants {
  private readonly wire: HttpWire;
  private readonly gate: ParticipantGate;

  constructor({ directory, clock = realClock, random = realRandom }: HttpParticipantsParts) {
    this.wire = new HttpWire(clock, random);
    this.gate = new ParticipantGate(clock, directory, this.wire);
  }

  call(call: BranchCall, timeoutMs: number): Promise<BranchAnswer> {
    return this.gate.call(call, timeoutMs);
  }

  states(): ParticipantState[] {
    return this.gate.states();
  }

  /** Breaks every connection; calls under way answer UNREACHABLE. */
  async close(): Promise<void> {
    await this.wire.close();
  }
}

class HttpWire implements ParticipantWire {
  private readonly agent = new Agent({
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    connect: { timeout: CONNECT_MS_MAX },
    keepAliveTimeout: IDLE_MS_MAX,
    keepAliveMaxTimeout: IDLE_MS_MAX,
    // The call's own limit is exact, and there are no others.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  send(call: BranchCall, target: CallTarget, timeoutMs: number): Promise<Heard> {
    return new Promise((resolve) => {
      const answer = new AnswerReader(call, (heard) => {
        timer.cancel();
        resolve(heard);
      });
      const timer = this.clock.schedule(timeoutMs, () => {
        answer.stop(failed("TIMEOUT", `No answer from ${call.participant} within ${Math.round(timeoutMs)} ms.`));
      });
      try {
        this.agent.dispatch(this.request(call, target), answer);
      } catch (error) {
        answer.stop(failed("UNREACHABLE", `The call could not be made: ${(error as Error).message}.`));
      }
    });
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private request(call: BranchCall, target: CallTarget): Dispatcher.DispatchOptions {
    const headers: Record<string, string> = { traceparent: `00-${call.traceId}-${this.spanId()}-01` };
    const hasBody = call.body !== null && call.body !== undefined;
    if (hasBody) headers["content-type"] = "application/json";
    return { origin: target.origin, method: "POST", path: withBranch(target.path, call), headers, body: hasBody ? JSON.stringify(call.body) : null };
  }

  /** 16 hex digits, never all zero. */
  private spanId(): string {
    const half = () => Math.floor(this.random.next() * 0xffff_ffff);
    return (half() + 1).toString(16).padStart(8, "0") + half().toString(16).padStart(8, "0");
  }
}

/** The URL's own query stays as it was written. Older SDKs of dtm read `branch_type`, newer ones `op`. */
export function withBranch(path: string, { txId, branchNo, operation }: BranchCall): string {
  const query = `gid=${encodeURIComponent(txId)}&branch_id=${branchIdOf(branchNo)}&trans_type=tcc&op=${operation}&branch_type=${operation}`;
  return path + (path.includes("?") ? "&" : "?") + query;
}

/** Reads one answer as it comes in, and ends at the first thing that settles it. */
class AnswerReader implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private isOver = false;
  private status = 0;
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly call: BranchCall,
    private readonly done: (heard: Heard) => void,
  ) {}

  /** Ends the call now, whatever is still to come. */
  stop(heard: Heard): void {
    if (this.isOver) return;
    this.end(heard);
    this.controller?.abort(STOPPED);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.isOver) controller.abort(STOPPED); // it waited for a connection all the time; nothing has been sent
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    if (status >= 200) this.status = status; // before it come 100 and 103, which say nothing
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes <= RESPONSE_BYTES_MAX) this.chunks.push(chunk);
    else this.stop(failed("INVALID_RESPONSE", `${this.call.participant} answered ${this.status} with more than ${RESPONSE_BYTES_MAX} bytes.`, this.status));
  }

  onResponseEnd(): void {
    this.end(judge(this.status, Buffer.concat(this.chunks).toString("utf8"), this.call.txId));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const isNotHttp = breaksHttp(error);
    const errorClass: BranchErrorClass = isNotHttp ? "INVALID_RESPONSE" : "UNREACHABLE";
    const what = isNotHttp ? "did not answer in HTTP" : "cannot be reached, or broke the connection";
    this.end(failed(errorClass, `${this.call.participant} ${what} (${reasonOf(error)}).`, this.status || null));
  }

  private end(heard: Heard): void {
    if (this.isOver) return;
    this.isOver = true;
    this.chunks.length = 0;
    this.done(heard);
  }
}

/** A failed connection to several addresses hides its reasons in a list. */
function reasonOf(error: Error): string {
  const { code, errors } = error as NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] };
  return code ?? errors?.find((one) => one.code)?.code ?? error.message;
}
