/**
 * The ways in which the engine is broken on purpose, each a change of a few words in its source. Those in `memory-ledger.ts` and
 * `memory-shared-cells.ts` break the twins as stock_batch and the scripts of Redis could be broken: a simulation has no SQL.
 */
import type { Mutation } from "./mutations.ts";

const TRY = "server/engine/paths/try-path.ts";
const MOVE = "server/engine/paths/move-path.ts";
const FLIGHT = "server/engine/paths/batch-flight.ts";
const LOCKS = "server/engine/tiers/lock/dish-locks.ts";
const GATE = "server/engine/tiers/cas/stock-gate.ts";
const CELLS = "server/engine/tiers/cas/memory-cells.ts";
const SHARED = "server/engine/tiers/cas/memory-shared-cells.ts";
const RUNNER = "server/engine/tiers/tcc/batch-runner.ts";
const LEDGER = "server/engine/tiers/tcc/memory-ledger.ts";
const BRANCHES = "server/engine/tiers/tcc/memory-branches.ts";
const STATES = "server/engine/kernel/states.ts";
const BREAKER = "server/engine/guards/circuit-breaker.ts";
const ROUNDS = "server/engine/kernel/rounds.ts";
const RECOVERY = "server/engine/recovery/branch-recovery.ts";
const CORE = "server/engine/paths/engine-core.ts";

const one = (seed: number, name: string, breaks: string, file: string, find: string, replace: string): Mutation => ({ name, breaks, file, edits: [{ find, replace }], seed });

