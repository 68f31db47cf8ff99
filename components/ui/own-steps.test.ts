import { expect, test } from "vitest";
import { OwnSteps } from "./own-steps";

test("a step that is told late does not undo the newer ones", () => {
  const own = new OwnSteps();
  own.add("cause=REQUESTED");
  own.add("cause=REQUESTED&dishId=rice");
  expect(own.hear("cause=REQUESTED")).toBe(false);
  expect(own.newest).toBe("cause=REQUESTED&dishId=rice");
  expect(own.hear("cause=REQUESTED&dishId=rice")).toBe(true);
  expect(own.newest).toBeUndefined();
});

test("the newest step settles all before it: the router may leave steps out", () => {
  const own = new OwnSteps();
  for (const step of ["q=a", "q=ab", "q=abc"]) own.add(step);
  expect(own.hear("q=abc")).toBe(true);
  expect(own.newest).toBeUndefined();
});

test("a step that is taken back counts as its last time", () => {
  const own = new OwnSteps();
  for (const step of ["q=a", "q=ab", "q=a"]) own.add(step);
  expect(own.hear("q=a")).toBe(true);
  expect(own.newest).toBeUndefined();
});

test("what comes from elsewhere counts, whatever the router never told of", () => {
  const own = new OwnSteps();
  own.add("q=called-off");
  expect(own.hear("state=STUCK")).toBe(true);
  expect(own.newest).toBeUndefined();
});

test("a filter right after Back stays, when Back is told late; what Back called off counts again when it is asked for", () => {
  const own = new OwnSteps();
  own.add("q=called-off");
  own.wentBack("q=a");
  own.add("q=a&cause=REQUESTED");
  expect(own.hear("q=a")).toBe(false);
  expect(own.newest).toBe("q=a&cause=REQUESTED");
  own.wentBack("q=a");
  expect(own.hear("q=called-off")).toBe(true);
});

test("steps that are never told of are bounded", () => {
  const own = new OwnSteps();
  for (let n = 0; n < 100; n += 1) own.add(`q=${n}`);
  expect(own.hear("q=0")).toBe(true); // long forgotten: from elsewhere
  for (let n = 0; n < 100; n += 1) own.add(`q=${n}`);
  expect(own.hear("q=98")).toBe(false);
  expect(own.newest).toBe("q=99");
});
