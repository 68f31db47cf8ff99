/**
 * Who takes part, in the order of the tables: ours first, since the limit is measured at the batch size that ours forms.
 */
import { BARE_STATEMENT } from "./bare-statement.ts";
import type { ContenderKind } from "./contender.ts";
import { DBOS_WORKFLOW } from "./dbos-workflow.ts";
import { ENGINE } from "./engine.ts";
import { PG_CONDITIONAL } from "./pg-conditional.ts";
import { PG_FOR_UPDATE } from "./pg-for-update.ts";
import { PRISMA_FOR_UPDATE } from "./prisma-for-update.ts";
import { REDIS_LUA } from "./redis-lua.ts";
import { REDLOCK_PRISMA } from "./redlock-prisma.ts";

export const CONTENDERS: readonly ContenderKind[] = [
  ENGINE,
  BARE_STATEMENT,
  PG_CONDITIONAL,
  PG_FOR_UPDATE,
  PRISMA_FOR_UPDATE,
  REDLOCK_PRISMA,
  DBOS_WORKFLOW,
  REDIS_LUA,
];
