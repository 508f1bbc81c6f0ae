/**
 * Links as a recall walks them: ends by the keys of engrams, many at once.
 *
 * Owns: statements without texts, what is kept of their answers. Does not own: what may be seen (the caller asks for
 * each end).
 *
 * Invariants:
 * 1. Ends come in the order of the connections' making.
 * 2. What is kept is what the rows of now say: whoever changes a connection tells it for both ends.
 */
import { sql } from "kysely";
import { type Change, connectionTypes } from "../../kernel/records.ts";
import { now } from "../file/schema.ts";
import { build, given, num, Query, type Sqlite, type Value } from "../file/sqlite.ts";

const keysGiven = sql<number>`(select value from json_each(${given<string>(1)}))`;

/** Links that are not walked: proposals and doubts lead nowhere. */
const unwalked = ["proposed", connectionTypes.duplicates, connectionTypes.contradicts];

/** The first connections of one side of each engram as one text, `end:connection:walked` by commas: a row costs more. */
const side = (own: "source" | "target", other: "source" | "target") =>
  sql<string | null>`(select group_concat(one) from (
    select ${sql.ref(other)} || ':' || connection || ':' || (type not in (${
    sql.join(unwalked.map((type) => sql.lit(type)))
  })) as one
    from connection_version where ${sql.ref(own)} = asked.value
      and to_tick > ${given(0)} and from_tick <= ${given(0)} order by connection limit ${given(2)}))`;
const ends = new Query(() =>
  build.selectFrom(sql<{ value: number }>`json_each(${given<string>(1)})`.as("asked"))
    .select(["asked.value", side("source", "target").as("out"), side("target", "source").as("into")])
);
/** Ends of every version of a connection. */
const endsOfConnection = new Query(() =>
  build.selectFrom("connection").innerJoin(
    "connection_version as version",
    "version.connection",
    "connection.key",
  )
    .select(["version.source", "version.target"]).where("connection.id", "=", given<string>(0))
);
const endsOn = (side: "source" | "target") =>
  build.selectFrom("engram").innerJoin("connection_version as version", `version.${side}`, "engram.key")
    .select(["version.source", "version.target"]).where("engram.id", "=", given<string>(0));
/** Ends of every connection that an engram ever had. */
const endsOfEngram = new Query(() => endsOn("source").unionAll(endsOn("target")));
const origins = new Query(() =>
  build.selectFrom("connection_version").select(["source", "target"]).where("source", "in", keysGiven)
    .where("type", "=", sql.lit(connectionTypes.from))
    .where("to_tick", ">", given(0)).where("from_tick", "<=", given(0)).orderBy("connection")
);
const versions = new Query(() =>
  build.selectFrom("engram_version").select(["engram", "rid"]).where("engram", "in", keysGiven)
    .where("to_tick", ">", given(0)).where("from_tick", "<=", given(0))
);

/** Connections looked at from one engram: the first made, both ways together. */
export const linksMax = 64;
/** Ends kept in memory, each engram counted as some more. */
const endsCachedMax = 2_000_000, entryEnds = 16;

/** What engrams are linked with. What holds now is kept; commits take out what they change. */
export class Links {
  readonly #db: Sqlite;
  readonly #kept = new Map<number, readonly number[]>();
  #size = 0;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** The other ends, by key, of the first `linksMax` connections of each engram at a tick, but for those not walked. */
  ends(keys: readonly number[], tick: number): Map<number, readonly number[]> {
    if (tick !== now) return this.#read(keys, tick);
    const missing = keys.filter((key) => !this.#kept.has(key));
    for (const [key, ends] of missing.length === 0 ? [] : this.#read(missing, tick)) this.#keep(key, ends);
    const found = new Map<number, readonly number[]>();
    for (const key of keys) found.set(key, this.#kept.get(key) ?? []);
    for (const key of this.#kept.keys()) {
      if (this.#size <= endsCachedMax) break;
      this.changed(key);
    }
    return found;
  }

  #keep(key: number, ends: readonly number[]): void {
    this.#kept.set(key, ends);
    this.#size += ends.length + entryEnds;
  }

  #read(keys: readonly number[], tick: number): Map<number, readonly number[]> {
    const rows = this.#db.all(ends, [tick, JSON.stringify(keys), linksMax]);
    return new Map(rows.map(([key, out, into]) => {
      const links = [...linksIn(out), ...linksIn(into)]
        .sort((one, other) => one.connection - other.connection);
      return [num(key), links.slice(0, linksMax).flatMap(({ end, walked }) => walked ? end : [])];
    }));
  }

  /** A connection of an engram came, changed or went. */
  changed(key: number): void {
    const ends = this.#kept.get(key);
    if (ends === undefined) return;
    this.#kept.delete(key);
    this.#size -= ends.length + entryEnds;
  }

  /** Another connection committed these changes; null where they are too many to be followed. */
  followed(changes: readonly Change[] | null): void {
    if (changes === null) return this.reset();
    if (this.#kept.size === 0) return;
    for (const { op, id } of changes) {
      const query = op === "engram_delete" ? endsOfEngram : endsOfConnection;
      if (op !== "engram_delete" && op !== "connection_put" && op !== "connection_delete") continue;
      for (const [source, target] of this.#db.all(query, [id])) {
        this.changed(num(source));
        this.changed(num(target));
      }
    }
  }

  /** Forgets everything read. */
  reset(): void {
    this.#kept.clear();
    this.#size = 0;
  }
}

function linksIn(list: Value | undefined): { end: number; connection: number; walked: boolean }[] {
  if (typeof list !== "string") return [];
  return list.split(",").map((link) => {
    const [end, connection, walked] = link.split(":");
    return { end: Number(end), connection: Number(connection), walked: walked === "1" };
  });
}

/** What each of these facts was taken from first. */
export function originsOf(db: Sqlite, keys: readonly number[], tick: number): Map<number, number> {
  const found = new Map<number, number>();
  for (const [source, target] of db.all(origins, [tick, JSON.stringify(keys)])) {
    if (!found.has(num(source))) found.set(num(source), num(target));
  }
  return found;
}

/** The row of each engram's version at a tick. */
export function versionsOf(db: Sqlite, keys: readonly number[], tick: number): Map<number, number> {
  const rows = db.all(versions, [tick, JSON.stringify(keys)]);
  return new Map(rows.map(([engram, rid]) => [num(engram), num(rid)]));
}
