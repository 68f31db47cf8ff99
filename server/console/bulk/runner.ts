/**
 * BulkRunner carries frozen lists out, a step at a time: five first, a look at how they went, then the rest at a limited rate.
 * Everything it knows is in the database: any instance takes the next step, and one that dies in the middle of a step is
 * followed by another when its lease is over. What it had begun is asked again, and every verb finds itself done.
 */
import { BULK_MAX, CANARY, RATE_PER_SECOND, type BulkState, type BulkWhy } from "../../contracts/bulk.ts";
import { roleIncludes, VERB_ROLES, type ManualVerb, type Role } from "../../contracts/console.ts";
import type { Clock } from "../../engine/kernel/clock.ts";
import { isEngineError } from "../../engine/kernel/errors.ts";
import { Rounds } from "../../engine/kernel/rounds.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { callByHand, type MovingEngine } from "../manual-actions.ts";

/** How often an instance asks itself whether a step is due that it knows of, or that the due watch found. */
const LOOK_EVERY_MS = 250;

/** Pause between two steps of the rest, and how many are done in one. */
const STEP_MS = 500;
const STEP_ITEMS = (RATE_PER_SECOND * STEP_MS) / 1_000;

/** Longer than a step: its verbs end within their 5 s, and what they came to is written. */
const LEASE_MS = 10_000;

/** How long a retried canary may take to come to its end: two calls of a participant, with the pause between them. */
const CANARY_MS_MAX = 8_000;
const CANARY_LOOK_MS = 500;

/** More failures than this in one step are no accident. */
const FAILED_SHARE_MAX = 0.5;

interface Step {
  bulkId: string;
  verb: ManualVerb;
  state: BulkState;
  step: number;
  startedBy: string;
}

interface Item {
  item_no: number;
  tx_id: string;
  state: "WAITING" | "ASKED";
}

interface Outcome {
  itemNo: number;
  txId: string;
  state: "DONE" | "REFUSED" | "FAILED";
  result: string;
}

export interface BulkRunnerPorts {
  prisma: PrismaClient;
  engine: MovingEngine;
  clock: Clock;
  onError(error: unknown): void;
}

export class BulkRunner {
  private readonly rounds: Rounds;

  constructor(private readonly ports: BulkRunnerPorts) {
    const { clock, onError } = ports;
    this.rounds = new Rounds({ clock, everyMs: LOOK_EVERY_MS, pass: () => this.passOnce().catch(onError) });
  }

  start(): void {
    this.rounds.start();
  }

  /** A step will be due then: the next look comes no later. */
  expect(inMs: number): void {
    this.rounds.expect(inMs);
  }

  /** A step under way is finished. */
  stop(): Promise<void> {
    return this.rounds.stop();
  }

  /** A step that was taken may not have been the only one. */
  private async passOnce(): Promise<void> {
    if (await this.stepOnce()) this.expect(0);
  }

  /** Takes one step, if one is due. @returns whether it did. */
  async stepOnce(): Promise<boolean> {
    const step = await this.claim();
    if (step === null) return false;
    if (!(await this.mayStill(step))) {
      await this.leave(step, "STOPPED", null, "ROLE");
      return true;
    }
    switch (step.state) {
      case "GRACE": // from here on there is no Undo
        await this.leave(step, "CANARY", 0);
        break;
      case "CANARY":
        await this.canary(step);
        break;
      case "WATCHING":
        await this.watch(step);
        break;
      case "RUNNING":
        await this.rest(step);
        break;
      default:
        await this.leave(step, step.state, null);
    }
    return true;
  }

  /** The step is this instance's for its lease; that is committed before anything is done. */
  private async claim(): Promise<Step | null> {
    const [row] = await this.ports.prisma.$queryRaw<{ bulk_id: string; verb: ManualVerb; state: BulkState; step: number; started_by: string }[]>`
      UPDATE bulk_actions SET step = step + 1, due_at = clock_timestamp() + ${LEASE_MS} * interval '1 millisecond'
       WHERE bulk_id = (SELECT bulk_id FROM bulk_actions WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
      RETURNING bulk_id, verb, state, step, started_by`;
    return row === undefined ? null : { bulkId: row.bulk_id, verb: row.verb, state: row.state, step: row.step, startedBy: row.started_by };
  }

  /** Whoever lost the role, or was disabled, does nothing any more. */
  private async mayStill({ startedBy, verb }: Step): Promise<boolean> {
    const user = await this.ports.prisma.user.findUnique({ where: { id: startedBy } });
    return user !== null && user.disabledAt === null && roleIncludes(user.role as Role, VERB_ROLES[verb]);
  }

  private async canary(step: Step): Promise<void> {
    if ((await this.carryOut(step, CANARY, CANARY)) === null) return;
    if (step.verb === "retry") return this.leave(step, "WATCHING", CANARY_LOOK_MS);
    // Read again: another instance may have done some of them, and died.
    const outcomes = await this.ports.prisma.bulkItem.findMany({ where: { bulkId: step.bulkId, itemNo: { lte: CANARY } } });
    const fine = outcomes.every(({ state }) => state !== "FAILED") && outcomes.some(({ state }) => state === "DONE");
    await this.leave(step, fine ? "RUNNING" : "HELD", fine ? STEP_MS : null, fine ? null : "CANARY_FAILED");
  }

