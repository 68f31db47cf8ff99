/** A start that cannot succeed, for a reason the person at the terminal can mend. Shown as one sentence, without a stack. */
export class StartError extends Error {
  override readonly name = "StartError";
}
