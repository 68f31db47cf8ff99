/**
 * Every word browser and server say over the socket. It carries news only: commands are HTTP with an action key,
 * because Socket.IO buffers what is emitted while offline and would send it on reconnect.
 *
 * A room has one sequence. A delta says which one it is; a browser that misses one asks to join again and gets a snapshot.
 */
import type { Names, Operator, TransactionState } from "./console.ts";
import type { DishPageDelta, DishPageSnapshot } from "./dish-page.ts";
import { ID_PATTERN } from "./limits.ts";
import type { LocksDelta, LocksSnapshot } from "./contention.ts";
import type { ReviewDelta, ReviewSnapshot } from "./review.ts";

export const SOCKET_PATH = "/socket.io";

export const ROOMS = ["overview", "dishes", "transactions", "locks", "review"] as const;
/** One dish's page has a room of its own; a socket is in at most one of them. */
export type DishRoomName = `dish:${string}`;
export type Room = (typeof ROOMS)[number] | DishRoomName;

const DISH_ROOM = "dish:";

export function dishRoomName(dishId: string): DishRoomName {
  return `${DISH_ROOM}${dishId}`;
}

/** Null: not the room of a dish. */
export function dishOfRoom(room: unknown): string | null {
  if (typeof room !== "string" || !room.startsWith(DISH_ROOM)) return null;
  const dishId = room.slice(DISH_ROOM.length);
  return ID_PATTERN.test(dishId) ? dishId : null;
}

export function isRoom(value: unknown): value is Room {
  return typeof value === "string" && ((ROOMS as readonly string[]).includes(value) || dishOfRoom(value) !== null);
}

// ---- dishes ---------------------------------------------------------------------------------------------------------

/** What of a dish does not change while people watch it. */
export interface DishCard {
  dishId: string;
  storeId: string;
  names: Names;
  storeNames: Names;
  priceCents: number;
}

/** `low` is entered and left at different levels, so that a dish does not flicker between two words. */
export const MOODS = ["selling", "low", "soldOut", "paused"] as const;
export type Mood = (typeof MOODS)[number];

/** An array because two thousand of them may travel in one message. `taken` is of the bucket that is open; 0 for no time. */
export type DishTick = [
  dishId: string,
  version: number,
  supplied: number,
  available: number,
  frozen: number,
  sold: number,
  mood: number,
  taken: number,
  soldOutAtMs: number,
];

export interface DishSnapshot {
  tick: DishTick;
  /** Portions taken per bucket, oldest first: see DemandRing. */
  demand: number[];
}

// ---- tiers ----------------------------------------------------------------------------------------------------------

/** What each tier did in one second. */
export interface TierSample {
  atMs: number;
  /** Trys admitted, and refused, in memory. */
  cas: Flow;
  /** Operations that left in a batch, and those whose time ran out while they waited. */
  lock: Flow;
  /** Reservations committed, and guard refusals. */
  tcc: Flow;
}

export interface Flow {
  accepted: number;
  refused: number;
}

/** Figures that explain the last sample. Those without "waiting" and "in flight" are per second. */
export interface TierGauges {
  parked: number;
  casRetries: number;
  meanBatch: number;
  waiting: number;
  inFlight: number;
  replayed: number;
  confirmed: number;
  cancelled: number;
  expired: number;
  /** How long a Try took in the last seconds, in this instance; null: none was decided. */
  tryMs: { p50Ms: number; p99Ms: number } | null;
}

export type DependencyState = "up" | "probing" | "down";

export interface Dependencies {
  postgres: DependencyState;
  redis: DependencyState;
}

export interface MenuTotals {
  dishes: number;
  soldOut: number;
  low: number;
  paused: number;
}

// ---- what happened ---------------------------------------------------------------------------------------------------

/** As many events as a wall shows. */
export const TICKER_MAX = 30;

export type TickerNews =
  | { kind: "SOLD_OUT" | "BACK" | "PAUSED" | "RESUMED"; dishId: string; names: Names }
  /** The worst that any instance says. `at`: that many of `of` instances say so; null: all of them. */
  | { kind: "DEPENDENCY"; name: keyof Dependencies; state: DependencyState; at: { count: number; of: number } | null }
  /** Orders that ran out of time while they waited, in all instances. */
  | { kind: "TIMED_OUT"; operations: number };

/** `id` counts since the instance that tells it started. */
export type TickerEvent = { id: number; atMs: number } & TickerNews;

// ---- rooms ----------------------------------------------------------------------------------------------------------

