/**
 * Holds a round's books against what its clients were promised. A round that breaks one of these rules does not count.
 */
import { dishIdOf, type Load } from "../load/load.ts";
import type { TallyData } from "../load/tally.ts";
import type { BookedDish, Books } from "./menu.ts";

export interface Audit {
  /** Portions promised to clients beyond what was supplied. */
  oversold: number;
  /** Null: every portion is accounted for. */
  violation: string | null;
}

/** Sentences of one dish that are named; the others are counted. */
const NAMED_MAX = 3;

export function audit(round: string, load: Load, tally: TallyData, books: Books): Audit {
  const wrong = books.dishes.flatMap((dish, position) => faultsOf(dish, tally, position, load).map((fault) => `${dishIdOf(round, position)}: ${fault}`));
  if (books.coupons < tally.coupons || books.coupons > tally.coupons + tally.uncertainCoupons) {
    wrong.push(`${tally.coupons} coupons taken by clients, ${books.coupons} in the books`);
  }
  const oversold = books.dishes.reduce((sum, { supplied }, position) => sum + Math.max(0, (tally.reserved[position] as number) - supplied), 0);
  if (wrong.length === 0) return { oversold, violation: null };
  const rest = wrong.length > NAMED_MAX ? ` and ${wrong.length - NAMED_MAX} more` : "";
  return { oversold, violation: `${wrong.slice(0, NAMED_MAX).join("; ")}${rest}` };
}

function faultsOf({ supplied, available, frozen, sold, open, confirmed }: BookedDish, tally: TallyData, position: number, load: Load): string[] {
  const [promised, paid, uncertain] = [tally.reserved[position] as number, tally.confirmed[position] as number, tally.uncertain[position] as number];
  const taken = frozen + sold;
  const faults: string[] = [];
  if (supplied !== available + taken || Math.min(available, frozen, sold) < 0) faults.push(`supplied ${supplied} is not available ${available} + frozen ${frozen} + sold ${sold}`);
  if (open !== null && open !== frozen) faults.push(`frozen ${frozen}, but reservations hold ${open}`);
  if (confirmed !== null && confirmed !== sold) faults.push(`sold ${sold}, but reservations say ${confirmed}`);
  if (promised > supplied) faults.push(`${promised} portions promised of ${supplied}`);
  if (taken < promised || taken > promised + uncertain) faults.push(`${promised} portions promised to clients, ${taken} in the books`);
  if (load.confirms && (sold < paid || sold > paid + uncertain)) faults.push(`${paid} portions confirmed to clients, ${sold} in the books`);
  return faults;
}