  /** A retry is only asked for: what it came to shows when the transactions have ended, or not. */
  private async watch(step: Step): Promise<void> {
    const [seen] = await this.ports.prisma.$queryRaw<{ asked: number; ended: number; patient: boolean }[]>`
      SELECT count(*)::int AS asked, (count(*) FILTER (WHERE t.state NOT IN ('CONFIRMING', 'CANCELLING', 'REVERSING')))::int AS ended,
             max(i.at) > clock_timestamp() - ${CANARY_MS_MAX} * interval '1 millisecond' AS patient
        FROM bulk_items i JOIN transactions t ON t.tx_id = i.tx_id WHERE i.bulk_id = ${step.bulkId} AND i.item_no <= ${CANARY} AND i.state IN ('DONE', 'REFUSED')`;
    if (seen !== undefined && seen.asked > 0 && seen.ended === seen.asked) return this.leave(step, "RUNNING", 0);
    if (seen?.patient === true) return this.leave(step, "WATCHING", CANARY_LOOK_MS);
    const some = (seen?.ended ?? 0) > 0;
    await this.leave(step, some ? "RUNNING" : "HELD", some ? 0 : null, some ? null : "CANARY_FAILED");
  }

  private async rest(step: Step): Promise<void> {
    const outcomes = await this.carryOut(step, STEP_ITEMS);
    if (outcomes === null) return;
    const failed = outcomes.filter(({ state }) => state === "FAILED").length;
    if (outcomes.length < STEP_ITEMS && failed === 0) return this.leave(step, "DONE", null);
    if (failed > outcomes.length * FAILED_SHARE_MAX) return this.leave(step, "HELD", null, "TOO_MANY_FAILED");
    await this.leave(step, "RUNNING", STEP_MS);
  }

  /** The next items, all at once. @returns null: the step is not ours any more, and nothing was begun. */
  private async carryOut(step: Step, limit: number, lastItemNo = BULK_MAX): Promise<Outcome[] | null> {
    const { prisma } = this.ports;
    const items = await prisma.$queryRaw<Item[]>`
      WITH next AS (
        SELECT bulk_id, item_no, state AS was FROM bulk_items WHERE bulk_id = ${step.bulkId} AND state IN ('WAITING', 'ASKED') AND item_no <= ${lastItemNo}
           AND EXISTS (SELECT FROM bulk_actions b WHERE b.bulk_id = ${step.bulkId} AND b.step = ${step.step} AND b.state = ${step.state})
         ORDER BY item_no LIMIT ${limit})
      UPDATE bulk_items SET state = 'ASKED' FROM next WHERE bulk_items.bulk_id = next.bulk_id AND bulk_items.item_no = next.item_no
      RETURNING bulk_items.item_no, bulk_items.tx_id, next.was AS state`;
    if (items.length === 0) {
      const bulk = await prisma.bulkAction.findUnique({ where: { bulkId: step.bulkId } });
      return bulk?.step === step.step && bulk.state === step.state ? [] : null;
    }
    const outcomes = await Promise.all(items.map((item) => this.one(step, item)));
    await this.writeDown(step, outcomes);
    return outcomes;
  }

  private async one({ verb }: Step, { item_no, tx_id, state }: Item): Promise<Outcome> {
    const item = { itemNo: item_no, txId: tx_id };
    try {
      const done = await this.ports.engine.hand.run({ verb, txId: tx_id, again: state === "ASKED" }, callByHand());
      return { ...item, state: "DONE", result: done.state };
    } catch (error) {
      if (!isEngineError(error)) throw error;
      return { ...item, state: error.retryable ? "FAILED" : "REFUSED", result: error.code };
    }
  }

  /** What they came to and an audit entry for each, in one commit. Sent twice, it counts once. */
  private async writeDown({ bulkId, verb, startedBy }: Step, outcomes: readonly Outcome[]): Promise<void> {
    await this.ports.prisma.$executeRaw`
      WITH told AS (
        SELECT * FROM unnest(${outcomes.map(({ itemNo }) => itemNo)}::int[], ${outcomes.map(({ state }) => state)}::text[], ${outcomes.map(({ result }) => result)}::text[]) AS u(item_no, state, result)
      ), written AS (
        UPDATE bulk_items SET state = told.state, result = told.result, at = clock_timestamp()
          FROM told WHERE bulk_items.bulk_id = ${bulkId} AND bulk_items.item_no = told.item_no AND bulk_items.state = 'ASKED'
        RETURNING bulk_items.tx_id, bulk_items.state, bulk_items.result)
      INSERT INTO audit_entries (actor, verb, target, reason, detail)
      SELECT ${startedBy}, ${`transaction.${verb}`}, written.tx_id, bulk.reason,
             jsonb_build_object('bulkId', bulk.bulk_id, 'outcome', CASE written.state WHEN 'DONE' THEN 'DONE' ELSE 'REFUSED' END, 'result', written.result)
        FROM written, bulk_actions bulk WHERE bulk.bulk_id = ${bulkId}`;
  }

  /** @param inMs null: nothing is to be done any more, or not by a machine. Who was stopped meanwhile stays stopped. */
  private async leave({ bulkId, step, state }: Step, next: BulkState, inMs: number | null, why: BulkWhy | null = null): Promise<void> {
    const over = next === "DONE" || next === "STOPPED";
    await this.ports.prisma.$executeRaw`
      UPDATE bulk_actions SET state = ${next}, why = ${why}, due_at = CASE WHEN ${inMs !== null} THEN clock_timestamp() + ${inMs ?? 0} * interval '1 millisecond' END,
             ended_at = CASE WHEN ${over} THEN clock_timestamp() END
       WHERE bulk_id = ${bulkId} AND step = ${step} AND state = ${state}`;
    if (inMs !== null) this.expect(inMs);
  }
}
