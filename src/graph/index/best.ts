/** Keeps the `max` best by score, ties by document: a heap with the worst kept one on top. */
export class Best {
  readonly #scores: ArrayLike<number>;
  readonly #max: number;
  readonly #heap: number[] = [];
  /** The score of the worst kept one once there are `max`. */
  floor = -Infinity;

  constructor(scores: ArrayLike<number>, max: number) {
    this.#scores = scores;
    this.#max = max;
  }

  /** Whether `one` comes before `other`. */
  #before(one: number, other: number): boolean {
    const score = this.#scores[one] ?? 0, than = this.#scores[other] ?? 0;
    return score > than || (score === than && one < other);
  }

  offer(document: number): void {
    const heap = this.#heap;
    if (heap.length < this.#max) {
      heap.push(document);
      if (heap.length < this.#max) return;
      heap.sort((one, other) => this.#before(other, one) ? -1 : 1);
    } else {
      const worst = heap[0];
      if (worst === undefined || !this.#before(document, worst)) return;
      this.#sink(document);
    }
    this.floor = this.#scores[heap[0] ?? 0] ?? 0;
  }

  /** Puts a document in place of the worst. */
  #sink(document: number): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child], right = heap[child + 1];
      if (left === undefined) break;
      if (right !== undefined && this.#before(left, right)) child++;
      const lower = heap[child] ?? 0;
      if (this.#before(lower, document)) break;
      heap[at] = lower;
      at = child;
    }
    heap[at] = document;
  }

  /** Those kept, best first. */
  sorted(): number[] {
    return this.#heap.sort((one, other) => this.#before(one, other) ? -1 : 1);
  }
}

/** The `max` best of these documents by score, ties by document. */
export function best(documents: Iterable<number>, scores: ArrayLike<number>, max: number): number[] {
  const kept = new Best(scores, max);
  for (const document of documents) kept.offer(document);
  return kept.sorted();
}

/** The `max` best of all documents with a score above 0, ties by document. */
export function bestOfAll(scores: Float64Array, max: number): number[] {
  const kept = new Best(scores, max);
  let floor = 0;
  for (let document = 0; document < scores.length; document++) {
    if ((scores[document] ?? 0) <= floor) continue;
    kept.offer(document);
    // What comes later and scores the same is behind by its number.
    floor = Math.max(0, kept.floor);
  }
  return kept.sorted();
}
