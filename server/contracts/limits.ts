/**
 * The bounds of everything a caller may send. Each is part of the contract: changing one changes `docs/api.md`.
 */

/** Characters an id may have: safe in a URL, a log line, a Redis key and a file name. */
export const ID_PATTERN = /^[A-Za-z0-9_.:-]{1,64}$/;

/** Portions on one line. Lines of one dish add up, so a merged line can reach `LINES_MAX` times this. */
export const QUANTITY_MAX = 10_000;
export const LINES_MAX = 50;
export const BATCH_TRANSACTIONS_MAX = 500;
export const PARTICIPANTS_MAX = 20;

export const TTL_SECONDS_MAX = 86_400;
export const TTL_SECONDS_DEFAULT = 900;

export const PAGE_LIMIT_MAX = 500;
export const PAGE_LIMIT_DEFAULT = 100;

/** 1 MiB: a batch of 500 transactions with 10 lines each needs a third of it. */
export const BODY_BYTES_MAX = 1_048_576;

/** The whole budget of one request. A caller may ask for less, never for more. */
export const REQUEST_TIMEOUT_MS_MAX = 800;

/** A dish's first supply. Well below 2³¹, so that restocks have room in a 32-bit column. */
export const SUPPLY_MAX = 1_000_000_000;
/** Prices and amounts, in cents. */
export const CENTS_MAX = 1_000_000_000;
export const REASON_LENGTH_MAX = 500;
export const NAME_LENGTH_MAX = 200;
export const SEARCH_LENGTH_MAX = 100;
export const CURSOR_LENGTH_MAX = 400;
