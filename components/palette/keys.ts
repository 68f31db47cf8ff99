/** The letters that follow g, a page each. */
import type { PageName } from "../shell/nav";

export const GO_KEYS: Record<PageName, string> = {
  overview: "o",
  dishes: "d",
  transactions: "t",
  causes: "c",
  locks: "l",
  review: "r",
  inbox: "i",
  audit: "a",
  settings: "s",
  operators: "p",
};

/** How long g waits for its letter. */
export const GO_WITHIN_MS = 1_500;
