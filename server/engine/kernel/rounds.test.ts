/** Rounds on a virtual clock. */
import { expect, test } from "vitest";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { sleep } from "./clock.ts";
import { Rounds } from "./rounds.ts";

function roundsOf(pass: () => Promise<unknown>) {
  const clock = new VirtualClock();
  const rounds = new Rounds({ clock, everyMs: 100, pass });
  rounds.start();
  return { clock, rounds };
}

test("a pass comes when it is expected and not without, never two at once, and what is expected during one is not forgotten", async () => {
  let [passes, underWay] = [0, 0];
  const { clock, rounds } = roundsOf(async () => {
    passes++;
    expect(++underWay).toBe(1);
    await sleep(clock, 1_000);
    underWay--;
  });
  await clock.advance(5_000);
  expect(passes).toBe(0);
  rounds.expect(500);
  rounds.expect(9_000); // later than what is expected already
  await clock.advance(450);
  expect(passes).toBe(0);
  await clock.advance(300);
  expect(passes).toBe(1);
  for (let i = 0; i < 5; i++) rounds.expect(0);
  await clock.advance(300);
  expect(passes).toBe(1);
  await clock.advance(1_000);
  expect(passes).toBe(2);
});

test("a pass that fails does not end the rounds", async () => {
  let passes = 0;
  const { clock, rounds } = roundsOf(async () => {
    passes++;
    throw new Error("told to");
  });
  for (let i = 0; i < 3; i++) {
    rounds.expect(0);
    await clock.advance(200);
  }
  expect(passes).toBe(3);
});

test("a stop waits for the pass under way, and none comes after it", async () => {
  let [passes, done] = [0, 0];
  const { clock, rounds } = roundsOf(async () => {
    passes++;
    await sleep(clock, 1_000);
    done++;
  });
  rounds.expect(0);
  await clock.advance(200);
  const stopping = rounds.stop();
  rounds.expect(0);
  await clock.run(stopping);
  expect([passes, done]).toEqual([1, 1]);
  await clock.advance(5_000);
  expect(passes).toBe(1);
});
