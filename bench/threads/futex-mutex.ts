/**
 * FutexMutex is a mutex on one shared word, after Ulrich Drepper, "Futexes Are Tricky" (its third mutex):
 * 0 free, 1 taken, 2 taken and somebody may sleep. Without contention it never enters the kernel.
 * It is not fair, not re-entrant, and blocks the thread: never on a thread that serves requests.
 */
const FREE = 0;
const TAKEN = 1;
const CONTENDED = 2;

export class FutexMutex {
  constructor(
    private readonly words: Int32Array,
    private readonly index: number,
  ) {}

  lock(): void {
    const { words, index } = this;
    let seen = Atomics.compareExchange(words, index, FREE, TAKEN);
    if (seen === FREE) return;
    if (seen !== CONTENDED) seen = Atomics.exchange(words, index, CONTENDED);
    while (seen !== FREE) {
      Atomics.wait(words, index, CONTENDED);
      seen = Atomics.exchange(words, index, CONTENDED);
    }
  }

  unlock(): void {
    const { words, index } = this;
    if (Atomics.sub(words, index, 1) === TAKEN) return;
    Atomics.store(words, index, FREE);
    Atomics.notify(words, index, 1);
  }
}
