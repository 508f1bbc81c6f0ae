/**
 * Splits a function body into metered blocks: runs of instructions of which, barring traps, all or none run.
 * Each block is charged once, at its start, so the fuel of a completed step is the exact sum of its instructions.
 *
 * The algorithm is that of wasm-instrument's gas metering, with two differences: a branch to a loop header also ends the
 * blocks it leaves (there it could over-charge), and in a module with exceptions every call may leave the function.
 *
 * Invariant: one pass, no recursion; work is linear in the instructions plus the branch targets.
 */

/** Fuel to take before the instruction at `at` (a byte offset). */
export interface Charge {
  readonly at: number;
  readonly fuel: number;
}

interface Control {
  lowestTarget: number;
  blockAt: number;
  blockFuel: number;
  dead: boolean;
  readonly deadOutside: boolean;
}

/** Finds the metered blocks of one function body. Offsets: `next` is that of the following instruction. */
export class MeteredBlocks {
  readonly charges: Charge[] = [];
  readonly #stack: Control[] = [];

  constructor(start: number, entryFuel: number) {
    this.#stack.push({
      lowestTarget: 0,
      blockAt: start,
      blockFuel: entryFuel,
      dead: false,
      deadOutside: false,
    });
  }

  get #top(): Control {
    return this.#stack[this.#stack.length - 1]!;
  }

  /** Adds the price of a plain instruction to the running block. */
  add(fuel: number): void {
    const top = this.#top;
    if (!top.dead) top.blockFuel += fuel;
  }

  /** A `block` or `try_table`: what runs inside first belongs to the running block. */
  block(): void {
    this.#push(this.#top.blockAt);
  }

  /** A `loop` or `if`: its body starts a block of its own. */
  body(next: number): void {
    this.#push(next);
  }

  #push(blockAt: number): void {
    const dead = this.#top.dead;
    this.#stack.push({ lowestTarget: this.#stack.length, blockAt, blockFuel: 0, dead, deadOutside: dead });
  }

  otherwise(next: number): void {
    this.#finish(next);
    this.#top.dead = this.#top.deadOutside;
  }

  /** An `end`. The last one leaves the function's own control. */
  end(next: number): void {
    this.#finish(next);
    const index = this.#stack.length - 1;
    if (index === 0) return;
    const closed = this.#stack.pop()!;
    const top = this.#top;
    top.lowestTarget = Math.min(top.lowestTarget, closed.lowestTarget);
    if (closed.lowestTarget < index) this.#finish(next);
  }

  /** Control may go to the label `depth` levels out (0 is the innermost); it may also go on. */
  branch(depths: Iterable<number>, next: number): void {
    const top = this.#top;
    if (top.dead) return;
    this.#finish(next);
    const innermost = this.#stack.length - 1;
    for (const depth of depths) top.lowestTarget = Math.min(top.lowestTarget, innermost - depth);
  }

  /** Control may leave the function, or go on. */
  leave(next: number): void {
    this.branch([this.#stack.length - 1], next);
  }

  /** What follows is not reached until the next `else` or `end`. */
  unreachable(): void {
    this.#top.dead = true;
  }

  #finish(next: number): void {
    const top = this.#top;
    const { blockAt, blockFuel } = top;
    top.blockAt = next;
    top.blockFuel = 0;
    const parent = this.#stack[this.#stack.length - 2];
    if (parent !== undefined && parent.blockAt === blockAt) parent.blockFuel += blockFuel;
    else if (blockFuel > 0) this.charges.push({ at: blockAt, fuel: blockFuel });
  }
}
