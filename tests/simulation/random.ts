/** Choices from a seed: the same on every machine, in the same order. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 0;
    for (let i = 0; i < 4; i++) this.below(2);
  }

  /** A whole number from 0 up to and without `end`. Mulberry32. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * end);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    const one = from[this.below(from.length)];
    if (one === undefined) throw new Error("a choice from nothing");
    return one;
  }

  /** Some of `from`, each with this chance; at least one. */
  some<T>(from: readonly T[], percent: number): T[] {
    const chosen = from.filter(() => this.chance(percent));
    return chosen.length === 0 ? [this.pick(from)] : chosen;
  }
}
