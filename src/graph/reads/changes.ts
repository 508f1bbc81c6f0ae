/**
 * The list of what each tick changed.
 *
 * Invariants:
 * 1. A page holds whole ticks, at least one if there is one; so `nextTick` resumes exactly.
 * 2. A reader with contexts sees a change of an engram that it could see just before or just after the tick, of a
 *    connection when it could see both ends, and of its contexts; nothing else.
 */
import { assert } from "../../kernel/errors.ts";
import type { Id } from "../../kernel/ids.ts";
import type { Change, Write } from "../../kernel/records.ts";
import { build, given, num, Query, type Sqlite, text } from "../file/sqlite.ts";
import type { Reads } from "./reads.ts";
import type { Readable, Scope, Scopes } from "./scope.ts";

/** A page of changes: those of ticks from `sinceTick` on; pass `nextTick` as the next `sinceTick`. */
export interface ChangesPage {
  readonly changes: readonly Change[];
  readonly nextTick: number;
}

/** Whose changes, until when. */
export interface ChangesOptions {
  readonly asOf?: number;
  readonly readable?: Readable;
  /** Told of how many changes were looked at, those of a list at a time. */
  readonly looked?: (count: number) => void;
}

const operations = [
  "engram_put",
  "engram_delete",
  "connection_put",
  "connection_delete",
  "context_put",
  "member_add",
  "member_remove",
  "context_agent_put",
] as const satisfies readonly Write["op"][];

/** A write that changes what there is to know; vectors only help to find it. */
type ChangeWrite = Exclude<Write, { op: "vector_put" }>;
const isChange = (write: Write): write is ChangeWrite => write.op !== "vector_put";

const addChange = new Query(() =>
  build.insertInto("change").values({ entry: given(0), tick: given(1), list: given<string>(2) })
);
const changesFrom = new Query(() =>
  build.selectFrom("change").select(["tick", "list"]).where("tick", ">=", given(0)).where(
    "tick",
    "<=",
    given(1),
  )
    .orderBy("tick").orderBy("entry").limit(given(2)).offset(given(3))
);
const changesAfter = new Query(() =>
  build.selectFrom("change").select(["tick", "list"]).where("entry", ">", given(0)).orderBy("entry").limit(
    given(1),
  )
);
const ends = new Query(() =>
  build.selectFrom("connection").innerJoin(
    "connection_version",
    "connection_version.connection",
    "connection.key",
  )
    .select(["source", "target"]).where("connection.id", "=", given<string>(0))
    .where("connection_version.to_tick", ">=", given(1)).where("connection_version.from_tick", "<=", given(1))
);

/** The id a change is about, and for memberships the context too. */
function subject(write: ChangeWrite): readonly Id[] {
  switch (write.op) {
    case "member_add":
    case "member_remove":
      return [write.engram, write.context];
    case "context_agent_put":
      return [write.context];
    default:
      return [write.id];
  }
}

/** Changes of one graph. */
export class Changes {
  readonly #db: Sqlite;
  readonly #scopes: Scopes;
  readonly #reads: Reads;

  constructor(db: Sqlite, scopes: Scopes, reads: Reads) {
    this.#db = db;
    this.#scopes = scopes;
    this.#reads = reads;
  }

  /** Stores what an entry wrote; nothing for an entry that wrote nothing. */
  add(entry: number, tick: number, writes: readonly Write[]): void {
    const told = writes.filter(isChange);
    if (told.length === 0) return;
    const list = told.map((write) => [operations.indexOf(write.op), ...subject(write)]);
    this.#db.run(addChange, [entry, tick, JSON.stringify(list)]);
  }

  /** What the entries after one changed; null where that is more than `max`. */
  after(entry: number, max: number): Change[] | null {
    const found: Change[] = [];
    for (const [tick, list] of this.#db.all(changesAfter, [entry, max + 1])) {
      for (const [change] of this.#parse(num(tick), text(list))) found.push(change);
      if (found.length > max) return null;
    }
    return found;
  }

  /** `lastTick` is the newest tick there is. */
  page(
    sinceTick: number,
    limit: number,
    lastTick: number,
    options: ChangesOptions,
  ): ChangesPage {
    const until = Math.min(options.asOf ?? lastTick, lastTick);
    const readable = options.readable ?? null;
    const found: Change[] = [];
    let nextTick = Math.max(sinceTick, until + 1);
    const rowsPerRead = 64;
    let open: Change[] = [], openTick = -1;
    // True when the changes of the open tick fit, or are the first of the page.
    const close = (): boolean => {
      if (open.length > 0 && found.length > 0 && found.length + open.length > limit) {
        nextTick = openTick;
        return false;
      }
      found.push(...open);
      open = [];
      return true;
    };
    for (let offset = 0;; offset += rowsPerRead) {
      const rows = this.#db.all(changesFrom, [sinceTick, until, rowsPerRead, offset]);
      for (const row of rows) {
        const tick = num(row[0]);
        if (tick !== openTick) {
          if (!close()) return { changes: found, nextTick };
          openTick = tick;
        }
        const written = this.#parse(tick, text(row[1]));
        options.looked?.(written.length);
        for (const [change, context] of written) {
          if (readable === null || this.#visible(change, context, readable)) open.push(change);
        }
      }
      if (rows.length < rowsPerRead) break;
    }
    close();
    return { changes: found, nextTick };
  }

  #parse(tick: number, json: string): [Change, Id | undefined][] {
    const list: unknown = JSON.parse(json);
    assert(Array.isArray(list), "a list of changes is an array");
    return list.map((item: unknown) => {
      const [code, id, context]: unknown[] = Array.isArray(item) ? item : [];
      const op = typeof code === "number" ? operations[code] : undefined;
      assert(op !== undefined && typeof id === "string", "a change has an operation and an id");
      return [{ tick, op, id }, typeof context === "string" ? context : undefined];
    });
  }

  #visible(change: Change, context: Id | undefined, readable: ReadonlySet<Id>): boolean {
    const after = this.#scopes.make(change.tick, readable);
    const before = { ...after, tick: change.tick - 1 };
    switch (change.op) {
      case "context_put":
      case "context_agent_put":
        return readable.has(change.id);
      case "member_add":
      case "member_remove":
        return context !== undefined && readable.has(context);
      case "connection_put":
      case "connection_delete":
        return this.#db.all(ends, [change.id, change.tick]).some(([source, target]) =>
          this.#either(num(source), after, before) && this.#either(num(target), after, before)
        );
      case "engram_put":
      case "engram_delete": {
        const key = this.#reads.key(change.id);
        return key !== null && this.#either(key, after, before);
      }
    }
  }

  #either(engram: number, after: Scope, before: Scope): boolean {
    return this.#scopes.visible(engram, after) || this.#scopes.visible(engram, before);
  }
}
