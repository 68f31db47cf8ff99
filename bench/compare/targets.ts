/**
 * What was promised, held against what was measured: one row a target. A target whose case was not run is left out.
 */
import { BARE_STATEMENT } from "../contenders/bare-statement.ts";
import { DBOS_WORKFLOW } from "../contenders/dbos-workflow.ts";
import { ENGINE } from "../contenders/engine.ts";
import { PG_CONDITIONAL } from "../contenders/pg-conditional.ts";
import { PG_FOR_UPDATE } from "../contenders/pg-for-update.ts";
import { REDLOCK_PRISMA } from "../contenders/redlock-prisma.ts";
import type { Cell, Table } from "../measure/report.ts";
import type { CaseResult } from "./case.ts";
import { ENGINE_ACCEPTS } from "./cases.ts";
import { medianOf, times } from "./tables.ts";

interface Side {
  in: string;
  of: string;
  figure?: "perSecond" | "p99Ms";
}

interface Target {
  what: string;
  /** Measured is `ours` divided by `theirs`. */
  ours: Side;
  theirs: Side;
  atLeast?: number;
  atMost?: number;
}

const speed = (what: string, case_: string, against: { name: string }, atLeast: number): Target => ({
  what,
  ours: { in: case_, of: ENGINE.name },
  theirs: { in: case_, of: against.name },
  atLeast,
});

export const TARGETS: readonly Target[] = [
  speed("hot dish, 64 clients, against pg FOR UPDATE", "hot-64", PG_FOR_UPDATE, 30),
  {
    what: "its p99, against pg FOR UPDATE",
    ours: { in: "hot-64", of: ENGINE.name, figure: "p99Ms" },
    theirs: { in: "hot-64", of: PG_FOR_UPDATE.name, figure: "p99Ms" },
    atMost: 1 / 15,
  },
  speed("hot dish, 512 clients, against pg FOR UPDATE", "hot-512", PG_FOR_UPDATE, 40),
  speed("hot dish, 64 clients, against pg conditional UPDATE", "hot-64", PG_CONDITIONAL, 10),
  speed("hot dish, 512 clients, against pg conditional UPDATE", "hot-512", PG_CONDITIONAL, 15),
  speed("hot dish, 64 clients, against redlock + Prisma", "hot-64", REDLOCK_PRISMA, 100),
  speed("hot dish, 64 clients, against a DBOS workflow", "hot-64", DBOS_WORKFLOW, 30),
  speed("hot dish, 64 clients, against the limit", "hot-64", BARE_STATEMENT, 0.8),
  speed("hot dish, 512 clients, against the limit", "hot-512", BARE_STATEMENT, 0.8),
  { what: "hot dish, 512 clients against 64", ours: { in: "hot-512", of: ENGINE.name }, theirs: { in: "hot-64", of: ENGINE.name }, atLeast: 1.2 },
  {
    what: "its p99, 512 clients against 64 (in proportion: 8)",
    ours: { in: "hot-512", of: ENGINE.name, figure: "p99Ms" },
    theirs: { in: "hot-64", of: ENGINE.name, figure: "p99Ms" },
    atMost: 8,
  },
  speed("1 000 even dishes, 64 clients, against pg conditional UPDATE", "even-64", PG_CONDITIONAL, 4),
  speed("1 000 even dishes, 512 clients, against pg conditional UPDATE", "even-512", PG_CONDITIONAL, 6),
  speed("Try and Confirm, against pg conditional UPDATEs", "pairs-64", PG_CONDITIONAL, 10),
  { what: "refusals of a sold-out dish against accepted Trys", ours: { in: "sold-out-64", of: ENGINE.name }, theirs: { in: "sold-out-64", of: ENGINE_ACCEPTS.name }, atLeast: 4 },
];

export function targetsTable(results: readonly CaseResult[], more: readonly Cell[][] = []): Table {
  const medianAt = ({ in: name, of, figure = "perSecond" }: Side): number | null => {
    const result = results.find(({ case: each }) => each.name === name);
    return result ? medianOf(result.measured, of, figure) : null;
  };
  const rows = TARGETS.flatMap((target): Cell[][] => {
    const [ours, theirs] = [medianAt(target.ours), medianAt(target.theirs)];
    if (ours === null || theirs === null || theirs === 0) return [];
    const { atLeast, atMost } = target;
    const ratio = ours / theirs;
    const met = atLeast !== undefined ? ratio >= atLeast : ratio <= (atMost as number);
    return [[target.what, atLeast !== undefined ? `≥ ${times(atLeast)} ×` : `≤ ${times(atMost as number)} ×`, `${times(ratio)} ×`, met ? "met" : "NOT MET"]];
  });
  return {
    title: "Targets",
    columns: [{ title: "what" }, { title: "target" }, { title: "measured" }, { title: "" }],
    rows: [...rows, ...more],
    remarks: ["Ratios of medians within this run."],
  };
}
