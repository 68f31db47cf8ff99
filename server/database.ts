/**
 * The Prisma client of pages, sign-ins and the API's reads. Its pool is bounded, and so is the life of everything in it: a read
 * whose caller has left ends by itself. The engine has connections of its own (engine/tiers/tcc/postgres-calls.ts).
 */
import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/prisma/client.ts";

/** Two cores answer no more of them at a time; pages and reads wait their turn. */
const CONNECTIONS_MAX = 10;

/**
 * The server ends a statement after this. An API read is given up after 0.8 s; the longest read of the console, a menu of
 * 100 000 dishes, takes about one.
 */
export const STATEMENT_MS_MAX = 3_000;

/**
 * For a free connection, or a new one. A page asks for ten at once and a person waits for it: where a busy machine takes a
 * second to make one, the page must not fail. API reads keep to their own 0.8 s; what they leave behind here is soon asked.
 */
export const CONNECT_MS_MAX = 2_500;

/** An operator opens a page now and then: ten connections must not be made anew for each. The driver's own limit is 10 s. */
const IDLE_MS_MAX = 120_000;

/**
 * A statement that has not been answered by then never will be: the line was cut without a word. Its connection is thrown away,
 * or ten such would keep every read waiting for the quarter of an hour that TCP takes to give up.
 */
export const ANSWER_MS_MAX = STATEMENT_MS_MAX + 1_000;

export function createPrisma(databaseUrl: string): PrismaClient {
  const pool = {
    connectionString: databaseUrl,
    max: CONNECTIONS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    idleTimeoutMillis: IDLE_MS_MAX,
    query_timeout: ANSWER_MS_MAX,
    keepAlive: true,
  };
  return new PrismaClient({ adapter: new PrismaPg(pool) });
}
