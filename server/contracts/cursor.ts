/**
 * A page's cursor: the sort key of its last row, opaque to callers. It is checked like everything else they send.
 */
import { z } from "zod";
import { CURSOR_LENGTH_MAX, ID_PATTERN } from "./limits.ts";

/** Pages go from the newest to the oldest; the id decides between rows of one millisecond. */
export interface PageKey {
  createdAtMs: number;
  id: string;
}

export function cursorOf({ createdAtMs, id }: PageKey): string {
  return btoa(`${createdAtMs}/${id}`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Null for anything that `cursorOf` did not make. */
function pageKeyOf(cursor: string): PageKey | null {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return null;
  let text: string;
  try {
    text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null;
  }
  const [time = "", id = "", ...rest] = text.split("/");
  // 13 digits reach into the year 2286, and every one of them is an instant that Date and Postgres can hold.
  if (rest.length > 0 || !/^\d{1,13}$/.test(time) || !ID_PATTERN.test(id)) return null;
  return { createdAtMs: Number(time), id };
}

export const Cursor = z
  .string()
  .max(CURSOR_LENGTH_MAX)
  .transform((cursor, context) => {
    const key = pageKeyOf(cursor);
    if (key) return key;
    context.addIssue({ code: "custom", message: "is not a cursor that this API gave" });
    return z.NEVER;
  });
