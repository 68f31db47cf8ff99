import { expect, test } from "vitest";
import { FutexMutex } from "./futex-mutex.ts";

test("a free mutex is taken and freed without a sleeper", () => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const mutex = new FutexMutex(words, 0);
  mutex.lock();
  expect(words[0]).toBe(1);
  mutex.unlock();
  expect(words[0]).toBe(0);
});

test("a mutex that somebody may wait for is freed whole, and the sleeper is woken", async () => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const mutex = new FutexMutex(words, 0);
  mutex.lock();
  Atomics.store(words, 0, 2);
  // In Node since 16, in TypeScript's library since ES2024.
  const { waitAsync } = Atomics as unknown as { waitAsync(words: Int32Array, index: number, value: number): { value: Promise<string> } };
  const sleeper = waitAsync(words, 0, 2);
  mutex.unlock();
  expect(words[0]).toBe(0);
  expect(await sleeper.value).toBe("ok");
});