export interface OverviewSnapshot {
  seq: number;
  atMs: number;
  bucket: number;
  cards: DishCard[];
  dishes: DishSnapshot[];
  /** The hottest dishes in their announced order. */
  hot: string[];
  nextOrderAtMs: number;
  totals: MenuTotals;
  tiers: TierSample[];
  gauges: TierGauges;
  dependencies: Dependencies;
  /** Newest first. */
  events: readonly TickerEvent[];
}

export interface OverviewDelta {
  seq: number;
  atMs: number;
  bucket: number;
  /** Dishes that came into view. */
  cards?: DishCard[];
  entered?: DishSnapshot[];
  /** Dishes out of view: neither hot, nor low, nor sold out any more. */
  left?: string[];
  ticks?: DishTick[];
  hot?: string[];
  nextOrderAtMs?: number;
  totals?: MenuTotals;
  tier?: TierSample;
  gauges?: TierGauges;
  dependencies?: Dependencies;
  /** New ones, newest first. */
  events?: TickerEvent[];
}

export interface DishesSnapshot {
  seq: number;
  atMs: number;
  bucket: number;
  cards: DishCard[];
  dishes: DishSnapshot[];
}

export interface DishesDelta {
  seq: number;
  atMs: number;
  bucket: number;
  cards?: DishCard[];
  entered?: DishSnapshot[];
  ticks?: DishTick[];
}

export interface PendingLine {
  dishId: string;
  names: Names;
  quantity: number;
}

export interface PendingTransaction {
  txId: string;
  orderId: string;
  storeId: string;
  storeNames: Names;
  state: TransactionState;
  couponId: string | null;
  lines: PendingLine[];
  createdAtMs: number;
  expiresAtMs: number;
}

export interface PendingTotals {
  pending: number;
  /** Older than AGEING_MS. */
  ageing: number;
  /** Their time is up within EXPIRING_MS. */
  expiring: number;
  /** The count stopped at PENDING_COUNT_MAX. */
  capped: boolean;
  oldestCreatedAtMs: number | null;
  /** Transactions that are dead and still hold portions: expired and not swept, or a Try that nobody carries on. */
  stranded: number;
  strandedPortions: number;
  /** What those portions cost: for so much nothing can be sold meanwhile. */
  strandedCents: number;
}

export const AGEING_MS = 120_000;
export const EXPIRING_MS = 60_000;

export interface TransactionsSnapshot {
  seq: number;
  atMs: number;
  rows: PendingTransaction[];
  totals: PendingTotals;
}

export interface TransactionsDelta {
  seq: number;
  atMs: number;
  upserted?: PendingTransaction[];
  /** `state` is what became of it; null when it only fell behind the oldest ones that are listed. */
  gone?: { txId: string; state: TransactionState | null }[];
  totals?: PendingTotals;
}

export interface RoomSnapshots {
  overview: OverviewSnapshot;
  dishes: DishesSnapshot;
  transactions: TransactionsSnapshot;
  locks: LocksSnapshot;
  review: ReviewSnapshot;
  [dish: DishRoomName]: DishPageSnapshot;
}

export interface RoomDeltas {
  overview: OverviewDelta;
  dishes: DishesDelta;
  transactions: TransactionsDelta;
  locks: LocksDelta;
  review: ReviewDelta;
  [dish: DishRoomName]: DishPageDelta;
}

// ---- the wire -------------------------------------------------------------------------------------------------------

export type JoinAnswer<R extends Room = Room> =
  | { ok: true; snapshot: RoomSnapshots[R] }
  | { ok: false; code: "UNKNOWN_ROOM" | "FORBIDDEN" | "TOO_MANY" | "UNAVAILABLE" };

export interface ServerToClientEvents {
  overview: (delta: OverviewDelta) => void;
  dishes: (delta: DishesDelta) => void;
  transactions: (delta: TransactionsDelta) => void;
  locks: (delta: LocksDelta) => void;
  review: (delta: ReviewDelta) => void;
  [dish: DishRoomName]: (delta: DishPageDelta) => void;
  /** Once a second while nothing else is said in the room: the numbers are quiet, not lost. */
  pulse: (atMs: number) => void;
  /** Who is signed in here was changed: another role, another name. What is on screen has to follow. */
  operator: (operator: Operator) => void;
  /** The session is over; the socket closes after it. */
  ended: () => void;
}

/** Everything that a browser may say; none of it changes anything. */
export const CLIENT_EVENTS = ["join", "leave", "time"] as const satisfies readonly (keyof ClientToServerEvents)[];

export interface ClientToServerEvents {
  join: <R extends Room>(room: R, answer: (answer: JoinAnswer<R>) => void) => void;
  leave: (room: Room) => void;
  /** The server's reading of the database's clock, for a browser whose own is wrong. */
  time: (answer: (atMs: number) => void) => void;
}
