/**
 * W3C trace context, as far as the API needs it: the trace id of the caller is taken up, or one is made.
 */
import { randomUUID } from "node:crypto";

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

/** 32 hex digits. A malformed `traceparent` starts a new trace, as the standard asks. */
export function traceIdOf(traceparent: string | undefined): string {
  return (traceparent !== undefined && TRACEPARENT.exec(traceparent)?.[1]) || randomUUID().replaceAll("-", "");
}
