/**
 * Hashes of the graph's rows: what the entries up to a tick made of them, in an order that depends on nothing else.
 *
 * Owns: which columns count, their order, naming the first row in which two graphs differ.
 * Does not own: rows of the kernel (runtime/rows.ts), what is made from rows alone (the search index, hashes of texts).
 *
 * Invariants:
 * 1. Every version counts, with its ids, ticks, author, texts and digests; keys inside the file do not.
 * 2. Rows as of a tick: those begun by then, an end that came later left out. Vectors alone are not kept as of a tick
 *    (one made again takes the place of the one before): they are equal only where both graphs stand at that tick.
 * 3. At most `rowsPageIds` things are read at once, however many there are.
 */
import { createHash } from "node:crypto";
import { forever, now } from "./schema.ts";
import type { Row, Sqlite, Value } from "./sqlite.ts";

/** A hash of one kind of rows. */
export interface RowHash {
  /** How many there are. */
  readonly rows: number;
  /** sha256, 64 hex digits. */
  readonly hash: string;
}

/** Kinds of rows, in the order they are compared. */
export const rowKinds = [
  "engrams",
  "vectors",
  "connections",
  "contexts",
  "members",
  "access",
  "changes",
] as const;
/** One of {@link rowKinds}. */
export type RowKind = typeof rowKinds[number];

/** Hashes by kind. */
export type RowHashes = Readonly<Record<RowKind, RowHash>>;

/** The first row in which two graphs differ: its columns by name; null where one has none there. */
export interface RowDifference {
  readonly expected: Readonly<Record<string, unknown>> | null;
  readonly actual: Readonly<Record<string, unknown>> | null;
}

/** Ids whose rows are read at once. */
const rowsPageIds = 500;
/** Letters shown of a text of a row that differs. */
const shownMax = 200;

interface Kind {
  /** What its rows belong to: read in the order of that one's id. */
  readonly owner: "engram" | "connection" | "context" | "change";
  /** Name and expression of each column. */
  readonly columns: Readonly<Record<string, string>>;
  readonly from: string;
  readonly order: string;
}

/** An end after the tick is no end yet; the tick is the third value bound. */
const ended = (table: string) => `case when ${table}.to_tick > ?3 then ${forever} else ${table}.to_tick end`;
const version = {
  from: "v.from_tick",
  to: ended("v"),
  texts: "v.texts",
  digest: "v.digest",
  agent: "v.agent",
  client: "v.client",
  authorTick: "v.author_tick",
  authorSeat: "v.author_seat",
} as const;

const kinds: Readonly<Record<RowKind, Kind>> = {
  engrams: {
    owner: "engram",
    columns: {
      id: "o.id",
      made: "o.created_tick",
      ...version,
      kind: "v.kind",
      confidence: "v.confidence",
      position: "v.position",
      observedAt: "v.observed_at",
      timeSource: "v.time_source",
      validFrom: "v.valid_from",
      validTo: "v.valid_to",
    },
    from: "join engram_version v on v.engram = o.key where v.from_tick <= ?3",
    order: "v.from_tick, v.rid",
  },
  vectors: {
    owner: "engram",
    columns: {
      id: "o.id",
      version: "v.from_tick",
      model: "x.model",
      dimensions: "x.dimensions",
      from: "x.from_tick",
      digest: "x.digest",
      bytes: "x.bytes",
    },
    // Those of erased texts are gone from a graph that erased them, and without bytes in one made after.
    from: `join engram_version v on v.engram = o.key join vector x on x.rid = v.rid
      where x.from_tick <= ?3 and v.texts is not null and x.bytes is not null`,
    order: "v.from_tick, v.rid, x.model, x.key",
  },
  connections: {
    owner: "connection",
    columns: {
      id: "o.id",
      made: "o.created_tick",
      ...version,
      source: "(select id from engram where key = v.source)",
      target: "(select id from engram where key = v.target)",
      type: "v.type",
      weight: "v.weight",
    },
    from: "join connection_version v on v.connection = o.key where v.from_tick <= ?3",
    order: "v.from_tick, v.rid",
  },
  contexts: {
    owner: "context",
    columns: { id: "o.id", made: "o.created_tick", ...version, owner: "v.owner" },
    from: "join context_version v on v.context = o.key where v.from_tick <= ?3",
    order: "v.from_tick, v.rid",
  },
  members: {
    owner: "engram",
    columns: { context: "c.id", engram: "o.id", from: "m.from_tick", to: ended("m") },
    from: `join member m on m.engram = o.key join context c on c.key = m.context where m.from_tick <= ?3`,
    order: "c.id, m.from_tick, m.rid",
  },
  access: {
    owner: "context",
    columns: { context: "o.id", agent: "a.agent", access: "a.access", from: "a.from_tick", to: ended("a") },
    from: "join context_agent a on a.context = o.key where a.from_tick <= ?3",
    order: "a.agent, a.from_tick, a.rid",
  },
  changes: {
    owner: "change",
    columns: { entry: "o.entry", tick: "o.tick", list: "o.list" },
    from: "where o.tick <= ?3",
    order: "o.entry",
  },
};

