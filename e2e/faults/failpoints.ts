/**
 * A process of its own that is killed between two named writes, in every phase in which it comes by them, and another that has to
 * end what it left: on real stores, with a participant that remembers. Each case has a database and a participant of its own, so that
 * nobody else's work is taken up. Where servers die at such a place under traffic, it is one of the campaign's faults.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { Participant } from "../../scripts/participant/participant.ts";
import { type ParticipantServer, serveParticipant } from "../../scripts/participant/server.ts";
import { createEngine, type RunningEngine } from "../../server/engine/create-engine.ts";
import { FAILPOINTS, type Failpoint } from "../../server/engine/kernel/failpoints.ts";
import { ParticipantDirectory } from "../../server/engine/kernel/participant-directory.ts";
import type { TryRequest } from "../../server/engine/kernel/types.ts";
import { auditOf } from "../../server/engine/tiers/tcc/postgres-testing.ts";
import type { InstanceStores } from "../../server/testing/instance-process.ts";
import { type Instance, startInstance } from "../../server/testing/instances.ts";

/** What the process that dies is doing; `again`: it has taken up what another had decided and could not finish. */
const ENDS = {
  try: "CANCELLED",
  confirm: "CONFIRMED",
  cancel: "CANCELLED",
  reverse: "REVERSED",
  expire: "CANCELLED",
  "cancel an interrupted try": "CANCELLED",
  "confirm again": "CONFIRMED",
  "cancel again": "CANCELLED",
  "reverse again": "REVERSED",
} as const;
type Phase = keyof typeof ENDS;

export interface Death {
  failpoint: Failpoint;
  phase: Phase;
}

const TOLD = ["confirm", "cancel", "reverse", "expire", "cancel an interrupted try"] as const;
const AGAIN = ["confirm again", "cancel again", "reverse again"] as const;

/** Where each place can be come by. */
const PHASES_OF: Record<Failpoint, readonly Phase[]> = {
  "try.held": ["try"],
  "try.called": ["try"],
  "try.reported": ["try"],
  "decide.committed": TOLD,
  "branch.called": [...TOLD, ...AGAIN],
  "branch.reported": [...TOLD, ...AGAIN],
  "claim.committed": ["cancel an interrupted try", ...AGAIN],
};
export const DEATHS: readonly Death[] = FAILPOINTS.flatMap((failpoint) => PHASES_OF[failpoint].map((phase) => ({ failpoint, phase })));

const BOOK: Record<string, readonly string[]> = { CONFIRMED: ["CONFIRMED"], REVERSED: ["REVERSED"], CANCELLED: ["CANCELLED", "FENCED"] };

/** A reservation's time and its sweep, then a lease of 5 s, a look of others every 3 s, a pause before the next call. */
const ENDED_MS_MAX = 40_000;

/** More than the API gives: what matters is where a process dies, not how busy the machine is. */
const CALL = { timeoutMs: 5_000, traceId: "0".repeat(32) };

/** The process did not come by the place where it was to die: on a slow machine its decision may be lost on the way and found again. */
export class Lived extends Error {}

/** @returns what is wrong afterwards, as sentences. @throws Lived */
export function dieAndSurvive(death: Death, stores: InstanceStores, folder: string): Promise<string[]> {
  return new Case(death, stores, folder).run();
}

class Case {
  private readonly txId: string;
  private participant!: Participant;
  private server!: ParticipantServer;

  private readonly failpoint: Failpoint;
  private readonly phase: Phase;

  constructor(
    { failpoint, phase }: Death,
    private readonly stores: InstanceStores,
    private readonly folder: string,
  ) {
    this.failpoint = failpoint;
    this.phase = phase;
    this.txId = `${failpoint} ${phase}`.replaceAll(" ", "-");
  }

  async run(): Promise<string[]> {
    this.participant = await Participant.open(join(this.folder, this.txId));
    this.server = await serveParticipant({ participant: this.participant, port: 0, onBroken: () => {} });
    try {
      await this.prepare();
      await this.die(this.failpoint);
      return await this.survive();
    } finally {
      await this.server.close();
      await this.participant.close();
    }
  }

  private engine(): Promise<RunningEngine> {
    return createEngine({ ...this.stores, directory: new ParticipantDirectory([], [new URL(this.server.url).host]) });
  }

  private get basket(): TryRequest {
    const { txId, server } = this;
    const branch = { participant: "p", tryUrl: `${server.url}/try`, confirmUrl: `${server.url}/confirm`, cancelUrl: `${server.url}/cancel`, body: { amount: 1 } };
    const isShort = this.phase === "expire" || this.phase === "try";
    return { txId, storeId: txId, lines: [{ dishId: txId, quantity: 2 }], orderId: txId, couponId: `${txId}-c`, ttlSeconds: isShort ? 1 : 900, participants: [branch, branch] };
  }

