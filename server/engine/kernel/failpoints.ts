/**
 * Named places between two writes. A test stops the process there; in production nothing listens.
 */

export const FAILPOINTS = [
  "try.held", // TRYING and the local hold are committed; no participant was called
  "try.called", // a participant has answered the Try; nobody has written that down
  "try.reported", // the answer is written; the caller was not told
  "decide.committed", // confirm, cancel or reverse is decided; no participant knows
  "branch.called", // a participant has answered phase two; nobody has written that down
  "branch.reported", // and now it is
  "claim.committed", // due branches are leased to this instance; it has not called them
] as const;

export type Failpoint = (typeof FAILPOINTS)[number];

/** May never return. */
export type FailpointListener = (failpoint: Failpoint) => void;
