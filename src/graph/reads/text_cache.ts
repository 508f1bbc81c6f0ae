/**
 * TextCache: things with texts kept ready, the ones put longest ago making room.
 *
 * Invariants:
 * 1. Bounded by how many there are and by the characters of their texts. What is kept changes no result.
 * 2. What is no longer kept can be collected, but for the last {@link standingPutsMax} of it.
 */

/** Bounds of a {@link TextCache}. */
export interface TextCacheLimits {
  readonly entriesMax: number;
  /** Characters (UTF-16 units) of all texts kept. A thing with more than that by itself is not kept. */
  readonly charsMax: number;
}

/** Characters of texts that the caches of one graph keep, each. */
export const cachedCharsMax = 32 * 1024 * 1024;

/** How many are put, none making room, until the place of the oldest is looked for anew. */
const standingPutsMax = 1000;

/** A bounded map. */
export class TextCache<Key, Value> {
  readonly #limits: TextCacheLimits;
  readonly #charsOf: (value: Value) => number;
  readonly #kept = new Map<Key, Value>();
  #chars = 0;
  /**
   * Goes on where it stopped: a new one would pass over all that went before, each time. But one that stands still holds
   * every table the map has outgrown, and all that was ever in them: then it is let go.
   */
  #oldest: IterableIterator<Key> | null = null;
  #standingPuts = 0;

  constructor(limits: TextCacheLimits, charsOf: (value: Value) => number) {
    this.#limits = limits;
    this.#charsOf = charsOf;
  }

  /** Characters kept now. */
  get chars(): number {
    return this.#chars;
  }

  get(key: Key): Value | undefined {
    return this.#kept.get(key);
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    const chars = this.#charsOf(value);
    const { entriesMax, charsMax } = this.#limits;
    if (entriesMax < 1 || chars > charsMax) return;
    while (this.#kept.size > 0 && (this.#kept.size >= entriesMax || this.#chars + chars > charsMax)) {
      this.#makeRoom();
    }
    this.#kept.set(key, value);
    this.#chars += chars;
    if (++this.#standingPuts > standingPutsMax) this.#oldest = null;
  }

  #makeRoom(): void {
    let oldest = this.#oldest?.next();
    if (oldest === undefined || oldest.done === true) {
      this.#oldest = this.#kept.keys();
      oldest = this.#oldest.next();
    }
    this.#standingPuts = 0;
    if (oldest.done !== true) this.delete(oldest.value);
  }

  delete(key: Key): void {
    const value = this.#kept.get(key);
    if (value === undefined) return;
    this.#chars -= this.#charsOf(value);
    this.#kept.delete(key);
  }

  clear(): void {
    this.#kept.clear();
    this.#oldest = null;
    this.#chars = 0;
  }
}