export const MUTATIONS: readonly Mutation[] = [
  one(1, "fence off", "cancelling an unknown txId leaves no fence", LEDGER, `if (judgements[index] === "FENCED") this.transactions.set(`, `if (judgements[index] === "FENCED") [].push.call([], `),
  one(2, "fence with a TTL", "the fence is forgotten after 2 s", LEDGER, `if (this.transactions.has(txId)) return "KNOWN";`, `const fence = this.transactions.get(txId); if (fence && !(fence.payloadHash === null && this.clock.nowMs() - fence.createdAtMs > 2_000)) return "KNOWN";`),
  one(1, "stock before replay", "stock is looked at before the txId", TRY, `const known = justAsked ? null : await this.look(flight, [], deadline);`, `const known = null as TransactionRecord | null;`),
  one(4, "replay unchecked", "a known txId is answered whatever its payload", TRY, `if (record.payloadHash !== null && record.payloadHash !== hash) {`, `if (record.payloadHash !== null && record.payloadHash === "") {`),
  one(182, "joined too late", "a Try believes a flight that asked before it came", TRY, `return samePayload && flight.asked > arrived ? flown : null;`, `return samePayload ? flown : null;`),
  one(99, "joined too late to confirm", "a confirm believes a flight that asked before it came", MOVE, `if (earlier.asked > arrived || isEnd(answer.state)) return answer;`, `if (answer) return answer;`),
  one(1490, "another's no", "a Try whose time is up hears the no to another basket", TRY, `const isFresh = flight.asked`, `if (deadline.passed) throw error;\n      const isFresh = flight.asked`),
  one(1, "local clock", "an expiry is told by the instance's clock", TRY, `expiresAtMs: outcome.atMs + request.ttlSeconds * 1000,`, `expiresAtMs: this.core.clock.nowMs() + request.ttlSeconds * 1000,`),
  one(1, "answer before commit", "a Try is acknowledged when its outcome is unknown", TRY, `if (outcome.kind === "failed" ||`, `if (outcome.kind === "failed" && outcome.failure === "unknown") outcome = { kind: "try", verdict: "ACCEPTED", atMs: this.core.clock.nowMs(), resent: false };\n    if (outcome.kind === "failed" ||`),
  one(1, "unknown is failure", "a lost commit is told as a batch that was never sent", RUNNER, `const kind = mayHaveCommitted && failure.kind !== "poisoned" ? "unknown" : failure.kind;`, `const kind = failure.kind === "unknown" ? "unavailable" : failure.kind;`),
  one(10, "unread is unwritten", "when the ledger cannot be read after a commit, nothing is said to have been written", CORE, `if (!isEngineError(error) || error.code !== "UNAVAILABLE") throw error;`, `if (error) throw error;`),
  one(2, "poison spreads", "a request that the database does not take fails its whole batch", RUNNER, `if (part.length > 1) {`, `if (part.length > 1_000) {`),
  one(1, "lock released early", "a batch's locks are free while it is in flight", FLIGHT, `const onTime = this.dropLate(operations);`, `const onTime = this.dropLate(operations);\n    release();`),
  one(1, "batch reordered", "who waited longest leaves last", LOCKS, `for (const key of op.exclusiveKeys) this.exclusive.add(key);`, `for (const key of op.exclusiveKeys) this.exclusive.add(key);\n        this.batch.reverse();`),
  one(1, "closed out of turn", "two operations of one txId leave in one batch", LOCKS, `this.closed.has(key) || this.exclusive.has(key)`, `this.closed.has(key)`),
  one(4, "sold out sticks", "a no from memory never gets too old", GATE, `export const REFUSAL_AGE_MS_MAX = 500;`, `export const REFUSAL_AGE_MS_MAX = 50_000;`),
  one(6, "no version compare", "an older reading overwrites a newer one in memory", CELLS, `if (reading.version <= this.version(slot)) {`, `if (reading.version < 0) {`),
  one(1, "no version compare in Redis", "an older reading overwrites a newer one in Redis", SHARED, `if (reading && reading.version > cell.version)`, `if (reading)`),
  one(1, "promise kept", "portions promised to a Try that never left stay promised", CORE, `this.timedOut++;\n      this.gate.giveBack(operation.promised);`, `this.timedOut++;`),
  one(1, "promise of an old reading kept", "an old reading gives no promise back", CELLS, `if (returned > 0) this.giveBack(slot, returned);`, ``),
  one(1, "hold too short", "a hold ends before its batch can commit", FLIGHT, `export const HOLD_MS = 3_000;`, `export const HOLD_MS = 30;`),
  one(5, "settled hold revived", "a take that comes late holds again", SHARED, `if (granted > 0 && owner.sequence > (cell.settled.get(owner.instance)?.number ?? -1)) {`, `if (granted > 0) {`),
  one(2, "freed twice", "cancelling an expired reservation frees its portions again", STATES, `"EXPIRED>CANCELLED": { available: 0, frozen: 0, sold: 0 },`, `"EXPIRED>CANCELLED": { available: 1, frozen: 0, sold: 0 },`),
  one(16, "fit unchecked", "a late confirm takes portions that are gone", LEDGER, `return stocked && (couponId === null`, `return (stocked || true) && (couponId === null`),
  one(1, "coupon kept", "a coupon stays frozen when its transaction is cancelled", LEDGER, `else if (coupon?.txId === txId) Object.assign(coupon,`, `else if (coupon?.txId === "") Object.assign(coupon,`),
  one(2, "order shared", "one order gets two transactions", LEDGER, `if (order && order.state !== "CANCELLED") return "ORDER_CONFLICT";`, ``),
  one(1, "paid and cancelled", "a confirmed transaction can be cancelled", STATES, `CONFIRMED: ["REVERSING", "REVERSED"],`, `CONFIRMED: ["REVERSING", "REVERSED", "CANCELLED", "CANCELLING"],`),
  {
    ...one(1, "early expiry", "a reservation may expire half a second before its time", LEDGER, `if (to === "EXPIRED" && record.expiresAtMs > atMs) return "NOT_MOVED";`, ``),
    edits: [
      { find: `if (to === "EXPIRED" && record.expiresAtMs > atMs) return "NOT_MOVED";`, replace: `` },
      { find: `state === "RESERVED" && expiresAtMs <= nowMs`, replace: `state === "RESERVED" && expiresAtMs <= nowMs + 500` },
    ],
  },
  one(1, "rounds give up", "a pass that failed is the last", ROUNDS, `this.ports.pass().then(next, next);`, `this.ports.pass().then(next, () => {});`),
  one(1, "circuit stays open", "a probe that succeeds does not close the circuit", BREAKER, `const value = await action();\n      this.circuit = { kind: "closed", failures: 0 };`, `const value = await action();\n      if (this.circuit.kind === "closed") this.circuit = { kind: "closed", failures: 0 };`),
  one(1, "participant forgotten", "a participant that fails is called done", BRANCHES, `const done = outcome === "DONE" || outcome === "OUTSIDE";`, `const done = outcome !== "ONGOING";`),
  one(1, "Try left alone", "a Try that was interrupted is never abandoned", RECOVERY, `branch.state === "TRYING" ? abandon(branch) : call(branch)`, `branch.state === "TRYING" ? Promise.resolve() : call(branch)`),
  one(1, "recovery off", "nobody takes up what others left", RECOVERY, `for (const branch of branches) this.begin(branch);`, ``),
];
