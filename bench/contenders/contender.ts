/**
 * What a contender is: a way to reserve a basket and to confirm it. All of them do one job on the same tables: take the
 * portions of every line or none, take the coupon, write the order and its reservations, and answer after that is durable
 * (Redis alone is not; it says so). Ours writes a transaction with its trace and an outbox row besides; the others are spared that.
 */
import type { Load, Order } from "../load/load.ts";

export interface Subject {
  /** @returns whether every line is reserved. Rejects with `Dropped`, or with any error when something is wrong. */
  reserve(order: Order): Promise<"reserved" | "refused">;
  /** Of an order that is reserved. */
  confirm(order: Order): Promise<void>;
  /** Called before each round. */
  prepare?(): void;
  /** What is worth telling of the last round besides its speed, by name. */
  remarks?(): Record<string, number>;
  close(): Promise<void>;
}

/** Turned away in time, or out of time: not an error, but not served either. */
export class Dropped extends Error {}

export interface Place {
  databaseUrl: string;
  redisUrl: string;
  /** Connections; the contenders that are not asked get 0. */
  pool: number;
}

export interface ContenderKind {
  name: string;
  /** One line for the table's legend. */
  about: string;
  /** Whether the number of connections is chosen by calibration. */
  hasPool: boolean;
  /** It plays another load than the case's: what the others are compared with, in turns with them. */
  load?: Load;
  /** Where its books are: Postgres, or Redis. */
  books: "postgres" | "redis";
  open(place: Place): Promise<Subject>;
}

/** Calls again what lost a deadlock: every application that takes several rows has to. */
const DEADLOCK = "40P01";
const SERIALIZATION = "40001";
const ATTEMPTS_MAX = 10;

export async function againAfterDeadlock<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      const { code } = error as { code?: string };
      if ((code !== DEADLOCK && code !== SERIALIZATION) || tried === ATTEMPTS_MAX) throw error;
    }
  }
}
