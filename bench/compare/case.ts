/**
 * One case: one load, every contender in turns on databases of their own, each with the number of connections that suits it
 * best. It measures; what the figures mean is `tables.ts` and `targets.ts`.
 */
import type { ContenderKind, Place } from "../contenders/contender.ts";
import { BARE_STATEMENT } from "../contenders/bare-statement.ts";
import { ENGINE } from "../contenders/engine.ts";
import type { Load } from "../load/load.ts";
import { Latencies } from "../measure/latencies.ts";
import type { Progress } from "../measure/progress.ts";
import { type Contender, type Figures, type Measured, takeTurns } from "../measure/rounds.ts";
import type { Stand } from "../stand/stand.ts";
import { processField } from "../instances/process-field.ts";
import { type Demand, localField, type RoundResult, Team } from "./team.ts";

export interface Case {
  name: string;
  title: string;
  load: Load;
  demand: Demand;
  /** Processes; 1 is this one. */
  instances: number;
  contenders: readonly ContenderKind[];
}

export interface Scale {
  rounds: number;
  /** The measured window of a round, after a ramp. */
  windowMs: number;
  rampMs: number;
  /** Of one pool size in the calibration. */
  calibrationMs: number;
}

export const POOLS = [4, 8, 16, 64] as const;

/** Coupons of a warm-up, per process: more than anybody takes in its time. */
const WARM_UP_COUPONS = 20_000;
/** A round may be this much faster than its warm-up before its coupons run out. */
const COUPON_MARGIN = 2;

const CALIBRATION_CLIENTS_MAX = 64;

export interface CaseResult {
  case: Case;
  measured: Measured[];
  /** Orders answered per second, by contender and number of connections. */
  calibration: Record<string, Record<number, number>>;
  /** The connections each contender had; 0: its own constant. */
  pools: Record<string, number>;
  /** What went wrong, in words, by contender; empty when nothing did. */
  errors: Record<string, string[]>;
}

/** @param pools remembers what was calibrated, by load and contender: the same question is asked once. */
export async function runCase(stand: Stand, each: Case, scale: Scale, progress: Progress, pools: Map<string, Record<number, number>>): Promise<CaseResult> {
  const result: CaseResult = { case: each, measured: [], calibration: {}, pools: {}, errors: {} };
  const field = each.instances === 1 ? localField : processField(each.instances);
  const opened: { team: Team; database: string }[] = [];
  const forms = { batch: 0 }; // what the engine formed last
  try {
    const contenders: Contender[] = [];
    for (const kind of each.contenders) {
      const calibration = kind.hasPool ? await calibrated(stand, kind, each, scale, progress, pools) : {};
      const pool = bestOf(calibration);
      progress.say(`${each.name}: opening ${kind.name}`);
      const database = `bench_${opened.length}`;
      const place = { databaseUrl: await stand.createDatabase(database), redisUrl: stand.redisUrl, pool };
      const team = await Team.open(kind, place, field);
      opened.push({ team, database });
      result.calibration[kind.name] = calibration;
      result.pools[kind.name] = pool;
      result.errors[kind.name] = [];
      contenders.push(contenderOf(team, each, scale, forms, result.errors[kind.name] as string[]));
    }
    result.measured = await takeTurns(contenders, scale.rounds, progress);
    for (const measured of result.measured) measured.violations = measured.violations.map((violation) => `${each.name}: ${violation}`);
    return result;
  } finally {
    for (const { team } of opened) await team.close();
    for (const { database } of opened) await stand.dropDatabase(database);
  }
}

function contenderOf(team: Team, { name, load: usual, demand }: Case, { rampMs, windowMs }: Scale, forms: { batch: number }, errors: string[]): Contender {
  const load = team.kind.load ?? usual;
  let rounds = 0;
  let perSecond = 0;
  const play = async (timing: { rampMs: number; windowMs: number }): Promise<RoundResult> => {
    const couponsMax = perSecond === 0 ? WARM_UP_COUPONS : Math.ceil((perSecond * COUPON_MARGIN * (timing.rampMs + timing.windowMs)) / 1000) + 2_000;
    const round = `r${rounds++}`;
    const played = await team.play({ round, load, demand, timing, seed: rounds, couponsMax, batch: Math.max(1, Math.round(forms.batch)) });
    perSecond = Math.max(perSecond, (played.tally.endings.done / played.tally.windowMs) * 1000);
    if (team.kind === ENGINE) forms.batch = played.remarks.batch ?? 0;
    for (const words of played.tally.errors) if (!errors.includes(words)) errors.push(words);
    return played;
  };
  return {
    name: team.kind.name,
    warmUp: async () => {
      if (team.kind === BARE_STATEMENT && forms.batch === 0) throw new Error(`${name}: the engine goes first, its batches are the limit's`);
      return { violation: (await play({ rampMs: 0, windowMs: rampMs + windowMs / 2 })).violation };
    },
    round: async () => {
      const result = await play({ rampMs, windowMs });
      return { figures: figuresOf(result, team.kind === BARE_STATEMENT ? forms.batch : null), violation: result.violation };
    },
  };
}

export function figuresOf({ tally, remarks, oversold }: RoundResult, batch: number | null): Figures {
  const { endings, everything, windowMs } = tally;
  const latencies = new Latencies();
  latencies.add(tally.done);
  latencies.add(tally.refused);
  return {
    perSecond: ((endings.done + endings.refused) / windowMs) * 1000,
    donePerSecond: (endings.done / windowMs) * 1000,
    // Recorded in microseconds.
    p50Ms: latencies.quantileNs(0.5) / 1000,
    p99Ms: latencies.quantileNs(0.99) / 1000,
    refused: everything.refused,
    dropped: everything.dropped,
    failed: everything.failed,
    oversold,
    batch: batch ?? remarks.batch ?? 0,
  };
}

async function calibrated(stand: Stand, kind: ContenderKind, each: Case, scale: Scale, progress: Progress, known: Map<string, Record<number, number>>): Promise<Record<number, number>> {
  const { load, demand, name } = each;
  // More clients than connections change who waits, not what suits: 512 are given what suits 64.
  const clients = Math.min("clients" in demand ? demand.clients : CALIBRATION_CLIENTS_MAX, CALIBRATION_CLIENTS_MAX);
  const key = JSON.stringify([kind.name, load, clients]);
  const earlier = known.get(key);
  if (earlier) return earlier;
  const speeds: Record<number, number> = {};
  const database = "bench_calibration";
  const databaseUrl = await stand.createDatabase(database);
  try {
    for (const pool of POOLS) {
      progress.say(`${name}: ${kind.name} with ${pool} connections`);
      const place: Place = { databaseUrl, redisUrl: stand.redisUrl, pool };
      const team = await Team.open(kind, place);
      try {
        // To the end of the last order: the slowest finish fewer in a window than they have clients.
        const startedAtMs = performance.now();
        const timing = { rampMs: 0, windowMs: scale.calibrationMs };
        const { tally } = await team.play({ round: `p${pool}`, load, demand: { clients }, timing, seed: pool, couponsMax: WARM_UP_COUPONS, batch: 1 });
        speeds[pool] = ((tally.everything.done + tally.everything.refused) / (performance.now() - startedAtMs)) * 1000;
      } finally {
        await team.close();
      }
      if (pool >= clients) break; // more connections than clients change nothing
    }
  } finally {
    await stand.dropDatabase(database);
  }
  known.set(key, speeds);
  return speeds;
}

export function bestOf(speeds: Record<number, number>): number {
  const [best] = Object.entries(speeds).sort(([, a], [, b]) => b - a);
  return best ? Number(best[0]) : 0;
}
