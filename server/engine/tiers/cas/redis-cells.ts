/**
 * RedisCells keep a dish's stock at Redis' distance, by two scripts: take.lua and settle.lua. Two more are for people.
 * They do not decide and are not trusted: a wiped or rolled-back Redis is corrected by whoever knows better.
 */
import { readFileSync } from "node:fs";
import type { Redis } from "ioredis";
import type { HoldOwner, SettleRequest, SharedCellCare, SharedCells, SharedReading, TakeAnswer, TakeRequest } from "./shared-cells.ts";

/** A cell nobody touched for a day is forgotten; the next take brings it back from Postgres' reading. */
const CELL_TTL_MS = 24 * 60 * 60 * 1000;

const SCRIPTS = {
  /** KEYS: the cells of one store. Reply: three numbers a key and one more, see take.lua. */
  take: readFileSync(new URL("./take.lua", import.meta.url), "utf8"),
  /** KEYS: the cells of one store. Reply: how many readings were newer, see settle.lua. */
  settle: readFileSync(new URL("./settle.lua", import.meta.url), "utf8"),
  /** KEYS: one cell. Reply: four numbers, see read.lua. */
  readCell: readFileSync(new URL("./read.lua", import.meta.url), "utf8"),
  /** KEYS: one cell. Reply: 1 when it was written, see reload.lua. */
  reloadCell: readFileSync(new URL("./reload.lua", import.meta.url), "utf8"),
} as const;

type Script = (keyCount: number, ...args: (string | number)[]) => Promise<unknown>;

export class RedisCells implements SharedCells, SharedCellCare {
  private readonly scripts: Record<keyof typeof SCRIPTS, Script>;

  /**
   * @param redis rejects commands at once while it is disconnected, and after its `commandTimeout`.
   * @param prefix names the database whose stock the cells mirror, so that two never share cells.
   */
  constructor(
    redis: Redis,
    private readonly prefix: string,
    private readonly holdMs: number,
  ) {
    for (const [name, lua] of Object.entries(SCRIPTS)) redis.defineCommand(name, { lua });
    this.scripts = redis as unknown as Record<keyof typeof SCRIPTS, Script>;
  }

  async take(storeId: string, owner: HoldOwner, requests: readonly TakeRequest[], holdMs: number): Promise<TakeAnswer> {
    const args: (string | number)[] = requests.map(({ dishId }) => this.key(storeId, dishId));
    args.push(owner.instance, owner.sequence, holdMs, CELL_TTL_MS);
    for (const { wanted, known } of requests) args.push(wanted, known?.available ?? -1, known?.version ?? -1);
    const reply = (await this.scripts.take(requests.length, ...args)) as number[];
    const grants = requests.map((_, position) => {
      const [granted, available, version] = reply.slice(3 * position, 3 * position + 3) as [number, number, number];
      return granted < 0 ? null : { granted, available, version };
    });
    return { grants, expiredHolds: reply[3 * requests.length] as number };
  }

  async settle(storeId: string, owner: HoldOwner, requests: readonly SettleRequest[]): Promise<void> {
    const args: (string | number)[] = requests.map(({ dishId }) => this.key(storeId, dishId));
    args.push(owner.instance, owner.sequence, this.holdMs, CELL_TTL_MS);
    for (const { reading } of requests) args.push(reading?.available ?? -1, reading?.version ?? -1);
    await this.scripts.settle(requests.length, ...args);
  }

  async read(storeId: string, dishId: string): Promise<SharedReading | null> {
    const reply = (await this.scripts.readCell(1, this.key(storeId, dishId), this.holdMs)) as number[];
    const [available, version, held] = reply as [number, number, number];
    return available < 0 ? null : { available, version, held };
  }

  async reload(storeId: string, dishId: string, { available, version }: { available: number; version: number }, seenVersion: number | null): Promise<boolean> {
    const written = await this.scripts.reloadCell(1, this.key(storeId, dishId), available, version, CELL_TTL_MS, seenVersion ?? -1);
    return written === 1;
  }

  /** The store's hash tag keeps its cells on one node of a cluster. Ids hold no braces. */
  private key(storeId: string, dishId: string): string {
    return `${this.prefix}cell:{${storeId}}:${dishId}`;
  }
}
