/**
 * What a participant's answer means, by dtm's wire. Status and body decide, nothing else; docs/decisions/0061 says why a word
 * in the body counts and why 204 is not yes. It counts nothing and remembers nothing.
 */
import type { BranchAnswer, BranchErrorClass } from "./participants.ts";

/** An answer before its duration is known. */
export type Heard = Omit<BranchAnswer, "durationMs">;

/** One line of a list, and still enough to recognise a cause. */
const MESSAGE_LENGTH_MAX = 200;

/**
 * @param text the whole body.
 * @param txId may be echoed in it, and may look like a word of the wire.
 */
export function judge(status: number, text: string, txId: string): Heard {
  if (status === 425) return heard("ONGOING", "ONGOING", status, text);
  if (status === 409) return heard("REFUSED", "REFUSED", status, text);
  const isRedirect = status >= 300 && status < 400;
  // Services from before dtm 1.10 answer 200 and say it in the body. A server's error page is not its word.
  const says = (word: string) => !isRedirect && status < 500 && text.includes(word) && text.replaceAll(txId, "").includes(word);
  if (says("ONGOING")) return heard("ONGOING", "ONGOING", status, text);
  if (says("FAILURE")) return heard("REFUSED", "REFUSED", status, text);
  if (status === 200) return { outcome: "DONE", errorClass: null, httpStatus: status, message: null };
  return heard("FAILED", classOf(status), status, text);
}

/** No answer, or one that says nothing: it may or may not have happened. */
export function failed(errorClass: BranchErrorClass, message: string, httpStatus: number | null = null): Heard {
  return { outcome: "FAILED", errorClass, httpStatus, message: oneLine(message) };
}

export function notSent(errorClass: "CIRCUIT_OPEN" | "OVERLOADED" | "FORBIDDEN_HOST", message: string): Heard {
  return { outcome: "NOT_SENT", errorClass, httpStatus: null, message: oneLine(message) };
}

function classOf(status: number): BranchErrorClass {
  if (status >= 300 && status < 400) return "REDIRECTED";
  if (status >= 400 && status < 500) return "HTTP_CLIENT";
  return status >= 500 && status < 600 ? "HTTP_SERVER" : "INVALID_RESPONSE";
}

function heard(outcome: BranchAnswer["outcome"], errorClass: BranchErrorClass, status: number, text: string): Heard {
  const said = text.trim() === "" ? "without a word" : text;
  return { outcome, errorClass, httpStatus: status, message: oneLine(`${status}: ${said}`) };
}

/** Whole characters only, and none that could move a cursor or end a line. */
function oneLine(text: string): string {
  const line = text.slice(0, 4 * MESSAGE_LENGTH_MAX).replaceAll(/[\p{C}\p{Z}]+/gu, " ").trim();
  return line.length <= MESSAGE_LENGTH_MAX ? line : `${line.slice(0, MESSAGE_LENGTH_MAX - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
