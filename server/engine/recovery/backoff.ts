/**
 * When a branch that is not done is called again. Exponential, capped, half of it chance, so that a participant that comes
 * back is not met by everybody at once (equal jitter: AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
 */
import type { Random } from "../kernel/random.ts";

/** The first pause after a failure, doubled after each. */
const RETRY_MS = 500;

/** Slow retries go on at this pace until a person takes over: whoever returns has heard of everything half a minute later. */
export const RETRY_MS_MAX = 20_000;

/** A participant that said "not yet" is asked at a fixed interval, as dtm does. */
export const ONGOING_MS = 1_000;

/** @param failures calls in this state that have failed, this one included. @returns milliseconds, from half of the pause to all of it. */
export function retryInMs(failures: number, random: Random): number {
  const pauseMs = Math.min(RETRY_MS * 2 ** Math.max(0, failures - 1), RETRY_MS_MAX);
  return Math.round(pauseMs * (0.5 + random.next() / 2));
}
