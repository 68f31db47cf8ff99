import { expect, it } from "vitest";
import { Progress } from "./progress.ts";

function screen(columns?: number): { out: { isTTY: boolean; columns?: number; write(text: string): void }; text: () => string } {
  let written = "";
  return { out: { isTTY: columns !== undefined, columns, write: (text) => void (written += text) }, text: () => written };
}

it("on a terminal a line replaces the one before and never wraps", () => {
  const { out, text } = screen(40);
  const progress = new Progress(out);
  progress.show("x".repeat(200));
  progress.show("done");
  expect(text()).toBe(`\r\x1b[2K${"x".repeat(39)}\r\x1b[2Kdone`);
});

it("elsewhere the same step is not said again and again", () => {
  const { out, text } = screen();
  const progress = new Progress(out);
  for (const open of [30, 20, 10]) progress.say(`waiting for ${open} reservations to end`);
  progress.say("reading the ledger");
  expect(text()).toBe("audit: waiting for 30 reservations to end\naudit: reading the ledger\n");
});