/** Rows of a kind as of a tick, in order. */
function* rowsOf(db: Sqlite, kind: RowKind, tick: number): Generator<Row, void> {
  const { owner, columns, from, order } = kinds[kind];
  const id = owner === "change" ? "entry" : "id";
  const select = `select ${Object.values(columns).join(", ")} from ${owner} o ${from}
    and o.${id} > ?1 and o.${id} <= ?2 order by o.${id}, ${order}`;
  const last = `select max(${id}) from (select ${id} from ${owner} where ${id} > ? order by ${id} limit ?)`;
  for (let after: Value = owner === "change" ? -1 : "";;) {
    const end: Value = db.value(last, [after, rowsPageIds]) ?? null;
    if (end === null) return;
    yield* db.rows(select, [after, end, tick]);
    after = end;
  }
}

/** Hashes of the rows as of a tick; of those that hold now and all before, where none is given. Reads all of them. */
export function rowHashes(db: Sqlite, tick: number = now): RowHashes {
  const hashOf = (kind: RowKind): RowHash => {
    const hash = createHash("sha256");
    let rows = 0;
    for (const row of rowsOf(db, kind, tick)) {
      hash.update(frame(row));
      rows++;
    }
    return { rows, hash: hash.digest("hex") };
  };
  return Object.fromEntries(rowKinds.map((kind) => [kind, hashOf(kind)])) as Record<RowKind, RowHash>;
}

/** The first row of a kind in which two graphs differ as of a tick; null where none does. */
export function firstDifference(
  expected: Sqlite,
  actual: Sqlite,
  kind: RowKind,
  tick: number,
): RowDifference | null {
  const others = rowsOf(actual, kind, tick);
  for (const row of rowsOf(expected, kind, tick)) {
    const other = others.next().value ?? null;
    if (other !== null && sameRow(row, other)) continue;
    return { expected: shown(kind, row), actual: shown(kind, other) };
  }
  const more = others.next().value ?? null;
  return more === null ? null : { expected: null, actual: shown(kind, more) };
}

const sameRow = (one: Row, other: Row): boolean => frame(one).toHex() === frame(other).toHex();

function shown(kind: RowKind, row: Row | null): Record<string, unknown> | null {
  if (row === null) return null;
  const names = Object.keys(kinds[kind].columns);
  return Object.fromEntries(names.map((name, at) => {
    const value = row[at] ?? null;
    const text = value instanceof Uint8Array ? value.toHex() : value;
    return [name, typeof text === "string" && text.length > shownMax ? `${text.slice(0, shownMax)}…` : text];
  }));
}

const encoder = new TextEncoder();

/** A row as bytes that no other row has. */
export function frame(row: Row): Uint8Array {
  const parts = row.map((value) =>
    value instanceof Uint8Array ? value : encoder.encode(value === null ? "" : `${typeof value}:${value}`)
  );
  const lengths = encoder.encode(
    parts.map((part, at) => row[at] === null ? "-" : String(part.length)).join(",") + "\n",
  );
  const bytes = new Uint8Array(lengths.length + parts.reduce((sum, part) => sum + part.length, 0));
  bytes.set(lengths);
  let at = lengths.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
