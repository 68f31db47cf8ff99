/**
 * The clients of a campaign, as its checks see them: every call over HTTP, with what it asked, what it heard and when. It leaves the
 * same history that a simulated run leaves, so the same checks read it. It cannot know what the ledger did: `commits.ts` reads that.
 */
import type { EngineErrorCode } from "../../server/engine/kernel/errors.ts";
import type { Call, ChangeCall, Ending, MoveCall, TryCall } from "../../server/engine/simulation/history.ts";

/** Longer than a server's own budget: what is not answered by then has an unknown outcome. */
const PATIENCE_MS = 2_500;

/** A server that is away refuses at once; nobody asks again in the same moment. */
const REFUSED_PAUSE_MS = 20;

/** What may be under way when something breaks. */
export const PHASES = ["try", "try with participants", "confirm", "cancel", "reverse", "stock change"] as const;
export type Phase = (typeof PHASES)[number];

type Asked<C extends Call> = Pick<C, "verb" | "request">;
export type Question = Asked<TryCall> | Asked<MoveCall> | Asked<ChangeCall>;

export interface Addressee {
  name: string;
  url: string;
}

/** What one call heard: its HTTP status, and the code of a no. Null: nothing was heard, and the outcome is unknown. */
export type Heard = { status: number; code: string | null } | null;

interface Said {
  code?: string;
  retryable?: boolean;
  dishes?: { dishId: string; wanted: number }[];
}

export class Clients {
  readonly calls: Call[] = [];
  readonly counts = { calls: 0, accepted: 0, replayed: 0, refused: 0, unknown: 0, "sent twice": 0, "sent late": 0, "sent with another basket": 0 };
  /** Answers by what was asked and heard. */
  readonly answers = new Map<string, number>();
  /** Answers that no client should ever get, as sentences. */
  readonly odd: string[] = [];
  /** Calls that were sent and not answered, now. */
  readonly underWay = new Map<Phase, number>(PHASES.map((phase) => [phase, 0]));

  constructor(private readonly key: () => string) {}

  /** @param leftMs what the caller has left, when that is less than a server gives. */
  async ask(question: Question, { name, url }: Addressee, leftMs?: number): Promise<Heard> {
    const phase = phaseOf(question);
    this.counts.calls++;
    this.step(phase, 1);
    const startedAtMs = Date.now();
    const { ending, heard } = await this.send(question, url, leftMs);
    this.step(phase, -1);
    this.calls.push({ ...question, at: name, startedAtMs, endedAtMs: Date.now(), ending } as Call);
    this.count(question, heard);
    if (heard === null) await new Promise((resolve) => setTimeout(resolve, REFUSED_PAUSE_MS));
    return heard;
  }

  private async send(question: Question, url: string, leftMs?: number): Promise<{ ending: Ending<unknown>; heard: Heard }> {
    const { path, body, idempotencyKey } = wireOf(question);
    const headers = {
      authorization: `Bearer ${this.key()}`,
      "content-type": "application/json",
      ...(idempotencyKey && { "idempotency-key": idempotencyKey }),
      ...(leftMs && { "x-request-timeout-ms": String(leftMs) }),
    };
    let status: number;
    let said: Said;
    try {
      const answer = await fetch(url + path, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      status = answer.status;
      said = (await answer.json()) as Said;
    } catch {
      return { ending: { kind: "unknown" }, heard: null }; // refused, reset, cut in mid-sentence, or out of patience
    }
    if (status < 400) return { ending: { kind: "answered", answer: answerOf(question, status, said) }, heard: { status, code: null } };
    const { code = "", retryable = false, dishes = [] } = said;
    if (code === "") this.odd.push(`${path} was answered ${status} without a code: ${JSON.stringify(said)}`);
    const shortages = dishes.map(({ dishId, wanted }) => ({ dishId, wanted }));
    return { ending: { kind: "refused", code: code as EngineErrorCode, retryable, tier: null, shortages }, heard: { status, code } };
  }

  private count({ verb }: Question, heard: Heard): void {
    const { counts, answers } = this;
    if (heard === null) counts.unknown++;
    else if (heard.code !== null) counts.refused++;
    else if (verb === "try" && heard.status === 201) counts.accepted++;
    else if (verb === "try") counts.replayed++;
    const label = `${verb}: ${heard === null ? "no answer" : (heard.code ?? heard.status)}`;
    answers.set(label, (answers.get(label) ?? 0) + 1);
  }

  private step(phase: Phase, by: number): void {
    this.underWay.set(phase, (this.underWay.get(phase) ?? 0) + by);
  }
}

function phaseOf({ verb, request }: Question): Phase {
  if (verb === "change") return "stock change";
  if (verb !== "try") return verb;
  return request.participants ? "try with participants" : "try";
}

const CHANGE_PATHS = { RESTOCK: "restock", WRITE_OFF: "write-off", PAUSE: "pause", RESUME: "resume" } as const;

function wireOf({ verb, request }: Question): { path: string; body: unknown; idempotencyKey?: string } {
  if (verb === "try") {
    const { participants, couponId, ...rest } = request;
    const named = participants?.map(({ tryUrl, confirmUrl, cancelUrl, body }) => ({ tryUrl, confirmUrl, cancelUrl, body }));
    return { path: "/api/v1/transactions", body: { ...rest, ...(couponId !== null && { couponId }), ...(named && { participants: named }) } };
  }
  if (verb !== "change") return { path: `/api/v1/transactions/${request.txId}/${verb}`, body: {} };
  const { dishId, kind, quantity, actionKey, reason } = request;
  return { path: `/api/v1/dishes/${dishId}/${CHANGE_PATHS[kind]}`, body: quantity > 0 ? { quantity, reason } : { reason }, idempotencyKey: actionKey };
}

/** From the wire to what the engine said. */
function answerOf({ verb }: Question, status: number, said: unknown): unknown {
  if (verb === "try") {
    const { txId, state, lines, expiresAt } = said as { txId: string; state: string; lines: unknown; expiresAt: string };
    return { txId, state, lines, expiresAtMs: Date.parse(expiresAt), replayed: status === 200 };
  }
  if (verb !== "change") return said;
  const { dishId, storeId, supplied, available, frozen, sold, onSale, version } = said as Record<string, unknown>;
  return { dishId, storeId, supplied, available, frozen, sold, onSale, version };
}
