/**
 * The door between the pages' thread and the engine's: a call by name with plain arguments, and its answer. What is called is given
 * to it; as many calls are open as pages are being rendered.
 */
import type { MessagePort } from "node:worker_threads";

type Calls = Record<string, (...args: never[]) => Promise<unknown>>;

interface Call {
  id: number;
  name: string;
  args: unknown[];
}

type Answer = { id: number; value: unknown } | { id: number; failure: string };

/** Answers whoever calls at `port`. */
export function answerCalls(port: MessagePort, calls: Calls): void {
  port.on("message", ({ id, name, args }: Call) => {
    const call = calls[name] as ((...given: unknown[]) => Promise<unknown>) | undefined;
    new Promise((done) => {
      if (!call) throw new Error(`a page asked for ${name}, which nobody answers`);
      done(call(...args));
    })
      .then((value) => port.postMessage({ id, value } satisfies Answer))
      .catch((error: Error) => port.postMessage({ id, failure: `${error.name}: ${error.message}` } satisfies Answer));
  });
}

/** @returns what `answerCalls` was given at the other end. A call rejects with what it rejected with there, as words. */
export function callsThrough<T extends Calls>(port: MessagePort): T {
  const open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  port.on("message", (answer: Answer) => {
    const asked = open.get(answer.id);
    open.delete(answer.id);
    if ("failure" in answer) asked?.reject(new Error(answer.failure));
    else asked?.resolve(answer.value);
  });
  return new Proxy({} as T, {
    get: (_, name) => {
      if (typeof name !== "string" || name === "then") return undefined; // it may be awaited
      return (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          const id = ++last;
          open.set(id, { resolve, reject });
          port.postMessage({ id, name, args } satisfies Call);
        });
    },
  });
}
