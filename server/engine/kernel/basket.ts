/**
 * What identifies a basket: its merged lines, its fingerprint, the ids of its reservations.
 * Pure functions; nothing here knows stock.
 */
import { hash } from "node:crypto";
import type { BasketLine, RemoteBranch } from "./types.ts";

/** Adds up the lines of one dish, in order of first appearance. */
export function mergeLines(lines: readonly BasketLine[]): BasketLine[] {
  const merged = new Map<string, BasketLine>();
  for (const { dishId, quantity } of lines) {
    const line = merged.get(dishId);
    if (line) line.quantity += quantity;
    else merged.set(dishId, { dishId, quantity });
  }
  return [...merged.values()];
}

/** A reservation's id: derived, so a replay gives the same one without looking it up. `lineNo` starts at 1. */
export function freezeIdOf(txId: string, lineNo: number): string {
  return `${txId}.${lineNo}`;
}

/** 128 bits of SHA-256 over the parts, as 32 hex digits. Parts are length-prefixed: no two lists collide by joining. */
export function fingerprint(parts: readonly (string | number | null)[]): string {
  let text = "";
  for (const part of parts) text += part === null ? "-;" : `${String(part).length}:${part};`;
  return hash("sha256", text, "hex").slice(0, 32);
}

/**
 * What must repeat for a txId to be a replay. `ttlSeconds` does not count, nor does where a participant is: a configured one
 * may move between a Try and its replay.
 */
export function payloadHashOf(basket: {
  storeId: string;
  lines: readonly BasketLine[];
  orderId: string;
  couponId: string | null;
  participants?: readonly RemoteBranch[];
}): string {
  const parts: (string | number | null)[] = [basket.storeId, basket.orderId, basket.couponId];
  for (const line of basket.lines) parts.push(line.dishId, line.quantity);
  for (const { participant, body } of basket.participants ?? []) parts.push("participant", participant, canonicalJson(body));
  return fingerprint(parts);
}

/** JSON with the keys of every object in one order, so that equal values are equal texts. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
