/**
 * How the cost of a Try grows with what is already there: dishes on sale, open holds, finished reservations. Each level is a
 * database and an instance of its own; the levels take turns under the same load. It compares the engine with itself only.
 */
import { join } from "node:path";
import { PROJECT_DIR } from "../../server/config.ts";
import { figuresOf } from "../compare/case.ts";
import { times } from "../compare/tables.ts";
import type { Played } from "../compare/team.ts";
import { ENGINE } from "../contenders/engine.ts";
import { Instance } from "../instances/process-field.ts";
import type { Load } from "../load/load.ts";
import { addUp, type TallyData } from "../load/tally.ts";
import type { Progress } from "../measure/progress.ts";
import type { Cell, Findings, Table } from "../measure/report.ts";
import { type Contender, type Measured, spreadOf, takeTurns } from "../measure/rounds.ts";
import { audit } from "../stand/audit.ts";
import { type Menu, openMenu } from "../stand/menu.ts";
import { openStand } from "../stand/stand.ts";
import { fillHistory } from "./history.ts";

export interface Level {
  name: string;
  dishes: number;
  /** Reservations that customers hold while others order. */
  held: number;
  /** Reservations that were confirmed before. */
  finished: number;
}

export interface GrowthScale {
  levels: readonly Level[];
  rounds: number;
  rampMs: number;
  windowMs: number;
}

const level = (dishes: number, held = 0, finished = 0): Level => ({
  name: [`${dishes.toLocaleString("en-US")} dishes`, held && `${held.toLocaleString("en-US")} held`, finished && `${finished.toLocaleString("en-US")} finished`].filter(Boolean).join(", "),
  dishes,
  held,
  finished,
});

/** The first is what the others are held against. */
export const GROWTH_SCALE: GrowthScale = {
  levels: [level(1_000), level(10_000), level(100_000), level(1_000, 100_000), level(1_000, 0, 1_000_000)],
  rounds: 5,
  rampMs: 500,
  windowMs: 2_000,
};

const CLIENTS = 64;
/** All rounds of a level sell the same dishes: they know what has grown. */
const ROUND = "growth";

export async function runGrowth({ levels, rounds, rampMs, windowMs }: GrowthScale, progress: Progress): Promise<Findings> {
  const stand = await openStand(join(PROJECT_DIR, ".cache"), (sentence) => progress.say(sentence));
  const open: { instance: Instance; menu: Menu }[] = [];
  try {
    const sizes: Size[] = [];
    const contenders: Contender[] = [];
    for (const [i, { name, dishes, held, finished }] of levels.entries()) {
      progress.say(`${name}: filling`);
      const place = { databaseUrl: await stand.createDatabase(`growth_${i}`), redisUrl: stand.redisUrl, pool: 0 };
      const load: Load = { picking: "even", dishes, lines: 1, coupons: false, confirms: false };
      const menu = openMenu("postgres", place);
      const instance = new Instance();
      open.push({ instance, menu });
      await menu.set(ROUND, load, 0);
      const filled = await fillHistory(place.databaseUrl, ROUND, { dishes, held, finished });
      await instance.ask({ do: "open", kind: ENGINE.name, place });
      const size: Size = { emptyBytes: Number(await instance.ask({ do: "memory" })), touched: 0, fullBytes: 0 };
      sizes.push(size);
      let tally: TallyData = filled;
      let share = 0;
      const play = async (timing: { rampMs: number; windowMs: number }) => {
        const spec = { round: ROUND, load, demand: { clients: CLIENTS }, timing, seed: 1, couponsMax: 0, batch: 1 };
        const played = (await instance.ask({ do: "play", spec, share: share++ })) as Played;
        tally = addUp([tally, played.tally]);
        const { violation, oversold } = audit(ROUND, load, tally, await menu.read(ROUND, load, 0));
        Object.assign(size, { touched: tally.reserved.filter((portions, position) => portions > (filled.reserved[position] as number)).length, fullBytes: Number(await instance.ask({ do: "memory" })) });
        return { figures: figuresOf({ ...played, violation, oversold }, null), violation: violation && `${name}: ${violation}` };
      };
      contenders.push({ name, warmUp: () => play({ rampMs: 0, windowMs }), round: () => play({ rampMs, windowMs }) });
    }
    const measured = await takeTurns(contenders, rounds, progress);
    return { tables: [tableOf(measured, sizes, levels, stand.durability)], violations: measured.flatMap(({ violations }) => violations) };
  } finally {
    for (const { instance, menu } of open) {
      await instance.close();
      await menu.close();
    }
    await stand.close();
  }
}

/** Of an instance: heap and buffers after a collection. */
interface Size {
  emptyBytes: number;
  fullBytes: number;
  /** Dishes that somebody ordered. */
  touched: number;
}

function tableOf(measured: readonly Measured[], sizes: readonly Size[], levels: readonly Level[], durability: string): Table {
  const base = measured[0] && spreadOf(measured[0], "perSecond")?.median;
  const rows = measured.map((each, i): Cell[] => {
    const speed = spreadOf(each, "perSecond");
    const { emptyBytes, fullBytes, touched } = sizes[i] as Size;
    const mib = (bytes: number): number => bytes / 2 ** 20;
    return [each.name, speed, spreadOf(each, "p99Ms"), speed && base ? `${times(speed.median / base)} ×` : "", mib(emptyBytes), mib(fullBytes), touched];
  });
  return {
    title: `What a Try costs beside what is already there: ${CLIENTS} clients, every dish as likely`,
    columns: [
      { title: "there already" },
      { title: "orders/s", spread: true },
      { title: "p99 ms", digits: 1, spread: true },
      { title: "of the first" },
      { title: "MiB at the start", digits: 1 },
      { title: "MiB at the end", digits: 1 },
      { title: "dishes ordered" },
    ],
    rows,
    remarks: [
      ...perDish(sizes, levels),
      "MiB: heap and buffers of the instance after a collection; at the end it also remembers its last answers, a bounded number of them.",
      "Ids of orders ascend, those of the history are random.",
      durability,
    ],
  };
}

/** Every instance remembers as many answers as any other, so what the largest menu has more of is its dishes. */
function perDish(sizes: readonly Size[], levels: readonly Level[]): string[] {
  const [first] = sizes;
  const largest = sizes[levels.findIndex(({ dishes }) => dishes === Math.max(...levels.map((each) => each.dishes)))];
  if (!first || !largest || largest.touched <= first.touched) return [];
  const bytes = (largest.fullBytes - largest.emptyBytes - (first.fullBytes - first.emptyBytes)) / (largest.touched - first.touched);
  return [`An ordered dish takes ${Math.round(bytes)} bytes of an instance, by the difference of the largest menu and the first.`];
}
