/**
 * BranchRecovery takes up what others left: branches whose time has come, whoever had them before. A claim is a lease that is
 * committed before anything is sent, so instances share the work without knowing each other.
 * Interrupted Trys are cancelled; decided transactions only go forward.
 */
import type { Clock } from "../kernel/clock.ts";
import type { FailpointListener } from "../kernel/failpoints.ts";
import { Rounds } from "../kernel/rounds.ts";
import type { ClaimedBranch } from "../tiers/tcc/ledger.ts";

/** How often this instance asks itself whether a branch that it knows of, or that the due watch found, is due. */
export const RECOVERY_INTERVAL_MS = 250;

/** Branches of one claim: one call of the ledger, and as many calls of participants. */
export const CLAIM_MAX = 256;

/** Calls under way: two claims, so that one is filled while the other is answered. What is left waits in the ledger. */
export const RECOVERING_MAX = 512;

export interface RecoveryPorts {
  clock: Clock;
  claim(limit: number): Promise<ClaimedBranch[]>;
  /** Calls the branch and writes down what came of it. */
  call(branch: ClaimedBranch): Promise<unknown>;
  /** Cancels a transaction whose Try was interrupted. */
  abandon(branch: ClaimedBranch): Promise<unknown>;
  failpoint: FailpointListener;
}

export class BranchRecovery {
  /** Branches that were claimed, since the process started. */
  claimed = 0;
  private readonly rounds: Rounds;
  private claiming: Promise<void> | null = null;
  private stopped = false;
  private inFlight = 0;
  private more = false;
  private idleWaiters: (() => void)[] = [];

  constructor(private readonly ports: RecoveryPorts) {
    this.rounds = new Rounds({ clock: ports.clock, everyMs: RECOVERY_INTERVAL_MS, pass: () => this.pass() });
  }

  start(): void {
    this.rounds.start();
  }

  /** A branch will be due then: the next pass comes no later. */
  expect(inMs: number): void {
    this.rounds.expect(inMs);
  }

  /** Claims what is due, as much as there is room for, and begins it. What a claim that failed left is found by the due watch. */
  pass(): Promise<void> {
    this.claiming ??= this.claimAll().finally(() => {
      this.claiming = null;
    });
    return this.claiming;
  }

  /** Resolves when nothing that it began is under way. */
  async idle(): Promise<void> {
    await this.claiming;
    if (this.inFlight === 0) return;
    await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.rounds.stop();
    await this.idle();
  }

  private async claimAll(): Promise<void> {
    do {
      const limit = Math.min(CLAIM_MAX, RECOVERING_MAX - this.inFlight);
      const branches = limit > 0 ? await this.ports.claim(limit).catch(() => []) : [];
      this.more = limit === 0 || branches.length === limit;
      if (branches.length > 0) this.ports.failpoint("claim.committed");
      this.claimed += branches.length;
      for (const branch of branches) this.begin(branch);
    } while (this.more && this.inFlight < RECOVERING_MAX && !this.stopped);
  }

  private begin(branch: ClaimedBranch): void {
    this.inFlight++;
    const { call, abandon } = this.ports;
    const work = branch.state === "TRYING" ? abandon(branch) : call(branch);
    // What fails here is written nowhere: the lease runs out, and it is due again.
    void work
      .catch(() => {})
      .finally(() => {
        this.inFlight--;
        if (this.more && !this.stopped && this.inFlight <= RECOVERING_MAX - CLAIM_MAX) void this.pass();
        if (this.inFlight === 0) for (const resolve of this.idleWaiters.splice(0)) resolve();
      });
  }
}
