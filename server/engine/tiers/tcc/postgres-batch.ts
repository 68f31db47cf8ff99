/**
 * How a batch travels to the function stock_batch and back: parameters, positions, rows. Nothing here talks to a server.
 * The function wants dishes in the order of their bytes and names everything else by its position; callers need not know.
 */
import { readFileSync } from "node:fs";
import type { DishRow } from "../../kernel/types.ts";
import { BRANCH_LEASE_MS, type ChangeVerdict, type LedgerBatch, type LedgerBatchResult, type MoveVerdict, type TryVerdict } from "./ledger.ts";

export function sqlFile(name: string): string {
  return readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), "utf8");
}

const STOCK_BATCH = sqlFile("stock-batch");

/** The function's answer. An array over nothing is null. */
export interface StockBatchAnswer {
  at_ms: number;
  move_verdicts: MoveVerdict[];
  change_answers: ChangeVerdict[];
  try_verdicts: TryVerdict[];
  dish_store: (string | null)[] | null;
  dish_supplied: number[] | null;
  dish_available: number[] | null;
  dish_frozen: number[] | null;
  dish_sold: number[] | null;
  dish_on_sale: boolean[] | null;
  dish_version: number[] | null;
}

/** A query for `pg`, prepared under its name on each connection that runs it. */
export interface PreparedQuery {
  name: string;
  text: string;
  values: unknown[];
}

export interface StockBatchCall {
  query: PreparedQuery;
  /** @returns the batch's result, dishes in the order of `batch.dishIds`. */
  read(answer: StockBatchAnswer): LedgerBatchResult;
}

export function stockBatchCall(batch: LedgerBatch): StockBatchCall {
  const { trys, moves, changes, dishIds } = batch;
  // UTF-16 and bytes sort alike for ids, which are ASCII; any other text would only find its dish unknown.
  const sorted = [...dishIds].sort((a, b) => (a < b ? -1 : 1));
  const positions = new Map(sorted.map((dishId, index) => [dishId, index + 1]));
  const position = (dishId: string): number => {
    const found = positions.get(dishId);
    if (!found) throw new RangeError(`batch ${batch.batchId} does not name the dish ${dishId} that it touches`);
    return found;
  };

  const lineTry: number[] = [];
  const lineNo: number[] = [];
  const lineDish: number[] = [];
  const lineQuantity: number[] = [];
  trys.forEach(({ lines }, index) => {
    lines.forEach(({ dishId, quantity }, line) => {
      lineTry.push(index + 1);
      lineNo.push(line + 1);
      lineDish.push(position(dishId));
      lineQuantity.push(quantity);
    });
  });
  const remote = trys.flatMap(({ branches = [] }, index) => branches.map((branch, no) => ({ ...branch, try: index + 1, no: no + 1 })));
  const hasCoupons = trys.some(({ couponId }) => couponId !== null);

  const values = [
    texts(sorted),
    texts(moves.map(({ txId }) => txId)),
    texts(moves.map(({ to }) => to)),
    texts(moves.map(({ cause }) => cause)),
    texts(changes.map(({ actionKey }) => actionKey)),
    texts(changes.map(({ requestHash }) => requestHash)),
    texts(changes.map(({ kind }) => kind)),
    numbers(changes.map(({ dishId }) => position(dishId))),
    numbers(changes.map(({ quantity }) => quantity)),
    texts(changes.map(({ reason }) => reason)),
    texts(changes.map(({ actor }) => actor)),
    texts(trys.map(({ txId }) => txId)),
    texts(trys.map(({ storeId }) => storeId)),
    texts(trys.map(({ orderId }) => orderId)),
    hasCoupons ? texts(trys.map(({ couponId }) => couponId)) : "{}",
    texts(trys.map(({ payloadHash }) => payloadHash)),
    numbers(trys.map(({ ttlSeconds }) => ttlSeconds)),
    texts(trys.map(({ traceId }) => traceId)),
    numbers(trys.map(({ stages }) => hundredths(stages.accessMs))),
    numbers(trys.map(({ stages }) => hundredths(stages.casMs))),
    numbers(trys.map(({ stages }) => hundredths(stages.lockMs))),
    numbers(trys.map(({ stages }) => hundredths(stages.redisMs))),
    numbers(lineTry),
    numbers(lineNo),
    numbers(lineDish),
    numbers(lineQuantity),
    numbers(remote.map((branch) => branch.try)),
    numbers(remote.map(({ no }) => no)),
    texts(remote.map(({ participant }) => participant)),
    texts(remote.map(({ tryUrl }) => tryUrl)),
    texts(remote.map(({ confirmUrl }) => confirmUrl)),
    texts(remote.map(({ cancelUrl }) => cancelUrl)),
    texts(remote.map(({ body }) => (body === null ? null : JSON.stringify(body)))),
    BRANCH_LEASE_MS,
  ];
  return {
    query: { name: "stock_batch", text: STOCK_BATCH, values },
    read(answer) {
      return {
        atMs: answer.at_ms,
        trys: answer.try_verdicts,
        moves: answer.move_verdicts,
        changes: answer.change_answers,
        dishes: dishIds.map((dishId) => dishAt(answer, dishId, position(dishId) - 1)),
      };
    },
  };
}

function dishAt(answer: StockBatchAnswer, dishId: string, index: number): DishRow | null {
  const storeId = answer.dish_store?.[index] ?? null;
  if (storeId === null) return null;
  return {
    dishId,
    storeId,
    supplied: answer.dish_supplied?.[index] as number,
    available: answer.dish_available?.[index] as number,
    frozen: answer.dish_frozen?.[index] as number,
    sold: answer.dish_sold?.[index] as number,
    onSale: answer.dish_on_sale?.[index] as boolean,
    version: answer.dish_version?.[index] as number,
  };
}

const hundredths = (ms: number): number => Math.round(ms * 100) / 100;

const numbers = (items: readonly number[]): string => `{${items.join(",")}}`;

/** An array literal. `pg` writes the same, an element at a time; ids need no escaping, and a batch has thousands. */
function texts(items: readonly (string | null)[]): string {
  if (items.length === 0) return "{}";
  let literal = "{";
  for (const item of items) {
    if (item === null) literal += "NULL,";
    else if (item.includes('"') || item.includes("\\")) literal += `"${item.replace(/["\\]/g, "\\$&")}",`;
    else literal += `"${item}",`;
  }
  return `${literal.slice(0, -1)}}`;
}
