/**
 * What must be true once faults have stopped and time has passed: every transaction ended in time, its branches agree with the
 * decision, nothing is promised or held any more, every cell says what Postgres says, and every instance sells what there is.
 */
import { branchIdOf } from "../../tiers/tcc/participant-book.ts";
import type { LedgerView } from "../../tiers/tcc/memory-ledger.ts";
import type { World } from "../world.ts";
import type { Books } from "./books.ts";
import { checkConservation, checkLocalBranches, checkRemoteBranches } from "./views.ts";

/** States in which nothing is pending any more. */
const ENDED = new Set(["CONFIRMED", "CANCELLED", "EXPIRED", "REVERSED"]);

const CALL = { timeoutMs: 800, traceId: "0".repeat(32) };

export interface HealingBounds {
  healingSinceMs: number;
  /** From its expiry, or the end of the faults, to a transaction's end. */
  sweptMsMax: number;
}

export async function checkHealed(world: World, books: Books, bounds: HealingBounds): Promise<string[]> {
  const view = world.ledger.inspect();
  const wrong = [
    ...checkConservation(view),
    ...checkLocalBranches(view),
    ...checkRemoteBranches(view),
    ...checkParticipants(world, view),
    ...view.transactions.filter(({ state }) => !ENDED.has(state)).map(({ txId, state }) => `${txId} is still ${state}`),
    ...checkSweptInTime(world, books, bounds),
    ...world.instances
      .filter(({ engine }) => engine.admittedTotal() !== 0)
      .map(({ name, engine }) => `${name} still promises ${engine.admittedTotal()} portions with nothing in flight`),
  ];
  wrong.push(...(await checkSellsAgain(world, view)), ...checkCells(world));
  return wrong;
}

/** What each participant may remember of a branch, by what became of the transaction. */
const REMEMBERED: Record<string, readonly string[]> = { CONFIRMED: ["CONFIRMED"], REVERSED: ["REVERSED"], CANCELLED: ["CANCELLED", "FENCED"] };

/** Every participant has heard the decision, and nothing else; who was never asked remembers nothing. */
function checkParticipants(world: World, { transactions, branches }: LedgerView): string[] {
  const wrong: string[] = [];
  const byId = new Map(transactions.map((transaction) => [transaction.txId, transaction]));
  for (const { txId, branchNo, participant } of branches) {
    const state = byId.get(txId)?.state ?? "lost";
    const entry = world.town.participant(participant).book.find(txId, branchIdOf(branchNo));
    if (!entry || !REMEMBERED[state]?.includes(entry.state)) wrong.push(`${txId} is ${state}, and ${participant} remembers ${entry?.state ?? "nothing"}`);
  }
  for (const [name, { book }] of world.town.all()) {
    for (const { txId, state } of book.entries()) if (!byId.has(txId)) wrong.push(`${name} remembers ${txId} as ${state}, which the ledger does not know`);
  }
  return wrong;
}

/** Since the faults stopped nothing has stayed reserved for longer than promised. Faults may last a few seconds more. */
function checkSweptInTime(world: World, books: Books, { healingSinceMs, sweptMsMax }: HealingBounds): string[] {
  const startMs = world.clock.nowMs() - world.clock.monotonicMs();
  const wellSinceMs = healingSinceMs + 4_000;
  const wrong: string[] = [];
  for (const [txId, { states, expiresAtMs }] of books.accounts) {
    const reserved = states.findIndex(({ state }) => state === "RESERVED");
    const next = states[reserved + 1];
    if (reserved < 0 || !next) continue; // never so, or never again: said elsewhere
    const dueAtMs = Math.max(expiresAtMs - startMs, wellSinceMs);
    if (next.atMs > dueAtMs + sweptMsMax) wrong.push(`${txId} was reserved until ${(next.atMs - dueAtMs).toFixed(1)} ms after it was due`);
    if (next.state === "EXPIRED" && next.atMs < expiresAtMs - startMs - 1) wrong.push(`${txId} expired before its time`);
  }
  return wrong;
}

