/**
 * What a read may see: a tick, and the contexts of the reader.
 *
 * Invariants:
 * 1. An engram is visible when it is a member, at that tick, of a context the reader may see; the owner sees all.
 * 2. Nothing about an invisible engram leaves this folder: no id, text, score or count.
 */
import type { Id } from "../../kernel/ids.ts";
import { now } from "../file/schema.ts";
import { build, given, num, Query, type Sqlite } from "../file/sqlite.ts";

/** The contexts a reader may see; null for the owner, who sees everything. */
export type Readable = ReadonlySet<Id> | null;

/** A tick and the keys of the readable contexts. */
export interface Scope {
  /** {@link now}, or the tick to read at. */
  readonly tick: number;
  readonly contexts: ReadonlySet<number> | null;
}

const contextKey = new Query(() =>
  build.selectFrom("context").select("key").where("id", "=", given<string>(0))
);
const memberships = new Query(() =>
  build.selectFrom("member").select("context")
    .where("engram", "=", given(0)).where("to_tick", ">", given(1)).where("from_tick", "<=", given(1))
);

/** Makes scopes and answers whether an engram is inside one. */
export class Scopes {
  readonly #db: Sqlite;
  readonly #contextKeys = new Map<Id, number>();
  /** The newest tick there is: a read as of it is a read of now. */
  lastTick = -1;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** The key of a context, or null. */
  contextKey(id: Id): number | null {
    const known = this.#contextKeys.get(id);
    if (known !== undefined) return known;
    const row = this.#db.get(contextKey, [id]);
    if (row === null) return null;
    const key = num(row[0]);
    this.#contextKeys.set(id, key);
    return key;
  }

  /** Keys of contexts never change, but a rolled back commit may have shown some. */
  reset(): void {
    this.#contextKeys.clear();
  }

  make(asOf: number | undefined, readable: Readable | undefined): Scope {
    const tick = asOf === undefined || asOf >= this.lastTick ? now : asOf;
    if (readable === null || readable === undefined) return { tick, contexts: null };
    const contexts = new Set<number>();
    for (const id of readable) {
      const key = this.contextKey(id);
      if (key !== null) contexts.add(key);
    }
    return { tick, contexts };
  }

  visible(engram: number, scope: Scope): boolean {
    const { contexts } = scope;
    if (contexts === null) return true;
    if (contexts.size === 0) return false;
    return this.#db.all(memberships, [engram, scope.tick]).some((row) => contexts.has(num(row[0])));
  }
}

/** Whether a scope reads the rows that hold now. */
export function isNow(scope: Scope): boolean {
  return scope.tick === now;
}
