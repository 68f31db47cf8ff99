/**
 * A Life is one simulated process: it can be paused, its wall clock can be wrong, and it can die.
 * What it scheduled dies with it; what it sent does not: a message that is out stays out.
 */
import type { Clock, Timer } from "../kernel/clock.ts";

export class Life {
  alive = true;
  /** How wrong its wall clock is, milliseconds. Its monotonic clock is right: it is only ever used for differences. */
  skewMs = 0;
  private paused = false;
  /** What would have happened during a pause, in order. */
  private readonly backlog: (() => void)[] = [];
  private readonly mourners: (() => void)[] = [];

  onDeath(mourn: () => void): void {
    this.mourners.push(mourn);
  }

  end(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const mourn of this.mourners) mourn();
  }

  pause(): void {
    this.paused = true;
  }

  /** Everything that waited happens now, one after the other. */
  resume(world: Clock): void {
    this.paused = false;
    const next = (): void => {
      if (this.paused) return;
      const task = this.backlog.shift();
      if (!task) return;
      if (this.alive) task();
      if (this.backlog.length > 0) world.soon(next);
    };
    world.soon(next);
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** Lets something happen to the process: now, after its pause, or never when it is dead. */
  reach(task: () => void): void {
    if (!this.alive) return;
    if (this.paused || this.backlog.length > 0) this.backlog.push(task);
    else task();
  }

  /** The process's own clock. */
  clock(world: Clock): Clock {
    const guard = (task: () => void) => (): void => this.reach(task);
    return {
      nowMs: () => world.nowMs() + this.skewMs,
      monotonicMs: () => world.monotonicMs(),
      schedule: (delayMs, task): Timer => {
        let cancelled = false;
        const timer = world.schedule(
          delayMs,
          guard(() => {
            if (!cancelled) task();
          }),
        );
        return {
          cancel: () => {
            cancelled = true;
            timer.cancel();
          },
        };
      },
      soon: (task) => world.soon(guard(task)),
    };
  }
}
