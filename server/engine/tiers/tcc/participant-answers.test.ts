import { describe, expect, test } from "vitest";
import { failed, judge } from "./participant-answers.ts";

describe("an answer", () => {
  test.each([
    [200, "", "DONE"],
    [200, "FAILURE", "REFUSED"],
    [200, "ONGOING", "ONGOING"],
    [200, "failure", "DONE"],
    [409, "", "REFUSED"],
    [409, "still ONGOING elsewhere", "REFUSED"], // the status speaks first
    [425, "FAILURE later", "ONGOING"],
    [400, "FAILURE", "REFUSED"],
    [201, "", "FAILED"],
    [404, "", "FAILED"],
    [500, "FAILURE ONGOING", "FAILED"],
    [302, "FAILURE", "FAILED"],
    [600, "", "FAILED"],
  ])("%i %j is %s", (status, text, outcome) => {
    expect(judge(status, text, "t").outcome).toBe(outcome);
  });

  test("is one line of at most 200 characters for people, without control characters or halves of one", () => {
    const { message } = judge(503, `a\r\n\u001b[31mred\u2028${"😀".repeat(400)}`, "t");
    expect(message).toMatch(/^503: a \[31mred 😀+…$/u);
    expect(message!.length).toBeLessThanOrEqual(200);
    expect(judge(503, " \n", "t").message).toBe("503: without a word");
    expect(failed("TIMEOUT", "late\nagain").message).toBe("late again");
  });
});
