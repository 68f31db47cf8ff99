/**
 * What every list does alike: cut a page, name the next one, search for what was typed.
 */
import { cursorOf, type PageKey } from "../../contracts/cursor.ts";

/** Cuts what was read (one row more than the page) to the page, and names the next one. */
export function pageOf<Row>(rows: Row[], limit: number, keyOf: (row: Row) => PageKey): { page: Row[]; nextCursor: string | null } {
  if (rows.length <= limit) return { page: rows, nextCursor: null };
  const page = rows.slice(0, limit);
  return { page, nextCursor: cursorOf(keyOf(page[limit - 1] as Row)) };
}

/** A LIKE pattern, `\` its escape character: what the caller typed, and nothing cleverer. */
export function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
}
