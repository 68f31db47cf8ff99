/**
 * A contender as several instances, each in a process of its own with its share of the clients, as production runs it. The
 * processes begin a round together and their tallies are added up.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ContenderKind, Place } from "../contenders/contender.ts";
import type { Field, Played, RoundSpec } from "../compare/team.ts";
import { addUp } from "../load/tally.ts";
import type { Answer, Command } from "./instance.ts";

const INSTANCE = fileURLToPath(new URL("./instance.ts", import.meta.url));

/** A process that does not answer for so long is broken; a round, its ramp and its end are shorter. */
const ANSWER_MS_MAX = 120_000;

export function processField(instances: number): (kind: ContenderKind, place: Place) => Promise<Field> {
  return async (kind, place) => {
    const processes = Array.from({ length: instances }, () => new Instance());
    await Promise.all(processes.map((each) => each.ask({ do: "open", kind: kind.name, place })));
    return {
      shares: instances,
      async play(spec) {
        const answers = await Promise.all(processes.map((each, share) => each.ask({ do: "play", spec: shareOf(spec, share, instances), share })));
        const played = answers.map((answer) => answer as Played);
        return { tally: addUp(played.map(({ tally }) => tally)), remarks: meanOf(played.map(({ remarks }) => remarks)) };
      },
      async close() {
        await Promise.all(processes.map((each) => each.close()));
      },
    };
  };
}

function shareOf(spec: RoundSpec, share: number, shares: number): RoundSpec {
  const { demand } = spec;
  const part = (whole: number): number => Math.floor((whole * (share + 1)) / shares) - Math.floor((whole * share) / shares);
  return { ...spec, demand: "clients" in demand ? { clients: part(demand.clients) } : { perSecond: demand.perSecond / shares } };
}

function meanOf(remarks: readonly Record<string, number>[]): Record<string, number> {
  const names = Object.keys(remarks[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, remarks.reduce((sum, remark) => sum + (remark[name] ?? 0), 0) / remarks.length]));
}

/** A process of ours that is told what to do and answers. */
export class Instance {
  private readonly child: ChildProcess;

  constructor(program = INSTANCE) {
    this.child = fork(program, [], { execArgv: ["--import", "tsx"], serialization: "advanced", stdio: ["ignore", "ignore", "inherit", "ipc"] });
  }

  ask(command: Command): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.child.off("message", onMessage).off("exit", onExit);
        act();
      };
      const timer = setTimeout(() => settle(() => reject(new Error(`An instance did not answer within ${ANSWER_MS_MAX / 1000} s.`))), ANSWER_MS_MAX);
      const onExit = (code: number | null) => settle(() => reject(new Error(`An instance ended with ${code}.`)));
      const onMessage = (answer: Answer) => settle(() => (answer.ok ? resolve(answer.value) : reject(new Error(answer.error))));
      this.child.on("message", onMessage).on("exit", onExit);
      this.child.send(command);
    });
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    await this.ask({ do: "close" }).catch(() => this.child.kill());
    this.child.disconnect();
    await ended;
  }
}
