/**
 * The rows of the table in the browser. A row never moves: what is known is brought up to date in its place, what is new is
 * only counted until somebody asks for it, what does not match any more stays where it is until then.
 * It cannot see everything at once: it asks for the rows on screen, when the room says that something changed, and every two seconds.
 */
import type { TransactionState } from "@/server/contracts/console";
import type { TransactionsDelta } from "@/server/contracts/socket-events";
import { ROWS_PAGE, WATCHED_MAX, type TransactionRow, type TransactionRows, type Watched } from "@/server/contracts/transaction-page";
import { searchOf, type TransactionFilters } from "./query";

/** Rows kept; whoever scrolls further has to narrow the filters. */
const ROWS_MAX = 3_000;
/** So many looks in a row must fail before what is shown counts as old. */
const MISSED_MAX = 2;

export interface RowsApi {
  rows(search: string, cursor: string | null): Promise<TransactionRows>;
  watch(search: string, txIds: readonly string[], newest: string | null): Promise<Watched>;
}

export interface RowsState {
  rows: readonly TransactionRow[];
  /** There is more below. */
  more: boolean;
  newer: number;
  paused: boolean;
  loading: "first" | "more" | null;
  failed: boolean;
  /** The last looks failed: what is shown may be old. */
  stale: boolean;
}

export class RowsStore {
  private state: RowsState;
  private newest: string | null;
  private nextCursor: string | null;
  private search: string;
  private readonly listeners = new Set<() => void>();
  /** Answers to an older question are dropped. */
  private question = 0;
  private watching = false;
  private missed = 0;
  private visible: readonly string[] = [];

  constructor(
    first: TransactionRows,
    filters: TransactionFilters,
    private readonly api: RowsApi,
  ) {
    this.search = searchOf(filters);
    this.newest = first.newest;
    this.nextCursor = first.nextCursor;
    this.state = { rows: first.rows, more: first.nextCursor !== null, newer: 0, paused: false, loading: null, failed: false, stale: false };
  }

  current = (): RowsState => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  setFilters(filters: TransactionFilters): void {
    const search = searchOf(filters);
    if (search === this.search) return;
    this.search = search;
    void this.reload();
  }

  /** From the top: what is new comes in, what does not match any more goes. */
  async reload(): Promise<void> {
    const question = ++this.question;
    this.say({ loading: "first", failed: false });
    try {
      const page = await this.api.rows(this.search, null);
      if (question !== this.question) return;
      this.newest = page.newest;
      this.nextCursor = page.nextCursor;
      this.say({ rows: page.rows, more: page.nextCursor !== null, newer: 0, loading: null });
    } catch {
      if (question === this.question) this.say({ loading: null, failed: true });
    }
  }

  /** The next page, below. */
  async loadMore(): Promise<void> {
    if (this.state.loading !== null || this.nextCursor === null || this.state.rows.length >= ROWS_MAX) return;
    const { question } = this;
    this.say({ loading: "more", failed: false });
    try {
      const page = await this.api.rows(this.search, this.nextCursor);
      if (question !== this.question) return;
      const known = new Set(this.state.rows.map(({ txId }) => txId));
      const rows = [...this.state.rows, ...page.rows.filter(({ txId }) => !known.has(txId))];
      this.nextCursor = rows.length + ROWS_PAGE > ROWS_MAX ? null : page.nextCursor;
      this.say({ rows, more: this.nextCursor !== null, loading: null });
    } catch {
      if (question === this.question) this.say({ loading: null, failed: true });
    }
  }

  /** What is on screen: these rows are kept up to date. */
  look(txIds: readonly string[]): void {
    this.visible = txIds.slice(0, WATCHED_MAX);
  }

  /** Paused, nothing changes at all. */
  pause(paused: boolean): void {
    this.say({ paused });
    if (!paused) void this.refresh();
  }

  /** Brings the rows on screen up to date, and counts what is new. One at a time. */
  async refresh(): Promise<void> {
    if (this.state.paused || this.watching) return;
    this.watching = true;
    const { question } = this;
    try {
      const watched = await this.api.watch(this.search, this.visible, this.newest);
      this.missed = 0;
      if (this.state.stale) this.say({ stale: false });
      if (question === this.question && !this.state.paused) this.take(watched);
    } catch {
      this.missed += 1;
      if (this.missed === MISSED_MAX) this.say({ stale: true }); // the next look comes soon
    } finally {
      this.watching = false;
    }
  }

  /** What the room said: states of rows that are here. @returns whether anything happened that is worth a look. */
  heard(delta: TransactionsDelta): boolean {
    if (this.state.paused) return false;
    const states = new Map<string, TransactionState>();
    for (const { txId, state } of delta.upserted ?? []) states.set(txId, state);
    for (const { txId, state } of delta.gone ?? []) if (state !== null) states.set(txId, state);
    if (states.size > 0 && this.state.rows.some(({ txId, state }) => states.has(txId) && states.get(txId) !== state)) {
      this.say({ rows: this.state.rows.map((row) => (states.has(row.txId) ? { ...row, state: states.get(row.txId) as TransactionState } : row)) });
    }
    return states.size > 0 || delta.totals !== undefined;
  }

  private take({ rows, newer }: Watched): void {
    const fresh = new Map(rows.map((row) => [row.txId, row]));
    let changed = newer !== this.state.newer;
    const next = this.state.rows.map((row) => {
      const now = fresh.get(row.txId);
      if (now === undefined || JSON.stringify(now) === JSON.stringify(row)) return row;
      changed = true;
      return now;
    });
    if (changed) this.say({ rows: next, newer });
  }

  private say(change: Partial<RowsState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}