/** Rests of a circuit: the first may begin while the last probe is under way. */
const PROBES_MAX = 3;
const REST_MS = 600;

/** An instance finds out that Redis is back by settling a batch; until then it writes nothing there. */
async function closeCircuit(world: World, { name, engine }: World["instances"][number], dishId: string): Promise<string[]> {
  for (let probe = 0; engine.stats().redis.circuit !== "closed"; probe++) {
    if (probe === PROBES_MAX) return [`${name} does not find out that Redis is back`];
    const resume = { dishId, kind: "RESUME", quantity: 0, reason: null, actor: "check", actionKey: `probe ${probe} ${name}` } as const;
    await world.clock.run(engine.change(resume, CALL)).catch(() => null); // whether it can be done at all is asked next
    await world.clock.advance(REST_MS);
  }
  return [];
}

/** A sold-out mark does not stick: every instance sells what is left of every dish, and refuses one portion more. */
async function checkSellsAgain(world: World, { dishes }: LedgerView): Promise<string[]> {
  const wrong: string[] = [];
  for (const instance of world.instances) {
    const { name, engine } = instance;
    if (dishes[0]) wrong.push(...(await closeCircuit(world, instance, dishes[0].dishId)));
    for (const { dishId, storeId } of dishes) {
      const resume = { dishId, kind: "RESUME", quantity: 0, reason: null, actor: "check", actionKey: `resume ${dishId} ${name}` } as const;
      const before = await world.clock.run(engine.change(resume, CALL)).catch((error: Error) => void wrong.push(`${name} does not resume ${dishId}: ${error.message}`));
      if (!before) continue;
      const sell = (quantity: number, label: string): Promise<unknown> => {
        const txId = `end-${name}-${dishId}-${label}`;
        return world.clock.run(engine.try({ txId, storeId, lines: [{ dishId, quantity }], orderId: txId, couponId: null, ttlSeconds: 60 }, CALL));
      };
      if (before.available > 0) {
        await sell(before.available, "rest").catch((error: Error) => wrong.push(`${name} does not sell the last ${before.available} of ${dishId}: ${error.message}`));
        await world.clock.run(engine.cancel(`end-${name}-${dishId}-rest`, CALL)).catch((error: Error) => wrong.push(`${name} does not cancel: ${error.message}`));
      }
      await sell(before.available + 1, "more").then(
        () => wrong.push(`${name} sold ${before.available + 1} of ${dishId}, and there were ${before.available}`),
        (error: { code?: string }) => {
          if (error.code !== "SOLD_OUT") wrong.push(`${name} refused ${dishId} as ${error.code}`);
        },
      );
    }
  }
  await world.clock.advance(3_000); // the last settles, and a feed that takes 1.5 s
  return wrong;
}

/** Every instance has just used every dish: so memory and Redis know what Postgres knows, and hold nothing. */
function checkCells(world: World): string[] {
  const wrong: string[] = [];
  for (const { dishId, storeId, available, version } of world.ledger.inspect().dishes) {
    for (const { name, engine } of world.instances) {
      const reading = engine.reading(dishId);
      if (reading?.available !== available || reading.version !== version) {
        wrong.push(`${name} has ${reading?.available} of ${dishId} at ${reading?.version}, Postgres ${available} at ${version}`);
      }
    }
    const cell = world.cells.inspect(storeId, dishId);
    if (cell?.available !== available || cell.version !== version) wrong.push(`Redis has ${cell?.available} of ${dishId} at ${cell?.version}, Postgres ${available} at ${version}`);
    if (cell && cell.holds.length > 0 && !world.redis.wasSetBack) wrong.push(`Redis still holds ${dishId} for ${cell.holds.join(", ")}`);
  }
  return wrong;
}
