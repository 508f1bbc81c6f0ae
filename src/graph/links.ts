/**
 * Links as a recall walks them: ends and types by the keys of engrams, many at once.
 *
 * Owns: four statements without texts. Does not own: what may be seen (the caller asks for each end).
 *
 * Invariant: answers are in the order of the connections' making.
 */
import { sql } from "kysely";
import { connectionTypes } from "../kernel/records.ts";
import { build, given, num, Query, type Sqlite, text } from "./sqlite.ts";

/** The other end of a connection, by its key. */
export interface Link {
  readonly key: number;
  readonly type: string;
}

const keysGiven = sql<number>`(select value from json_each(${given<string>(1)}))`;
const from = (own: "source" | "target", other: "source" | "target") =>
  new Query(() =>
    build.selectFrom("connection_version").select([other, "type", "connection"]).where(own, "=", given(1))
      .where("to_tick", ">", given(0)).where("from_tick", "<=", given(0)).orderBy("connection").limit(
        given(2),
      )
  );
const linksOut = from("source", "target"), linksIn = from("target", "source");
const origins = new Query(() =>
  build.selectFrom("connection_version").select(["source", "target"]).where("source", "in", keysGiven)
    .where("type", "=", sql.lit(connectionTypes.from))
    .where("to_tick", ">", given(0)).where("from_tick", "<=", given(0)).orderBy("connection")
);
const versions = new Query(() =>
  build.selectFrom("engram_version").select(["engram", "rid"]).where("engram", "in", keysGiven)
    .where("to_tick", ">", given(0)).where("from_tick", "<=", given(0))
);

/** The connections of an engram at a tick, both ways, `limit` at most. */
export function linksOf(db: Sqlite, key: number, tick: number, limit: number): Link[] {
  const rows = [...db.all(linksOut, [tick, key, limit]), ...db.all(linksIn, [tick, key, limit])];
  return rows.sort((one, other) => num(one[2]) - num(other[2])).slice(0, limit)
    .map((row) => ({ key: num(row[0]), type: text(row[1]) }));
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