  /** Everything before the death, by an instance that ends in good order. */
  private async prepare(): Promise<void> {
    const { phase, txId } = this;
    const { engine, close } = await this.engine();
    try {
      await engine.createDish({ dishId: txId, storeId: txId, names: { en: "Rice", "zh-CN": "米饭" }, priceCents: 1, supplied: 5, actor: "t", actionKey: "dish" }, CALL);
      await engine.createCoupon({ couponId: `${txId}-c`, storeId: null, amountCents: 1, actor: "t", actionKey: "coupon" }, CALL);
      if (phase === "try" || phase === "cancel an interrupted try") return;
      await engine.try(this.basket, CALL);
      if (phase === "reverse" || phase === "reverse again") await engine.confirm(txId, CALL);
      const verb = phase.split(" again")[0] as "confirm" | "cancel" | "reverse";
      if (verb === phase || phase === "expire") return;
      this.server.mode = { fail: "503", share: 1, operations: [verb], times: null };
      const { state } = await engine[verb](txId, CALL);
      if (!state.endsWith("ING")) throw new Error(`${txId} is ${state} although its participants are out of order`);
    } finally {
      await close();
      this.server.mode = { ...this.server.mode, fail: "none" };
    }
  }

  /** A process comes by the place, by what it is asked or by what it takes up, and is gone. */
  private async die(failpoint: Failpoint): Promise<void> {
    const { phase, txId } = this;
    if (phase === "cancel an interrupted try" && failpoint !== "try.held") await this.die("try.held");
    const asks = failpoint === "try.held" ? "try" : phase;
    const dying = await startInstance({ ...this.stores, participantHosts: [new URL(this.server.url).host], failpoint }).catch((error: Error) => {
      if (/ended with SIGKILL/.test(error.message)) return null; // it took something up at once
      throw error;
    });
    if (!dying) return;
    try {
      if (asks === "try") await hearsNothing(dying.try(this.basket));
      else if (asks === "confirm" || asks === "cancel" || asks === "reverse") await hearsNothing(dying.move(asks, txId));
      else if (!(await untilGone(dying))) throw new Lived("it lives, and has come by nothing");
    } finally {
      await dying.kill();
    }
  }

  /** Another instance, which knows nothing but the stores. */
  private async survive(): Promise<string[]> {
    const { phase, txId, participant } = this;
    const wrong: string[] = [];
    const sql = new pg.Pool({ connectionString: this.stores.databaseUrl, max: 1 });
    sql.on("connect", (client) => client.on("error", () => {})); // the database is dropped while it says good-bye
    const { engine, close } = await this.engine();
    try {
      const stateOf = async () => (await sql.query<{ state: string }>("SELECT state::text AS state FROM transactions WHERE tx_id = $1", [txId])).rows[0]?.state ?? "lost";
      const untilMs = performance.now() + ENDED_MS_MAX;
      while ((await stateOf()) !== ENDS[phase] && performance.now() < untilMs) await sleep(100);
      const state = await stateOf();
      if (state !== ENDS[phase]) wrong.push(`it is ${state}, not ${ENDS[phase]}`);
      for (const branchId of ["01", "02"]) {
        const told = participant.book.find(txId, branchId)?.state ?? "NONE";
        if (!BOOK[state]?.includes(told)) wrong.push(`branch ${branchId} remembers ${told}, and it is ${state}`);
      }
      wrong.push(...(await auditOf(sql)));
      // Asked again, the verb that was cut off has its answer; a Try that was cancelled is late.
      const again = phase === "try" ? engine.try(this.basket, CALL) : phase === "confirm" || phase === "cancel" || phase === "reverse" ? engine[phase](txId, CALL) : null;
      const heard = await again?.then(({ state: said }) => said, (error: { code: string }) => error.code);
      if (again && heard !== (phase === "try" ? "LATE_TRY" : ENDS[phase])) wrong.push(`asked again, it says ${heard}`);
      const sold = ENDS[phase] === "CONFIRMED" ? 2 : 0;
      const { rows } = await sql.query("SELECT available, frozen, sold FROM dishes WHERE dish_id = $1", [txId]);
      if (JSON.stringify(rows[0]) !== JSON.stringify({ available: 5 - sold, frozen: 0, sold })) wrong.push(`the dish is ${JSON.stringify(rows[0])}`);
      return wrong;
    } finally {
      await close();
      await sql.end();
    }
  }
}

/** @throws Lived when it was answered: then the process did not come by the place where it should have died. */
async function hearsNothing(answer: Promise<unknown>): Promise<void> {
  const heard = await answer.then(
    (value) => JSON.stringify(value),
    (error: Error) => (/ended with SIGKILL/.test(error.message) ? null : error.message),
  );
  if (heard !== null) throw new Lived(`it lives, and says ${heard}`);
}

async function untilGone(instance: Instance): Promise<boolean> {
  const untilMs = performance.now() + ENDED_MS_MAX;
  while (performance.now() < untilMs) {
    if (await instance.stats().then(() => false, () => true)) return true;
    await sleep(100);
  }
  return false;
}
