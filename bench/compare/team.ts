/**
 * A team plays rounds for one contender: inside this process, or as several instances in processes of their own. It sets the
 * menu, lets the clients play, and audits the books.
 */
import type { ContenderKind, Place, Subject } from "../contenders/contender.ts";
import { BareStatement } from "../contenders/bare-statement.ts";
import { closedLoop, type Timing } from "../load/closed-loop.ts";
import { openLoop } from "../load/open-loop.ts";
import { type Load, Orders } from "../load/load.ts";
import type { TallyData } from "../load/tally.ts";
import { type Audit, audit } from "../stand/audit.ts";
import { type Menu, openMenu } from "../stand/menu.ts";

/** How the clients come: so many at a time, or at a rate. */
export type Demand = { clients: number } | { perSecond: number };

export interface RoundSpec {
  /** A prefix that no other round of this team has. */
  round: string;
  load: Load;
  demand: Demand;
  timing: Timing;
  seed: number;
  /** Coupons for each process. */
  couponsMax: number;
  /** Of the bare statement. */
  batch: number;
}

export interface Played {
  tally: TallyData;
  remarks: Record<string, number>;
}

export interface RoundResult extends Played, Audit {}

/** Where a contender plays. */
export interface Field {
  /** How many processes share the load. */
  shares: number;
  play(spec: RoundSpec): Promise<Played>;
  close(): Promise<void>;
}

export class Team {
  private constructor(
    readonly kind: ContenderKind,
    private readonly menu: Menu,
    private readonly field: Field,
  ) {}

  static async open(kind: ContenderKind, place: Place, field: (kind: ContenderKind, place: Place) => Promise<Field> = localField): Promise<Team> {
    return new Team(kind, openMenu(kind.books, place), await field(kind, place));
  }

  async play(spec: RoundSpec): Promise<RoundResult> {
    const { round, load } = spec;
    const coupons = load.coupons ? spec.couponsMax * this.field.shares : 0;
    await this.menu.set(round, load, coupons);
    const played = await this.field.play(spec);
    return { ...played, ...audit(round, load, played.tally, await this.menu.read(round, load, coupons)) };
  }

  async close(): Promise<void> {
    await this.field.close();
    await this.menu.close();
  }
}

/** In this process. */
export async function localField(kind: ContenderKind, place: Place): Promise<Field> {
  const subject = await kind.open(place);
  return { shares: 1, play: (spec) => playShare(subject, spec, 0), close: () => subject.close() };
}

/** One process's part of a round. */
export async function playShare(subject: Subject, spec: RoundSpec, share: number): Promise<Played> {
  const { load, round, demand, timing, seed, couponsMax, batch } = spec;
  const orders = new Orders(load, round, share, couponsMax, seed);
  subject.prepare?.();
  const tally = await tallyOf();
  return { tally, remarks: subject.remarks?.() ?? {} };

  function tallyOf(): Promise<TallyData> {
    if (subject instanceof BareStatement) return subject.playBatches(load, orders, batch, timing);
    if ("clients" in demand) return closedLoop(subject, load, orders, demand.clients, timing);
    return openLoop(subject, load, orders, demand.perSecond, timing);
  }
}
