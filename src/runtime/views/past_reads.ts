/**
 * Reading of the past by whoever catches up with the log: as fast as it goes, and behind everyone who asks for a change.
 *
 * Invariants:
 * 1. One such reading is under way at a time, however many streams there are, so a view waits for one at most.
 * 2. While commands come, readings take about a fifth of the time: they share the processors with the commands' ticks.
 *    They are never starved.
 */

/** Bounds of a reading of the past. */
export const pastLimits = {
  /** Entries of one reading at most. */
  entriesMax: 16,
  /** Bytes of entries after which one ends. */
  bytesMax: 32 * 1024,
  /** ms that a reading gives way to commands at most: four times what the last one took, between these. */
  giveWayMs: { min: 10, max: 200 },
  /** ms after a command in which the same asker's next is taken to be on its way. */
  graceMs: 1,
} as const;

/** Readings of the past, one after the other. */
export class PastReads {
  readonly #now: () => number;
  #commands = 0;
  /** When the last command was answered. */
  #ended = -Infinity;
  /** ms that the last reading took. */
  #took = 0;
  #last: Promise<void> = Promise.resolve();
  /** Called when no command is under way any more. */
  #onCalm: (() => void) | null = null;

  /** `now` counts ms: when readings happen is nothing that any log sees. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A command, while which no reading begins. */
  async command<T>(work: () => Promise<T>): Promise<T> {
    this.#commands++;
    try {
      return await work();
    } finally {
      this.#ended = this.#now();
      if (--this.#commands === 0) this.#onCalm?.();
    }
  }

  /** A reading, when it is its turn. */
  async read<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last, { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    try {
      await this.#calm();
      const began = this.#now();
      try {
        return await work();
      } finally {
        this.#took = this.#now() - began;
      }
    } finally {
      resolve();
    }
  }

  /** Resolves when no command is under way, nor was `graceMs` ago; or when it gave way for long enough. */
  async #calm(): Promise<void> {
    const { min, max } = pastLimits.giveWayMs;
    const until = this.#now() + Math.min(max, Math.max(min, 4 * this.#took));
    for (;;) {
      const now = this.#now();
      const calmIn = this.#commands > 0 ? Infinity : this.#ended + pastLimits.graceMs - now;
      if (calmIn <= 0 || now >= until) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, Math.min(until - now, calmIn));
      this.#onCalm = resolve;
      await promise;
      this.#onCalm = null;
      clearTimeout(timer);
    }
  }
}
