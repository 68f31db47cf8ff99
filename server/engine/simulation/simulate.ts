/**
 * One simulated run: the plan is drawn from the seed, several engines work under it, every step is checked, then the faults stop
 * and everything must come to its end. The same seed plays the same run twice, event by event.
 */
import { createHash } from "node:crypto";
import { seededRandom } from "../kernel/random.ts";
import type { Coverage } from "./ambush.ts";
import { checkAnswers } from "./checks/answers.ts";
import { checkDishes } from "./checks/dish-operations.ts";
import { checkHealed } from "./checks/endings.ts";
import { checkRefusals } from "./checks/refusals.ts";
import { StepChecks } from "./checks/step-checks.ts";
import { drawPlan, printPlan, type FaultPlan } from "./fault-plan.ts";
import type { History } from "./history.ts";
import { DUE_OWN_LOOK_MS } from "../recovery/due-watch.ts";
import { TTL_SECONDS_MAX, Workload } from "./workload.ts";
import { lateWatcher } from "./watcher.ts";
import { World } from "./world.ts";

/** How often an instance asks what is due at least, and a second for a question that is lost. */
const ASKED_MS_MAX = DUE_OWN_LOOK_MS + 1_500;

/** What an expired reservation takes to be swept at most, as promised. */
const SWEPT_MS_MAX = 5_000;

/**
 * After the faults: the last of them lasts 4 s, the last reservation expires and is swept, and its participants are told: at the
 * latest after a lease of 5 s and a pause of 20 s (RETRY_MS_MAX), in a call of 3 s.
 */
const HEALING_MS = 4_000 + TTL_SECONDS_MAX * 1_000 + SWEPT_MS_MAX + 28_000;

export interface RunReport {
  seed: number;
  operations: number;
  /** The plan, for people. */
  plan: string[];
  /** What is wrong; empty: the run is clean. */
  violations: string[];
  /** Of everything that happened, in its order: equal for equal seeds. */
  digest: string;
  /** What happened, one line each; empty unless asked for. */
  log: string[];
  coverage: Coverage;
  /** How calls ended: verb and outcome. */
  outcomes: Record<string, number>;
  counts: RunCounts;
}

/** Sums over runs are sums of these. */
export interface RunCounts {
  calls: number;
  trys: number;
  accepted: number;
  replayed: number;
  commits: number;
  steps: number;
  soldOut: number;
  soldOutWithinCall: number;
  dishesPut: number;
  dishesUndecided: number;
  dishOperations: number;
}

export interface SimulateOptions {
  operations?: number;
  keepLog?: boolean;
  /** Is shown every line of the log at once. */
  onLine?(line: string): void;
}

/** What will go wrong in a run, known before it begins. */
export function planOf(seed: number, operations = 300): FaultPlan {
  return drawPlan(seededRandom(seed ^ 0x9a7), operations);
}

export async function simulate(seed: number, { operations = 300, keepLog = false, onLine }: SimulateOptions = {}): Promise<RunReport> {
  const plan = planOf(seed, operations);
  const log: string[] = [];
  const note = (line: string): void => {
    const timed = `${world.clock.monotonicMs().toFixed(3)} ms  ${line}`;
    log.push(timed);
    onLine?.(timed);
  };
  let checks!: StepChecks;
  const world = new World(seed, { plan, log: note, watcher: lateWatcher(() => checks) });
  const workload = new Workload(world, seededRandom(seed ^ 0xc057), note);
  const supply = await workload.stockUp();
  checks = new StepChecks(world.clock, () => world.redis, supply);
  for (let i = 0; i < plan.instances; i++) world.start();

  for (let i = 0; i < operations; i++) {
    workload.operate();
    await world.clock.advance(workload.pauseMs());
  }
  note("the faults are over");
  world.heal();
  const healingSinceMs = world.clock.monotonicMs();
  await world.clock.advance(HEALING_MS);

  const history: History = { supply, calls: workload.calls, commits: checks.commits };
  const refusals = checkRefusals(history, checks.books);
  const dishes = checkDishes(history, checks.books);
  const violations = [
    ...checks.wrong,
    ...checkAnswers(history, checks.books),
    ...refusals.wrong,
    ...dishes.wrong,
    ...(workload.open > 0 ? [`${workload.open} calls never ended`] : []),
    ...checks.idleSweepers(world.instances.map(({ name }) => name), ASKED_MS_MAX, SWEPT_MS_MAX),
    ...(await checkHealed(world, checks.books, { healingSinceMs, sweptMsMax: SWEPT_MS_MAX })),
  ];
  const trys = history.calls.filter((call) => call.verb === "try");
  const answered = trys.flatMap(({ ending }) => (ending.kind === "answered" ? [ending.answer] : []));
  return {
    seed,
    operations,
    plan: printPlan(plan),
    violations,
    digest: createHash("sha256").update(log.join("\n")).digest("hex").slice(0, 16),
    log: keepLog ? log : [],
    coverage: world.ambush?.coverage ?? {},
    outcomes: workload.outcomes,
    counts: {
      calls: history.calls.length,
      trys: trys.length,
      accepted: answered.filter(({ replayed }) => !replayed).length,
      replayed: answered.filter(({ replayed }) => replayed).length,
      commits: history.commits.length,
      steps: world.clock.steps,
      soldOut: refusals.soldOut,
      soldOutWithinCall: refusals.soldOutWithinCall,
      dishesPut: dishes.dishes,
      dishesUndecided: dishes.undecided,
      dishOperations: dishes.operations,
    },
  };
}
