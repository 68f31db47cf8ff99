/**
 * Shows what set-up is doing: one line a step, with its seconds; alive while it works. It cannot know how long a step will take.
 */
const STILL_EVERY_MS = 10_000;

/**
 * Runs one step of set-up and shows it on standard error.
 * @template T
 * @param {string} what
 * @param {(say: (detail: string) => void) => Promise<T> | T} work `say` shows a detail of the step.
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  const startedAtMs = performance.now();
  const seconds = () => `${((performance.now() - startedAtMs) / 1000).toFixed(0)} s`;
  const isTerminal = process.stderr.isTTY;
  let detail = "";
  const paint = () => process.stderr.write(`\r\x1b[2K  ${what} … ${seconds()}${detail ? ` (${detail})` : ""}`);
  if (isTerminal) paint();
  else process.stderr.write(`  ${what} …\n`);
  const ticker = setInterval(
    () => (isTerminal ? paint() : process.stderr.write(`  ${what} … ${seconds()}${detail ? ` (${detail})` : ""}\n`)),
    isTerminal ? 1_000 : STILL_EVERY_MS,
  );
  try {
    const result = await work((text) => {
      detail = text;
    });
    process.stderr.write(`${isTerminal ? "\r\x1b[2K" : ""}  ${what}: done in ${seconds()}\n`);
    return result;
  } catch (error) {
    process.stderr.write(isTerminal ? "\r\x1b[2K" : "");
    throw error;
  } finally {
    clearInterval(ticker);
  }
}
