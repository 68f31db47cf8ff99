/**
 * `npm run sim`: plays seeds of the simulator. Exit 0 when they are clean, 1 when one failed, 2 on wrong usage.
 */
import { writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { printPlan } from "../../server/engine/simulation/fault-plan.ts";
import { planOf } from "../../server/engine/simulation/simulate.ts";
import { answerNotRun } from "../command-line.ts";
import { OPERATIONS_DEFAULT, readCommand, USAGE, type Command } from "./arguments.ts";
import { bundlePlayer } from "./bundle.ts";
import { campaign, percent, proofOf } from "./campaign.ts";
import { MUTATIONS } from "./mutation-table.ts";
import { playMutations, type Caught } from "./mutations.ts";
import type { Played, PlayerOptions } from "./player.ts";

/** From so many operations on, a campaign has to meet everything to be clean: 1 000 seeds of 300. */
const PROOF_OPERATIONS_MIN = 300_000;

const VIOLATIONS_SHOWN = 10;

/** 128 and the number of SIGPIPE: what a shell says of a program whose reader went away, as `head` does. */
const EXIT_UNREAD = 141;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const command = readCommand(process.argv.slice(2));
  switch (command.kind) {
    case "help":
    case "refused":
      return answerNotRun(command, USAGE);
    case "one":
      return playOne(command);
    case "many":
      return playMany(command);
    case "mutations":
      return playAllMutations(command);
  }
}

async function playOne({ seed, operations, mutation: name }: Extract<Command, { kind: "one" }>): Promise<number> {
  const mutation = MUTATIONS.find((candidate) => candidate.name === name) ?? null;
  if (name !== null && !mutation) {
    process.stderr.write(`There is no mutation "${name}". There are: ${MUTATIONS.map((known) => known.name).join(", ")}.\n`);
    return 2;
  }
  say(`seed ${seed}, ${operations} operations${mutation ? `, engine broken: ${mutation.breaks}` : ""}\n\nwhat will go wrong`);
  for (const line of printPlan(planOf(seed, operations))) say(`  ${line}`);
  say("\nwhat happens");
  const { violations, counts } = await playAlone(await bundlePlayer(mutation), seed, operations);
  say(`\n${counts.calls} calls, ${counts.accepted} Trys accepted, ${counts.replayed} replayed, ${counts.commits} commits, ${counts.steps} events`);
  if (violations.length === 0) {
    say("clean");
    return 0;
  }
  for (const violation of violations) say(`VIOLATION ${violation}`);
  say(`\nseed ${seed} fails. Again: ${replayCommand(seed, operations)}${mutation ? ` --mutation "${mutation.name}"` : ""}`);
  return 1;
}

function playAlone(program: string, seed: number, operations: number): Promise<Played> {
  return new Promise((resolve, reject) => {
    const workerData: PlayerOptions = { operations, repeatEvery: 0, tellsLines: true };
    const worker = new Worker(program, { eval: true, workerData });
    worker.on("message", (message: string | Played) => {
      if (typeof message === "string") return say(`  ${message}`);
      void worker.terminate().then(() => resolve(message));
    });
    worker.once("error", reject);
    worker.postMessage([seed]);
  });
}

async function playMany({ from, seeds, operations, threads, json }: Extract<Command, { kind: "many" }>): Promise<number> {
  const startedAtMs = performance.now();
  const program = await bundlePlayer();
  const report = await campaign({ program, from, seeds, operations, threads, stopAtFailure: true, onProgress: progress(seeds) });
  const seconds = (performance.now() - startedAtMs) / 1000;
  const { counts, failed } = report;
  say(
    `${report.played} seeds × ${operations} operations in ${seconds.toFixed(1)} s (${Math.round((60 * report.played) / seconds)} a minute): ${counts.calls} calls, ` +
      `${percent(counts.accepted / counts.trys)} of the Trys accepted, ${percent(counts.replayed / counts.trys)} replays, ${counts.commits} commits, ${counts.dishOperations} operations on dishes put in a row` +
      `${counts.dishesUndecided > 0 ? ` (${counts.dishesUndecided} of ${counts.dishesPut} dishes undecided)` : ""}`,
  );
  const missing = failed.length > 0 ? [] : proofOf(report);
  if (json) writeJson(json, { ...report, seconds, missing });
  const first = failed[0];
  if (first) {
    for (const violation of first.violations.slice(0, VIOLATIONS_SHOWN)) say(`VIOLATION ${violation}`);
    say(`seed ${first.seed} fails${failed.length > 1 ? `, and ${failed.length - 1} others` : ""}. Again, event by event: ${replayCommand(first.seed, operations)}`);
    return 1;
  }
  if (missing.length === 0) say("clean");
  else if (seeds * operations < PROOF_OPERATIONS_MIN) say(`no seed failed; too few to prove much: ${missing.join("; ")}`);
  else {
    say(`no seed failed, and yet not clean: ${missing.join("; ")}`);
    return 1;
  }
  return 0;
}

async function playAllMutations({ seeds, operations, threads, json }: Extract<Command, { kind: "mutations" }>): Promise<number> {
  const caught: Caught[] = [];
  say("| broken | noticed after seeds | in | by |\n|---|---|---|---|");
  await playMutations(MUTATIONS, { seeds, operations, threads }, (one) => {
    caught.push(one);
    say(`| ${one.mutation.name}: ${one.mutation.breaks} | ${one.seeds ?? `not in ${seeds}`} | ${one.seeds === null ? "–" : `${one.failing} of ${one.played}`} | ${one.sentence ?? "–"} |`);
  });
  if (json) writeJson(json, caught);
  const missed = caught.filter((one) => one.seeds === null);
  say(`\n${caught.length - missed.length} of ${caught.length} noticed`);
  return missed.length === 0 ? 0 : 1;
}

const replayCommand = (seed: number, operations: number): string => `npm run sim -- --seed ${seed}${operations === OPERATIONS_DEFAULT ? "" : ` --ops ${operations}`}`;

const writeJson = (file: string, value: unknown): void => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

/** On a terminal, a line that counts; elsewhere nothing. */
function progress(seeds: number): CampaignProgress {
  if (!process.stdout.isTTY) return undefined;
  return (played) => void process.stdout.write(`\r${played} of ${seeds} seeds${played === seeds ? "\r\x1b[K" : ""}`);
}

type CampaignProgress = ((played: number) => void) | undefined;

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(EXIT_UNREAD);
});

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    process.exitCode = 1;
  },
);
