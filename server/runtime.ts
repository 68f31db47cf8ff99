/**
 * What pages and route handlers find when they are asked for: made by server/pages/renderer.ts in the thread that renders them. Next
 * compiles them apart from it, so a module is evaluated twice in one thread; only globalThis is shared.
 * Ask for it inside a request, never while a module loads: during `next build` there is none.
 */
import type { PageReads } from "./pages/reads.ts";

export interface Runtime {
  reads: PageReads;
}

const KEY = Symbol.for("eightysix.runtime");
const shared = globalThis as { [KEY]?: Runtime };

export function setRuntime(runtime: Runtime): void {
  shared[KEY] = runtime;
}

/** @throws when nothing runs, as while Next builds. */
export function getRuntime(): Runtime {
  const runtime = shared[KEY];
  if (!runtime) throw new Error("There is no runtime in this thread: pages and routes are rendered by server/pages/renderer.ts only.");
  return runtime;
}
