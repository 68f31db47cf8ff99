/**
 * The cases of `quick` and `full`, as data: which load, how many clients, who takes part.
 */
import { BARE_STATEMENT } from "../contenders/bare-statement.ts";
import { CONTENDERS } from "../contenders/all.ts";
import { ENGINE } from "../contenders/engine.ts";
import { PG_CONDITIONAL } from "../contenders/pg-conditional.ts";
import { PG_FOR_UPDATE } from "../contenders/pg-for-update.ts";
import type { ContenderKind } from "../contenders/contender.ts";
import { REDLOCK_PRISMA } from "../contenders/redlock-prisma.ts";
import type { Load } from "../load/load.ts";
import type { Case } from "./case.ts";

const HOT: Load = { picking: "hot", dishes: 1, lines: 1, coupons: false, confirms: false };
const EVEN: Load = { ...HOT, picking: "even", dishes: 1_000 };
const ZIPF: Load = { ...EVEN, picking: "zipf" };
const STORM: Load = { ...HOT, picking: "storm", dishes: 2 };
const SOLD_OUT: Load = { ...HOT, picking: "soldOut" };

/** With 512 clients at one lock a round trip of redlock takes longer than a round. */
const NOT_REDLOCK = CONTENDERS.filter((kind) => kind !== REDLOCK_PRISMA);
const CORE: readonly ContenderKind[] = [ENGINE, BARE_STATEMENT, PG_CONDITIONAL, PG_FOR_UPDATE];
/** Where the engine refuses from memory it forms no batches, so the limit has no size of a batch to be given. */
const WITHOUT_LIMIT = CORE.filter((kind) => kind !== BARE_STATEMENT);
/** Measured in turns with the refusals: a machine's speed changes from one case to the next. */
export const ENGINE_ACCEPTS: ContenderKind = { ...ENGINE, name: `${ENGINE.name}, accepted`, about: "the engine again, with a dish that is there: what its refusals are compared with", load: HOT };
const PAIR: readonly ContenderKind[] = [ENGINE, PG_CONDITIONAL];

const closed = (name: string, title: string, load: Load, clients: number, contenders: readonly ContenderKind[], instances = 1): Case => ({
  name,
  title,
  load,
  demand: { clients },
  instances,
  contenders,
});

export const QUICK: readonly Case[] = [
  closed("hot-64", "One hot dish, 64 clients", HOT, 64, CONTENDERS),
  closed("hot-512", "One hot dish, 512 clients", HOT, 512, [ENGINE, BARE_STATEMENT, PG_CONDITIONAL]),
];

export const FULL: readonly Case[] = [
  closed("hot-8", "One hot dish, 8 clients", HOT, 8, CONTENDERS),
  closed("hot-64", "One hot dish, 64 clients", HOT, 64, CONTENDERS),
  closed("hot-512", "One hot dish, 512 clients", HOT, 512, NOT_REDLOCK),
  closed("even-64", "1 000 even dishes, 64 clients", EVEN, 64, CONTENDERS),
  closed("even-512", "1 000 even dishes, 512 clients", EVEN, 512, CORE),
  closed("zipf-64", "Zipf over 1 000 dishes, 64 clients", ZIPF, 64, CORE),
  closed("lines-64", "Baskets of 4 lines, 1 000 even dishes, 64 clients", { ...EVEN, lines: 4 }, 64, CORE),
  closed("coupons-64", "One hot dish with a coupon each, 64 clients", { ...HOT, coupons: true }, 64, CORE),
  closed("pairs-64", "Try and Confirm, one hot dish, 64 clients", { ...HOT, confirms: true }, 64, CONTENDERS),
  closed("storm-64", "Sold-out storm: 99 of 100 refused, 64 clients", STORM, 64, CORE),
  closed("sold-out-64", "A sold-out dish: every order refused, 64 clients", SOLD_OUT, 64, [...WITHOUT_LIMIT, ENGINE_ACCEPTS]),
  closed("instances-1", "One instance in a process of its own, one hot dish, 64 clients", HOT, 64, PAIR, 1),
  closed("instances-2", "Two instances, one hot dish, 64 clients", HOT, 64, PAIR, 2),
  closed("instances-3", "Three instances, one hot dish, 64 clients", HOT, 64, PAIR, 3),
  closed("instances-3-even", "Three instances, 1 000 even dishes, 64 clients", EVEN, 64, PAIR, 3),
  { name: "open-hot", title: "Open loop, one hot dish, 500 orders a second", load: HOT, demand: { perSecond: 500 }, instances: 1, contenders: WITHOUT_LIMIT },
];
