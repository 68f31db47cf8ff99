/**
 * One dish's page: what the room `dish:<id>` says, the verbs a person has for a dish, and the rules both sides hold them to.
 * Quantities are portions; `…AtMs` is since the epoch by the database's clock.
 */
import { z } from "zod";
import type { Names, TransactionState } from "./console.ts";
import { ID_PATTERN, QUANTITY_MAX, REASON_LENGTH_MAX } from "./limits.ts";
import type { DishCard, DishSnapshot, DishTick } from "./socket-events.ts";

// ---- the conservation line ------------------------------------------------------------------------------------------

/** The same stock in every place that has it. The cells were read first, then the row with its sums, in one snapshot. */
export interface Conservation {
  atMs: number;
  row: { supplied: number; available: number; frozen: number; sold: number; version: number; onSale: boolean };
  /** Sums over the dish's reservations. */
  reservations: { frozen: number; sold: number };
  /** Sum over its movements. */
  movements: { supplied: number };
  /** Of the instance that answers. */
  memory: { instance: string; cell: MemoryReading | null };
  redis: { state: "read"; cell: RedisReading | null } | { state: "away" };
}

export interface MemoryReading {
  available: number;
  /** Promised to operations in flight. */
  admitted: number;
  version: number;
  onSale: boolean;
}

export interface RedisReading {
  available: number;
  version: number;
  /** Held for batches in flight. */
  held: number;
}

/** `behind`: an older version, as every cell is for a moment. `none`: nothing is there, or it cannot be read. */
export type Agreement = "same" | "behind" | "differs" | "none";

export interface Judgement {
  /** supplied = available + frozen + sold */
  row: boolean;
  frozen: boolean;
  sold: boolean;
  supplied: boolean;
  memory: Agreement;
  redis: Agreement;
  /** Nothing differs. */
  whole: boolean;
}

export function judge({ row, reservations, movements, memory, redis }: Conservation): Judgement {
  const cellOf = (cell: { available: number; version: number } | null): Agreement => {
    if (cell === null) return "none";
    if (cell.version < row.version) return "behind";
    return cell.version === row.version && cell.available === row.available ? "same" : "differs";
  };
  const inMemory = cellOf(memory.cell);
  const judgement = {
    row: row.supplied === row.available + row.frozen + row.sold,
    frozen: row.frozen === reservations.frozen,
    sold: row.sold === reservations.sold,
    supplied: row.supplied === movements.supplied,
    memory: inMemory === "same" && memory.cell?.onSale !== row.onSale ? ("differs" as const) : inMemory,
    redis: redis.state === "away" ? ("none" as const) : cellOf(redis.cell),
  };
  const { row: sum, frozen, sold, supplied } = judgement;
  return { ...judgement, whole: sum && frozen && sold && supplied && judgement.memory !== "differs" && judgement.redis !== "differs" };
}

// ---- what else the page shows ---------------------------------------------------------------------------------------

export interface OpenReservation {
  txId: string;
  orderId: string;
  quantity: number;
  state: TransactionState;
  createdAtMs: number;
  expiresAtMs: number;
}

export interface OpenReservations {
  /** Those whose time is up first. */
  rows: OpenReservation[];
  count: number;
  portions: number;
}

export const STOCK_EVENTS = ["SUPPLY", "RESTOCK", "WRITE_OFF", "PAUSE", "RESUME", "RELOAD"] as const;

export interface StockEvent {
  id: string;
  atMs: number;
  kind: (typeof STOCK_EVENTS)[number];
  /** Signed; null where no portion moved. */
  quantity: number | null;
  reason: string | null;
  by: { kind: "operator" | "key" | "other"; name: string };
}

/** Waiting for this dish's lock, over all instances, in the last `seconds`. */
export interface DishWaits {
  seconds: number;
  waits: number;
  waitMsMean: number;
  waitMsMax: number;
  /** How long its batches kept others waiting, added up over those who waited. */
  blameMs: number;
  holds: number;
  holdMsMean: number;
  /** Now. */
  waiting: number;
  longestWaitMs: number;
  heldMs: number | null;
}

