/** Reservations that were there before anybody measures: some still held, the others confirmed. Written past the engine, in its shape. */
import pg from "pg";
import { dishIdOf, DISHES_PER_STORE } from "../load/load.ts";
import { emptyTally, type TallyData } from "../load/tally.ts";

/** Rows of one statement: a million at once would need their sort on disk. */
const ROWS_PER_STATEMENT = 100_000;

interface Filling {
  dishes: number;
  held: number;
  finished: number;
}

/** @returns what the books have to hold because of it. */
export async function fillHistory(databaseUrl: string, round: string, { dishes, held, finished }: Filling): Promise<TallyData> {
  const tally = emptyTally(dishes);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (let from = 0; from < held + finished; from += ROWS_PER_STATEMENT) {
      const to = Math.min(from + ROWS_PER_STATEMENT, held + finished);
      await client.query(INSERT, [from, to, held, dishes, dishIdOf(round, 0).slice(0, -5), DISHES_PER_STORE]);
      for (let n = from; n < to; n++) {
        (tally.reserved[n % dishes] as number) += 1;
        if (n >= held) (tally.confirmed[n % dishes] as number) += 1;
      }
    }
    await client.query(
      `UPDATE dishes SET available = available - open - paid, frozen = open, sold = paid
         FROM (SELECT dish_id, count(*) FILTER (WHERE state = 'RESERVED')::int AS open, count(*) FILTER (WHERE state = 'CONFIRMED')::int AS paid
                 FROM reservations GROUP BY dish_id) AS line WHERE line.dish_id = dishes.dish_id`,
    );
    await client.query("VACUUM ANALYZE");
  } finally {
    await client.end();
  }
  return tally;
}

const INSERT = `
  WITH past AS (
    SELECT md5(n::text) AS id, CASE WHEN n < $3::int THEN 'RESERVED' ELSE 'CONFIRMED' END::transaction_state AS state,
           $5 || lpad((n % $4::int)::text, 5, '0') AS dish, 'store-' || (n % $4::int) / $6::int AS store,
           now() - interval '1 day' + n * interval '10 milliseconds' AS at
      FROM generate_series($1::int, $2::int - 1) AS n
  ), tx AS (
    INSERT INTO transactions (tx_id, store_id, order_id, state, payload_hash, created_at, updated_at, expires_at)
    SELECT id, store, id, state, md5(id)::uuid, at, at, now() + interval '1 day' FROM past
  ), ordered AS (
    INSERT INTO orders (order_id, tx_id, state) SELECT id, id, state FROM past
  )
  INSERT INTO reservations (tx_id, line_no, dish_id, quantity, state) SELECT id, 1, dish, 1, state FROM past`;
