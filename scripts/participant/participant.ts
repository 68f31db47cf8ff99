/**
 * The participant without its HTTP: a fence for each branch, written down before it is answered for, and the last calls.
 * It never fails on purpose: `server.ts` does, by the mode.
 */
import { amountOf, type BookAnswer, type BookEntry, ParticipantBook } from "../../server/engine/tiers/tcc/participant-book.ts";
import type { BranchOperation } from "../../server/engine/tiers/tcc/participants.ts";
import { type Journal, openJournal } from "./journal.ts";

/** About 300 bytes each in memory. A fence that is dropped early is none, so a full book takes no new branch. */
const BRANCHES_MAX = 1_000_000;

/** Enough to see what just happened. */
const LAST_CALLS_MAX = 50;

export interface BranchRequest {
  gid: string;
  branchId: string;
  operation: BranchOperation;
  body: unknown;
}

export interface CallNote {
  at: string;
  gid: string;
  branchId: string;
  operation: BranchOperation;
  /** In words, as in "200", "409 confirm: its try never came", "hang, as told". */
  answer: string;
}

export class Participant {
  readonly book = new ParticipantBook();
  /** Newest first. */
  readonly lastCalls: CallNote[] = [];
  calls = 0;
  private branches = 0;
  private journal!: Journal;

  private constructor() {}

  /** Takes up where the last one in this folder ended, however it ended. */
  static async open(folder: string): Promise<Participant> {
    const participant = new Participant();
    const { journal, entries } = await openJournal(folder, Date.now());
    participant.journal = journal;
    for (const entry of entries) participant.book.put(entry);
    participant.branches = entries.length;
    return participant;
  }

  /** Carries a call out. Resolves when it may be answered. Rejects when the disk fails: nothing may be answered any more. */
  async serve({ gid, branchId, operation, body }: BranchRequest): Promise<BookAnswer | "full"> {
    if (this.branches >= BRANCHES_MAX && !this.book.find(gid, branchId)) return "full";
    const isNew = !this.book.find(gid, branchId);
    const answer = this.book.apply(gid, branchId, operation, amountOf(body), Date.now());
    if (answer.written) {
      this.journal.note(answer.written);
      if (isNew) this.branches += 1;
    }
    await this.journal.settled(); // also for a repetition: what it repeats may still be on its way to the disk
    return answer;
  }

  remember(request: BranchRequest, answer: string): void {
    const { gid, branchId, operation } = request;
    this.calls += 1;
    this.lastCalls.unshift({ at: new Date().toISOString(), gid, branchId, operation, answer });
    this.lastCalls.length = Math.min(this.lastCalls.length, LAST_CALLS_MAX);
  }

  /** The newest branches, in one state or in any. */
  newest(state: BookEntry["state"] | null, limit: number): BookEntry[] {
    const found = [...this.book.entries()].filter((entry) => state === null || entry.state === state);
    return found.slice(-limit).reverse();
  }

  async close(): Promise<void> {
    await this.journal.close();
  }
}
