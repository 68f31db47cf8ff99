/** Steps that the router has not told of are forgotten beyond this: it has been called off, and more than anybody takes in a moment. */
const STEPS_MAX = 16;

/**
 * Where the address was taken here, by a filter or by Back, and the router has not told of yet, oldest first. It tells of a step when
 * it has rendered it: on a busy machine after the next one was made, and the list would fall back and a field lose its words.
 */
export class OwnSteps {
  private steps: string[] = [];

  /** What was changed last, as long as the router has not caught up. */
  get newest(): string | undefined {
    return this.steps.at(-1);
  }

  add(search: string): void {
    this.steps = [...this.steps, search].slice(-STEPS_MAX);
  }

  /** Back calls off the steps before it: the router may never tell of them. */
  wentBack(search: string): void {
    this.steps = [search];
  }

  /** Takes what the router tells, and says whether it counts: not when it is a step of ours that newer ones have followed. */
  hear(told: string): boolean {
    const at = this.steps.lastIndexOf(told);
    this.steps = at === -1 ? [] : this.steps.slice(at + 1);
    return this.steps.length === 0;
  }
}
