import { expect, test } from "vitest";
import { HashTurns } from "./hash-turns.ts";

/** Tasks that end when they are told to. */
function tasks() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const task = (name: string) => () =>
    new Promise<string>((end) => {
      begun.push(name);
      ends.set(name, () => end(name));
    });
  return { begun, ends, task };
}

test("two are hashed at once, and strangers who storm the door are turned away beyond the line", async () => {
  const turns = new HashTurns();
  const { begun, ends, task } = tasks();
  const asked = Array.from({ length: 30 }, (_, n) => turns.run(false, task(`s${n}`)));
  expect(begun).toEqual(["s0", "s1"]);
  expect(await Promise.all(asked.slice(22))).toEqual(Array.from({ length: 8 }, () => null));
  for (let n = 0; n < 22; n += 1) {
    ends.get(`s${n}`)?.();
    expect(await asked[n]).toBe(`s${n}`);
  }
  expect(begun).toHaveLength(22);
});

test("a known browser is taken next although the strangers' line is full", async () => {
  const turns = new HashTurns();
  const { begun, ends, task } = tasks();
  const strangers = Array.from({ length: 30 }, (_, n) => turns.run(false, task(`s${n}`)));
  const known = turns.run(true, task("known"));
  ends.get("s0")?.();
  await strangers[0];
  await expect.poll(() => begun).toEqual(["s0", "s1", "known"]);
  ends.get("known")?.();
  expect(await known).toBe("known");
});

test("a task that fails hands its turn on", async () => {
  const turns = new HashTurns();
  const fail = () => Promise.reject(new Error("no"));
  await Promise.all([1, 2, 3, 4].map(() => expect(turns.run(false, fail)).rejects.toThrow("no")));
  expect(await turns.run(false, async () => "free")).toBe("free");
});
