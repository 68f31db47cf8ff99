/**
 * One instance of a contender in a process of its own, told what to do over the channel of its parent. When the channel closes,
 * the process ends.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Place, Subject } from "../contenders/contender.ts";
import { CONTENDERS } from "../contenders/all.ts";
import { playShare, type RoundSpec } from "../compare/team.ts";

export type Command = { do: "open"; kind: string; place: Place } | { do: "play"; spec: RoundSpec; share: number } | { do: "memory" } | { do: "close" };
export type Answer = { ok: true; value: unknown } | { ok: false; error: string };

let subject: Subject | null = null;

async function obey(command: Command): Promise<unknown> {
  switch (command.do) {
    case "open": {
      const kind = CONTENDERS.find(({ name }) => name === command.kind);
      if (!kind) throw new Error(`There is no contender "${command.kind}".`);
      subject = await kind.open(command.place);
      return null;
    }
    case "play":
      if (!subject) throw new Error("Nothing is open.");
      return playShare(subject, command.spec, command.share);
    case "memory":
      return memoryBytes();
    case "close":
      await subject?.close();
      subject = null;
      return null;
  }
}

/** What is still needed after a collection: the heap, and the buffers beside it. */
function memoryBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

process.on("message", (command: Command) => {
  const answer = (said: Answer) => void process.send?.(said);
  obey(command).then(
    (value) => answer({ ok: true, value }),
    (error: Error) => answer({ ok: false, error: error.stack ?? error.message }),
  );
});
process.on("disconnect", () => process.exit(0));