/** The stock at the end of a bucket of five seconds (contracts/demand.ts). */
export type StockPoint = [bucket: number, available: number, frozen: number];

interface DishParts {
  conservation: Conservation;
  open: OpenReservations;
  events: StockEvent[];
  waits: DishWaits;
}

/** Parts are absent until they were read once: Postgres may be away. */
export interface DishPageSnapshot extends Partial<DishParts> {
  seq: number;
  atMs: number;
  bucket: number;
  card: DishCard;
  dish: DishSnapshot;
  /** Oldest first, five minutes at most, as far as this process knows. */
  history: StockPoint[];
}

export interface DishPageDelta extends Partial<DishParts> {
  seq: number;
  atMs: number;
  bucket: number;
  card?: DishCard;
  tick?: DishTick;
}

// ---- what a person can do -------------------------------------------------------------------------------------------

export const DISH_VERBS = ["restock", "write-off", "pause", "resume", "reload-cells"] as const;
export type DishVerb = (typeof DISH_VERBS)[number];

export function isDishVerb(value: unknown): value is DishVerb {
  return (DISH_VERBS as readonly unknown[]).includes(value);
}

/** What can be wrong with a field; each has a sentence in messages/. */
export type FieldFault = "REQUIRED" | "RANGE" | "TOO_LONG" | "SUPPLY_LIMIT" | "MORE_THAN_AVAILABLE";

/** A dish's row counts in 32 bits. */
export const SUPPLIED_MAX = 2 ** 31 - 1;

const says = (fault: FieldFault) => ({ error: fault });
const reason = z.string(says("REQUIRED")).trim().min(1, says("REQUIRED")).max(REASON_LENGTH_MAX, says("TOO_LONG"));
const quantity = z.int(says("RANGE")).min(1, says("RANGE")).max(QUANTITY_MAX, says("RANGE"));
/** Or in the Idempotency-Key header. */
const actionKey = z.string().regex(ID_PATTERN).optional();

/** One body for each verb; a reload says of itself why. */
export const DISH_BODIES = {
  restock: z.strictObject({ actionKey, quantity, reason }),
  "write-off": z.strictObject({ actionKey, quantity, reason }),
  pause: z.strictObject({ actionKey, reason }),
  resume: z.strictObject({ actionKey, reason }),
  "reload-cells": z.strictObject({ actionKey, reason: reason.optional() }),
} as const satisfies Record<DishVerb, z.ZodType>;

export interface Stock {
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
  onSale: boolean;
}

/** The stock as the verb alone would leave it. */
export function stockAfter(verb: DishVerb, portions: number, stock: Stock): Stock {
  if (verb === "pause" || verb === "resume") return { ...stock, onSale: verb === "resume" };
  const change = verb === "restock" ? portions : verb === "write-off" ? -portions : 0;
  return { ...stock, supplied: stock.supplied + change, available: stock.available + change };
}

/** What is wrong with the portions, given the stock as it is now; null: nothing. The engine decides by the row it locks. */
export function quantityFault(verb: DishVerb, portions: number, stock: Stock): FieldFault | null {
  if (verb !== "restock" && verb !== "write-off") return null;
  if (!quantity.safeParse(portions).success) return "RANGE";
  const after = stockAfter(verb, portions, stock);
  if (after.supplied > SUPPLIED_MAX) return "SUPPLY_LIMIT";
  return after.available < 0 ? "MORE_THAN_AVAILABLE" : null;
}

export interface DishActionResult {
  dishId: string;
  verb: DishVerb;
  names: Names;
  /** The dish as the action left it. */
  stock: Stock;
  /** True when this action key had been used for the same request before. */
  replayed: boolean;
}
